#include "common/mime/structure.h"

#include <algorithm>
#include <utility>

#include "common/base/octets.h"
#include "common/mime/boundary.h"
#include "common/mime/transfer.h"

namespace posthaste::mime {
namespace {

/// A boundary delimiter line (RFC 2046 §5.1.1), as met.
struct Delimiter {
  std::size_t level;   // of its multipart: 0 is the outermost
  bool closes;         // no part follows it
  std::size_t offset;  // of its line
  std::size_t lines;   // line ends in the message before its line
};

bool is_embedded_message(const ContentType& content_type) {
  return content_type.is("message", "rfc822") || content_type.is("message", "global");
}

/// RFC 2046 §5.2.1 allows neither; where they stand nonetheless, the octets here are no message.
bool is_encoded(const Part& part) {
  const TransferEncoding encoding = transfer_encoding(part.transfer_encoding);
  return encoding == TransferEncoding::base64 || encoding == TransferEncoding::quoted_printable;
}

ContentType opaque_content_type() { return {"application", "octet-stream", {}}; }

/// Walks once over the lines of the message and descends into each entity where it begins. A delimiter of any
/// multipart that is open ends all that lies within it (RFC 2046 §5.1.2).
class StructureParser {
 public:
  StructureParser(std::string_view message, const StructureLimits& limits)
      : message_(message), limits_(limits), addresses_left_(limits.addresses_max) {}

  Part parse() { return read_entity(default_content_type(), 0); }

 private:
  Part read_entity(const ContentType& default_type, std::size_t depth);
  Extent read_header();
  void read_content_fields(Part& part, const ContentType& default_type) const;
  void read_body(Part& part, bool may_open, std::size_t depth);
  void read_multipart(Part& part, Boundary boundary, std::size_t depth);
  void read_embedded_message(Part& part, std::size_t depth);
  void end_body(Part& part, std::size_t lines_before) const;
  void skip_to_delimiter();
  std::string_view next_line() const;
  void pass(std::string_view line);
  std::optional<Delimiter> delimiter_at(std::string_view line) const;

  std::string_view message_;
  StructureLimits limits_;
  std::size_t addresses_left_;
  std::size_t parts_ = 0;
  std::size_t cursor_ = 0;  // start of the next line
  std::size_t lines_ = 0;   // line ends before it
  OpenBoundaries open_;
  std::optional<Delimiter> delimiter_;  // the one just passed, until its multipart has seen it
};

Part StructureParser::read_entity(const ContentType& default_type, std::size_t depth) {
  ++parts_;
  Part part;
  part.header = read_header();
  part.body.offset = part.header.end();
  const std::size_t lines_before = lines_;
  read_content_fields(part, default_type);
  read_body(part, depth < limits_.depth_max && parts_ < limits_.parts_max, depth);
  end_body(part, lines_before);
  return part;
}

/// Reads as split_message() does, but a delimiter ends the header too; one that has been passed leaves none.
Extent StructureParser::read_header() {
  const std::size_t begin = delimiter_ ? delimiter_->offset : cursor_;
  while (!delimiter_ && cursor_ < message_.size()) {
    const std::string_view line = next_line();
    if (line.size() > limits_.header_max_octets - (cursor_ - begin)) break;
    delimiter_ = delimiter_at(line);
    pass(line);
    if (line == "\n" || line == kCrlf) break;
  }
  const std::size_t end = delimiter_ ? delimiter_->offset : cursor_;
  return {begin, end - begin};
}

void StructureParser::read_content_fields(Part& part, const ContentType& default_type) const {
  const std::string_view header = part.header.of(message_);
  std::optional<Field> type;
  std::optional<Field> encoding;
  std::optional<Field> disposition;
  std::optional<Field> languages;
  const auto set_text = [](std::optional<std::string>& text, const Field& field) {
    if (!text) text = std::string(trim(unfold(field.body)));
  };
  for (const Field& field : Fields(header)) {
    if (!istarts_with(field.name, "content-")) continue;
    const std::string_view name = field.name.substr(std::string_view{"content-"}.size());
    if (iequals(name, "type") && !type) type = field;
    if (iequals(name, "transfer-encoding") && !encoding) encoding = field;
    if (iequals(name, "disposition") && !disposition) disposition = field;
    if (iequals(name, "language") && !languages) languages = field;
    if (iequals(name, "id")) set_text(part.id, field);
    if (iequals(name, "description")) set_text(part.description, field);
    if (iequals(name, "md5")) set_text(part.md5, field);
    if (iequals(name, "location")) set_text(part.location, field);
  }
  std::optional<ContentType> content_type;
  if (type) content_type = parse_content_type(type->body);
  part.content_type = content_type ? std::move(*content_type) : default_type;
  if (encoding) part.transfer_encoding = parse_token(encoding->body).value_or("7bit");
  if (disposition) part.disposition = parse_disposition(disposition->body);
  if (languages) part.languages = parse_languages(languages->body);
}

void StructureParser::read_body(Part& part, bool may_open, std::size_t depth) {
  const bool multipart = part.content_type.is("multipart");
  const bool message = is_embedded_message(part.content_type);
  std::optional<Boundary> boundary;
  if (multipart) boundary = boundary_of(part.content_type);
  if (multipart && !boundary) {
    part.content_type = default_content_type();
    skip_to_delimiter();
  } else if (multipart && may_open) {
    read_multipart(part, std::move(*boundary), depth);
  } else if (message && may_open && !is_encoded(part)) {
    read_embedded_message(part, depth);
  } else {
    if (multipart || message) part.content_type = opaque_content_type();
    skip_to_delimiter();
  }
}

void StructureParser::read_multipart(Part& part, Boundary boundary, std::size_t depth) {
  const ContentType default_type =
      part.content_type.is("multipart", "digest") ? ContentType{"message", "rfc822", {}} : default_content_type();
  const std::size_t level = open_.count();
  open_.open(std::move(boundary));
  skip_to_delimiter();  // the preamble
  while (delimiter_ && delimiter_->level == level && !delimiter_->closes && parts_ < limits_.parts_max) {
    delimiter_.reset();
    part.children.push_back(read_entity(default_type, depth + 1));
  }
  open_.close();
  if (delimiter_ && delimiter_->level == level) {
    delimiter_.reset();
    skip_to_delimiter();  // the epilogue
  }
  if (part.children.empty()) {
    part.content_type = default_content_type();
  } else {
    part.kind = PartKind::multipart;
  }
}

void StructureParser::read_embedded_message(Part& part, std::size_t depth) {
  part.kind = PartKind::message;
  part.children.push_back(read_entity(default_content_type(), depth + 1));
  const std::string_view header = part.children.front().header.of(message_);
  part.envelope = parse_envelope(header, std::min(addresses_left_, kAddressesMax));
  const Envelope& envelope = *part.envelope;
  for (const auto* list :
       {&envelope.from, &envelope.sender, &envelope.reply_to, &envelope.to, &envelope.cc, &envelope.bcc}) {
    addresses_left_ -= std::min(addresses_left_, list->size());
  }
}

/// The line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1), unless it ends the header of the
/// part or of the last part within.
void StructureParser::end_body(Part& part, std::size_t lines_before) const {
  std::size_t end = delimiter_ ? delimiter_->offset : message_.size();
  std::size_t lines = delimiter_ ? delimiter_->lines : lines_;
  const std::size_t held = part.children.empty() ? part.body.offset : part.children.back().body.end();
  if (delimiter_ && end > held) {
    --lines;
    --end;
    if (end > held && message_[end - 1] == '\r') --end;
  }
  part.body.octets = end - part.body.offset;
  part.body_lines = part.body.octets == 0 ? 0 : lines - lines_before;
}

/// Passes all lines through the next delimiter, or to the end of the message; none if one has just been passed.
void StructureParser::skip_to_delimiter() {
  if (open_.count() == 0) {
    const std::string_view rest = message_.substr(cursor_);
    lines_ += static_cast<std::size_t>(std::ranges::count(rest, '\n'));
    cursor_ = message_.size();
    return;
  }
  while (!delimiter_ && cursor_ < message_.size()) {
    const std::string_view line = next_line();
    delimiter_ = delimiter_at(line);
    pass(line);
  }
}

std::string_view StructureParser::next_line() const {
  const std::size_t line_feed = message_.find('\n', cursor_);
  const std::size_t end = line_feed == std::string_view::npos ? message_.size() : line_feed + 1;
  return message_.substr(cursor_, end - cursor_);
}

void StructureParser::pass(std::string_view line) {
  cursor_ += line.size();
  if (line.ends_with('\n')) ++lines_;
}

/// The last part that the limits allow swallows all delimiters that would begin another one.
std::optional<Delimiter> StructureParser::delimiter_at(std::string_view line) const {
  if (!line.starts_with("--")) return std::nullopt;  // most lines
  const auto met = open_.delimiter_at(line, parts_ < limits_.parts_max);
  if (!met) return std::nullopt;
  return Delimiter{met->level, met->closes, cursor_, lines_};
}

}  // namespace

Part parse_structure(std::string_view message, const StructureLimits& limits) {
  return StructureParser(message, limits).parse();
}

const Part* find_part(const Part& root, std::span<const std::uint32_t> section) {
  const Part* part = &root;
  bool is_message = true;  // `part` is a message, of which a part is to be named, and not itself the part named
  for (const std::uint32_t number : section) {
    if (!is_message && part->kind == PartKind::message) {
      part = &part->children.front();
      is_message = true;
    }
    if (part->kind == PartKind::multipart) {
      if (number == 0 || number > part->children.size()) return nullptr;
      part = &part->children[number - 1];
    } else if (!is_message || number != 1) {
      return nullptr;
    }
    is_message = false;
  }
  return part;
}

}  // namespace posthaste::mime
