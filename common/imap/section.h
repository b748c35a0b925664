// Cuts what BODY[...] and BINARY[...] name out of a message (RFC 9051 §6.4.5, RFC 3516 §4).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "common/imap/fetch.h"
#include "common/mime/structure.h"
#include "common/mime/transfer.h"

namespace posthaste::imap {

/// A view into the message, or, for HEADER.FIELDS and HEADER.FIELDS.NOT, octets of their own.
using SectionOctets = std::variant<std::string_view, std::string>;

[[nodiscard]] std::string_view view_of(const SectionOctets& octets);

/// Where in the message the section lies; for HEADER.FIELDS and HEADER.FIELDS.NOT the header they are chosen from.
/// Nothing when the message has no such part, or the part no such text: the answer is NIL.
[[nodiscard]] std::optional<mime::Extent> section_extent(const mime::Part& root, const Section& section);

/// `octets` from the partial's offset on, at most as many as it says; empty when it begins beyond the end.
[[nodiscard]] std::string_view apply_partial(std::string_view octets, const std::optional<Partial>& partial);

/// The section's octets, the partial applied; nothing as above. `root` is the structure of `message`.
[[nodiscard]] std::optional<SectionOctets> cut_section(std::string_view message, const mime::Part& root,
                                                       const Section& section,
                                                       const std::optional<Partial>& partial);

enum class BinaryError {
  no_such_part,      // the answer is NIL
  unknown_encoding,  // NO [UNKNOWN-CTE]
};

/// A part's content as it stands in the message, and the encoding that it has there.
struct EncodedPart {
  mime::Extent place;
  mime::TransferEncoding encoding = mime::TransferEncoding::identity;
  bool operator==(const EncodedPart&) const = default;
};

/// The part that BINARY[...] names. Without part numbers it is the whole message as it is, and a multipart or an
/// embedded message is as it stands in the message.
[[nodiscard]] std::expected<EncodedPart, BinaryError> encoded_part(const mime::Part& root,
                                                                   std::span<const std::uint32_t> parts);

}  // namespace posthaste::imap
