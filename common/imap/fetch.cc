#include "common/imap/fetch.h"

#include <array>
#include <charconv>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/cursor.h"
#include "common/imap/writer.h"

namespace posthaste::imap {

namespace {

struct AttributeName {
  std::string_view name;
  FetchAttribute attribute;
};

constexpr AttributeName kAttributes[] = {
    {"ENVELOPE", FetchAttribute::envelope},
    {"FLAGS", FetchAttribute::flags},
    {"INTERNALDATE", FetchAttribute::internal_date},
    {"RFC822.SIZE", FetchAttribute::rfc822_size},
    {"BODY", FetchAttribute::body},
    {"BODYSTRUCTURE", FetchAttribute::body_structure},
    {"UID", FetchAttribute::uid},
    {"MODSEQ", FetchAttribute::mod_seq},
    {"EMAILID", FetchAttribute::email_id},
    {"THREADID", FetchAttribute::thread_id},
    {"SAVEDATE", FetchAttribute::save_date},
};

struct BodyItemName {
  std::string_view name;
  BodyItem item;
  SectionText text;
  bool peek;
};

// RFC 3501 §6.4.5: "Functionally equivalent to BODY[]", BODY.PEEK[HEADER] and BODY[TEXT].
constexpr BodyItemName kRfc822Items[] = {
    {"RFC822", BodyItem::rfc822, SectionText::content, false},
    {"RFC822.HEADER", BodyItem::rfc822_header, SectionText::header, true},
    {"RFC822.TEXT", BodyItem::rfc822_text, SectionText::text, false},
};

std::string_view name_of(FetchAttribute attribute) {
  for (const auto& entry : kAttributes) {
    if (entry.attribute == attribute) return entry.name;
  }
  std::unreachable();
}

// header-list
Parsed<std::vector<std::string>> header_list(Cursor& cursor) {
  const auto start = cursor.offset();
  auto names = cursor.list_of([](Cursor& at) { return at.astring(); }, kHeaderListMax);
  if (names && names->empty()) return cursor.error_at(start, SyntaxErrorKind::syntax);
  return names;
}

// section-text, or section-msgtext when no part numbers stand before it.
Parsed<void> section_text(Cursor& cursor, Section& section) {
  const auto start = cursor.offset();
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  if (iequals(*name, "HEADER")) {
    section.text = SectionText::header;
  } else if (iequals(*name, "TEXT")) {
    section.text = SectionText::text;
  } else if (iequals(*name, "MIME") && !section.parts.empty()) {
    section.text = SectionText::mime;
  } else if (iequals(*name, "HEADER.FIELDS") || iequals(*name, "HEADER.FIELDS.NOT")) {
    section.text = iequals(*name, "HEADER.FIELDS") ? SectionText::header_fields : SectionText::header_fields_not;
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
    auto names = header_list(cursor);
    if (!names) return std::unexpected(names.error());
    section.field_names = std::move(*names);
  } else {
    return cursor.error_at(start, SyntaxErrorKind::syntax);
  }
  return {};
}

// nz-number *("." nz-number), as far as numbers follow. True when a "." stands last: a text is to come.
Parsed<bool> section_part(Cursor& cursor, std::vector<std::uint32_t>& parts) {
  do {
    if (cursor.at_end() || !is_digit(cursor.rest().front())) return true;
    if (parts.size() == kSectionPartsMax) return cursor.error(SyntaxErrorKind::too_long);
    auto number = cursor.nz_number();
    if (!number) return std::unexpected(number.error());
    parts.push_back(*number);
  } while (cursor.skip('.'));
  return false;
}

// section, from "[" to "]".
Parsed<Section> section_spec(Cursor& cursor) {
  Section section;
  if (auto open = cursor.expect('['); !open) return std::unexpected(open.error());
  if (cursor.skip(']')) return section;
  auto text_follows = section_part(cursor, section.parts);
  if (!text_follows) return std::unexpected(text_follows.error());
  if (*text_follows) {
    if (auto text = section_text(cursor, section); !text) return std::unexpected(text.error());
  }
  if (auto close = cursor.expect(']'); !close) return std::unexpected(close.error());
  return section;
}

// section-binary
Parsed<std::vector<std::uint32_t>> section_binary(Cursor& cursor) {
  std::vector<std::uint32_t> parts;
  if (auto open = cursor.expect('['); !open) return std::unexpected(open.error());
  if (cursor.skip(']')) return parts;
  auto text_follows = section_part(cursor, parts);
  if (!text_follows) return std::unexpected(text_follows.error());
  if (*text_follows || !cursor.skip(']')) return cursor.error();
  return parts;
}

// [partial]
Parsed<std::optional<Partial>> optional_partial(Cursor& cursor) {
  if (!cursor.skip('<')) return std::nullopt;
  auto offset = cursor.number64();
  if (!offset) return std::unexpected(offset.error());
  if (!cursor.skip('.')) return cursor.error();
  auto octets = cursor.nz_number64();
  if (!octets) return std::unexpected(octets.error());
  if (!cursor.skip('>')) return cursor.error();
  return Partial{*offset, *octets};
}

Parsed<FetchItem> body_section(Cursor& cursor, bool peek) {
  auto section = section_spec(cursor);
  if (!section) return std::unexpected(section.error());
  auto partial = optional_partial(cursor);
  if (!partial) return std::unexpected(partial.error());
  return FetchBody{std::move(*section), *partial, peek, BodyItem::body};
}

Parsed<FetchItem> binary_section(Cursor& cursor, bool peek) {
  auto parts = section_binary(cursor);
  if (!parts) return std::unexpected(parts.error());
  auto partial = optional_partial(cursor);
  if (!partial) return std::unexpected(partial.error());
  return FetchBinary{std::move(*parts), *partial, peek};
}

Parsed<FetchItem> binary_size(Cursor& cursor) {
  auto parts = section_binary(cursor);
  if (!parts) return std::unexpected(parts.error());
  return FetchBinarySize{std::move(*parts)};
}

// What follows "PREVIEW" (RFC 8970 §6).
Parsed<FetchItem> preview(Cursor& cursor) {
  if (!cursor.skip(" (")) return FetchPreview{};
  if (!cursor.skip("LAZY)")) return cursor.error();
  return FetchPreview{true};
}

// fetch-att
Parsed<FetchItem> fetch_item(Cursor& cursor) {
  const auto start = cursor.offset();
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  if (cursor.next_is('[')) {
    if (iequals(*name, "BODY")) return body_section(cursor, false);
    if (iequals(*name, "BODY.PEEK")) return body_section(cursor, true);
    if (iequals(*name, "BINARY")) return binary_section(cursor, false);
    if (iequals(*name, "BINARY.PEEK")) return binary_section(cursor, true);
    if (iequals(*name, "BINARY.SIZE")) return binary_size(cursor);
    return cursor.error_at(start, SyntaxErrorKind::syntax);
  }
  if (iequals(*name, "PREVIEW")) return preview(cursor);
  for (const auto& entry : kAttributes) {
    if (iequals(*name, entry.name)) return entry.attribute;
  }
  for (const auto& entry : kRfc822Items) {
    if (iequals(*name, entry.name)) return FetchBody{Section{{}, entry.text, {}}, {}, entry.peek, entry.item};
  }
  return cursor.error_at(start, SyntaxErrorKind::syntax);
}

// "ALL" / "FULL" / "FAST" (RFC 9051 §6.4.5); nothing when it is not a macro that follows.
std::optional<std::vector<FetchItem>> macro(Cursor& cursor) {
  const auto start = cursor.offset();
  auto name = cursor.label();
  std::vector<FetchItem> items{FetchAttribute::flags, FetchAttribute::internal_date, FetchAttribute::rfc822_size};
  if (name && iequals(*name, "FAST")) return items;
  items.emplace_back(FetchAttribute::envelope);
  if (name && iequals(*name, "ALL")) return items;
  items.emplace_back(FetchAttribute::body);
  if (name && iequals(*name, "FULL")) return items;
  cursor.rewind(start);
  return std::nullopt;
}

// One fetch-modifier, into `fetch`.
Parsed<void> fetch_modifier(Cursor& cursor, Fetch& fetch) {
  const auto start = cursor.offset();
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  if (iequals(*name, "VANISHED")) {
    fetch.vanished = true;
    return {};
  }
  const bool partial = iequals(*name, "PARTIAL") && !fetch.partial && fetch.numbered_by == NumberedBy::uid;
  if (!partial && !iequals(*name, "CHANGEDSINCE")) return cursor.error_at(start, SyntaxErrorKind::syntax);
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  if (partial) {
    auto range = partial_range(cursor);
    if (!range) return std::unexpected(range.error());
    fetch.partial = *range;
    return {};
  }
  auto mod_seq = cursor.number64();
  if (!mod_seq) return std::unexpected(mod_seq.error());
  fetch.changed_since = ModSeq{*mod_seq};
  return {};
}

// "(" fetch-modifier *(SP fetch-modifier) ")"
Parsed<void> fetch_modifiers(Cursor& cursor, Fetch& fetch) {
  const auto start = cursor.offset();
  if (auto open = cursor.expect('('); !open) return open;
  do {
    if (auto modifier = fetch_modifier(cursor, fetch); !modifier) return modifier;
  } while (cursor.skip(' '));
  if (auto close = cursor.expect(')'); !close) return close;
  // VANISHED belongs to UID FETCH with CHANGEDSINCE, and to nothing else (RFC 7162 §3.2.6).
  if (fetch.vanished && (fetch.numbered_by != NumberedBy::uid || !fetch.changed_since)) {
    return cursor.error_at(start, SyntaxErrorKind::syntax);
  }
  return {};
}

void append_number(std::string& out, std::uint64_t number) { ResponseWriter(out).number(number); }

void append_parts(std::string& out, std::span<const std::uint32_t> parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out.push_back('.');
    append_number(out, parts[i]);
  }
}

std::string_view name_of(SectionText text) {
  switch (text) {
    case SectionText::content: return "";
    case SectionText::header: return "HEADER";
    case SectionText::header_fields: return "HEADER.FIELDS";
    case SectionText::header_fields_not: return "HEADER.FIELDS.NOT";
    case SectionText::text: return "TEXT";
    case SectionText::mime: return "MIME";
  }
  std::unreachable();
}

void append_section(std::string& out, const Section& section) {
  out.push_back('[');
  append_parts(out, section.parts);
  if (!section.parts.empty() && section.text != SectionText::content) out.push_back('.');
  out += name_of(section.text);
  if (!section.field_names.empty()) {
    ResponseWriter writer(out);
    for (std::size_t i = 0; i < section.field_names.size(); ++i) {
      writer.raw(i == 0 ? " (" : " ");
      writer.astring(section.field_names[i]);
    }
    writer.close();
  }
  out.push_back(']');
}

void append_origin(std::string& out, const std::optional<Partial>& partial) {
  if (!partial) return;
  out.push_back('<');
  append_number(out, partial->offset);
  out.push_back('>');
}

void append_name(std::string& out, FetchAttribute attribute) { out += name_of(attribute); }

void append_name(std::string& out, const FetchBody& body) {
  for (const auto& entry : kRfc822Items) {
    if (entry.item == body.item) {
      out += entry.name;
      return;
    }
  }
  out += "BODY";
  append_section(out, body.section);
  append_origin(out, body.partial);
}

void append_name(std::string& out, const FetchBinary& binary) {
  out += "BINARY[";
  append_parts(out, binary.parts);
  out.push_back(']');
  append_origin(out, binary.partial);
}

void append_name(std::string& out, const FetchBinarySize& size) {
  out += "BINARY.SIZE[";
  append_parts(out, size.parts);
  out.push_back(']');
}

void append_name(std::string& out, const FetchPreview& /*preview*/) { out += "PREVIEW"; }

}  // namespace

Parsed<std::vector<FetchItem>> fetch_items(Cursor& cursor) {
  const auto start = cursor.offset();
  if (cursor.next_is('(')) {
    auto items = cursor.list_of(fetch_item, kFetchItemsMax);
    if (items && items->empty()) return cursor.error_at(start, SyntaxErrorKind::syntax);
    return items;
  }
  if (auto items = macro(cursor)) return std::move(*items);
  auto item = fetch_item(cursor);
  if (!item) return std::unexpected(item.error());
  return std::vector<FetchItem>{std::move(*item)};
}

Parsed<Fetch> fetch(Cursor& cursor, NumberedBy numbered_by) {
  Fetch fetch;
  fetch.numbered_by = numbered_by;
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto set = sequence_set(cursor);
  if (!set) return std::unexpected(set.error());
  fetch.set = std::move(*set);
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto items = fetch_items(cursor);
  if (!items) return std::unexpected(items.error());
  fetch.items = std::move(*items);
  cursor.skip_spaces();
  if (cursor.at_end()) return fetch;
  if (auto modifiers = fetch_modifiers(cursor, fetch); !modifiers) return std::unexpected(modifiers.error());
  return fetch;
}

Parsed<std::vector<FetchItem>> parse_fetch_items(std::string_view text) {
  Cursor cursor(text);
  auto items = fetch_items(cursor);
  if (items && !cursor.at_end()) return cursor.error();
  return items;
}

void append_response_name(std::string& out, const FetchItem& item) {
  std::visit([&out](const auto& asked) { append_name(out, asked); }, item);
}

std::string response_name(const FetchItem& item) {
  std::string name;
  append_response_name(name, item);
  return name;
}

}  // namespace posthaste::imap
