#include "common/imap/section.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "common/mime/header.h"

namespace posthaste::imap {

namespace {

// The message whose header and text the section means: the root, or the one that the named part embeds. HEADER and
// TEXT are of messages alone (RFC 9051 §6.4.5.1).
const mime::Part* message_of(const mime::Part& root, const Section& section) {
  if (section.parts.empty()) return &root;
  const mime::Part* part = mime::find_part(root, section.parts);
  if (part == nullptr || part->kind != mime::PartKind::message) return nullptr;
  assert(part->children.size() == 1);
  return &part->children.front();
}

// BODY[] is the message with its header, BODY[1.2] a part's body.
std::optional<mime::Extent> content_extent(const mime::Part& root, const Section& section) {
  if (section.parts.empty()) return mime::Extent{root.header.offset, root.header.octets + root.body.octets};
  const mime::Part* part = mime::find_part(root, section.parts);
  if (part == nullptr) return std::nullopt;
  return part->body;
}

std::optional<mime::Extent> header_extent(const mime::Part* part) {
  if (part == nullptr) return std::nullopt;
  return part->header;
}

std::optional<mime::Extent> body_extent(const mime::Part* part) {
  if (part == nullptr) return std::nullopt;
  return part->body;
}

bool chooses_fields(SectionText text) {
  return text == SectionText::header_fields || text == SectionText::header_fields_not;
}

std::string chosen_fields(std::string_view header, const Section& section) {
  if (section.text == SectionText::header_fields) return mime::header_fields(header, section.field_names);
  return mime::header_fields_not(header, section.field_names);
}

}  // namespace

std::string_view view_of(const SectionOctets& octets) {
  return std::visit([](const auto& held) { return std::string_view(held); }, octets);
}

std::optional<mime::Extent> section_extent(const mime::Part& root, const Section& section) {
  switch (section.text) {
    case SectionText::content: return content_extent(root, section);
    case SectionText::header:
    case SectionText::header_fields:
    case SectionText::header_fields_not: return header_extent(message_of(root, section));
    case SectionText::text: return body_extent(message_of(root, section));
    case SectionText::mime: return header_extent(mime::find_part(root, section.parts));
  }
  std::unreachable();
}

std::string_view apply_partial(std::string_view octets, const std::optional<Partial>& partial) {
  if (!partial) return octets;
  const auto offset = std::min<std::uint64_t>(partial->offset, octets.size());
  const auto count = std::min<std::uint64_t>(partial->octets, octets.size() - offset);
  return octets.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(count));
}

std::optional<SectionOctets> cut_section(std::string_view message, const mime::Part& root, const Section& section,
                                         const std::optional<Partial>& partial) {
  const auto extent = section_extent(root, section);
  if (!extent) return std::nullopt;
  const auto octets = extent->of(message);
  if (!chooses_fields(section.text)) return apply_partial(octets, partial);
  return std::string(apply_partial(chosen_fields(octets, section), partial));
}

std::expected<EncodedPart, BinaryError> encoded_part(const mime::Part& root, std::span<const std::uint32_t> parts) {
  if (parts.empty()) return EncodedPart{{root.header.offset, root.header.octets + root.body.octets}};
  const mime::Part* part = mime::find_part(root, parts);
  if (part == nullptr) return std::unexpected(BinaryError::no_such_part);
  if (part->kind != mime::PartKind::leaf) return EncodedPart{part->body};
  const auto encoding = mime::transfer_encoding(part->transfer_encoding);
  if (encoding == mime::TransferEncoding::unknown) return std::unexpected(BinaryError::unknown_encoding);
  return EncodedPart{part->body, encoding};
}

}  // namespace posthaste::imap
