// The tree of parts of a message (RFC 2046), with the octets of each: what IMAP's BODYSTRUCTURE and BODY[1.2] need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime/content.h"
#include "common/mime/envelope.h"
#include "common/mime/header.h"

namespace posthaste::mime {

/// What a message may cost. It is read beyond these limits too, but not looked into.
struct StructureLimits {
  std::size_t depth_max = 1'000;        // levels below the message; a part at this depth has no children
  std::size_t parts_max = 100'000;      // the message counted; the last one holds all that follow it
  std::size_t addresses_max = 100'000;  // in the envelopes of all embedded messages
  std::size_t header_max_octets = kHeaderMaxOctets;  // of one header
};

/// Octets of the message that was parsed.
struct Extent {
  std::size_t offset = 0;
  std::size_t octets = 0;

  [[nodiscard]] std::size_t end() const noexcept { return offset + octets; }
  /// The octets themselves: `message` is the one that was parsed.
  [[nodiscard]] std::string_view of(std::string_view message) const { return message.substr(offset, octets); }
  bool operator==(const Extent&) const = default;
};

enum class PartKind {
  leaf,       // no children; its content_type is neither multipart nor an embedded message
  multipart,  // one or more children (RFC 2046 §5.1)
  message,  // message/rfc822 or message/global: an envelope and one child, the embedded message (RFC 2046 §5.2.1)
};

/// An entity: the message itself, a part of a multipart, or an embedded message.
///
/// What cannot be looked into is a leaf. A multipart without a boundary or without any part is text/plain, as
/// RFC 2045 §5.2 has it for a Content-Type that is not valid; beyond the limits, and for an embedded message in
/// base64 or quoted-printable, content_type is application/octet-stream.
struct Part {
  PartKind kind = PartKind::leaf;
  Extent header;  // with the empty line that ends it, if there is one: BODY[n.MIME], or BODY[HEADER] of a message
  Extent body;    // of a part, without the line end before the delimiter that follows it: BODY[n], or BODY[TEXT]
  std::size_t body_lines = 0;  // line ends in `body`

  ContentType content_type;  // never empty; without the field text/plain, or message/rfc822 in a multipart/digest
  std::string transfer_encoding = "7bit";  // as written; "7bit" without the field (RFC 2045 §6.1)
  std::optional<std::string> id;
  std::optional<std::string> description;
  std::optional<std::string> md5;  // RFC 1864
  std::optional<Disposition> disposition;
  std::vector<std::string> languages;
  std::optional<std::string> location;  // RFC 2557

  std::vector<Part> children;        // of a multipart, its parts; of a message, the one that it embeds
  std::optional<Envelope> envelope;  // of a message: that of the embedded one
};

/// Reads any octets as a message, in one pass over them. All extents lie in `message`, children in their parent's
/// body. Recurses as deep as the parts lie.
[[nodiscard]] Part parse_structure(std::string_view message, const StructureLimits& limits = {});

/// The part that a section number such as 1.2.3 names in the message `root` (RFC 9051 §6.4.5): in a multipart its
/// n-th part; in a message that is no multipart, part 1 is the message itself; numbers after a message/rfc822 part
/// count within the message it embeds. The root for no numbers; null if there is no such part.
///
/// BODY[1.2] is the part's `body`, BODY[1.2.MIME] its `header`; BODY[1.2.HEADER] and BODY[1.2.TEXT] exist if its
/// kind is message, and are `header` and `body` of its only child.
[[nodiscard]] const Part* find_part(const Part& root, std::span<const std::uint32_t> section);

}  // namespace posthaste::mime
