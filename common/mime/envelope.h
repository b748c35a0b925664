// The ENVELOPE of a message (RFC 9051 §7.5.2): what its header says of date, subject and people.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime/address.h"

namespace posthaste::mime {

/// Texts are unfolded, without white space at both ends, otherwise raw: encoded words and 8-bit octets, even NUL,
/// stay. They are nothing without the field, empty if it is.
struct Envelope {
  std::optional<std::string> date;
  std::optional<std::string> subject;
  std::vector<Address> from;
  std::vector<Address> sender;    // as `from`, when the field is absent or empty
  std::vector<Address> reply_to;  // as `from`, when the field is absent or empty
  std::vector<Address> to;
  std::vector<Address> cc;
  std::vector<Address> bcc;
  std::optional<std::string> in_reply_to;
  std::optional<std::string> message_id;

  bool operator==(const Envelope&) const = default;
};

/// Reads a header block. Of a field that stands more than once the first counts, but To, Cc and Bcc are put
/// together (RFC 5322 §4.5.3). All lists together hold at most `addresses_max` entries as read; `sender` and
/// `reply_to` copied from `from` do not count.
[[nodiscard]] Envelope parse_envelope(std::string_view header, std::size_t addresses_max = kAddressesMax);

}  // namespace posthaste::mime
