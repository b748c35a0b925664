#include "common/mime/structure.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "common/base/octets.h"
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

/// What delimits the parts of a multipart.
struct Boundary {
  std::string octets;
  /// What delimits them if more than the boundary was read, for what follows it is written otherwise than RFC 2045
  /// has parameters ("b, charset=x", or a quote that does not end); empty if nothing can be meant but `octets`.
  std::string narrow;
};

/// Nothing if it does not say. White space at the end is not part of a boundary (RFC 2046 §5.1.1), nor could it be
/// told from what gateways append.
std::optional<Boundary> boundary_of(const ContentType& content_type) {
  const auto is_boundary = [](const Parameter& parameter) { return iequals(parameter.name, "boundary"); };
  const auto plain = std::ranges::find_if(content_type.parameters, is_boundary);
  std::optional<std::string> value;
  if (plain != content_type.parameters.end()) {
    value = plain->value;
  } else {
    value = find_parameter(content_type.parameters, "boundary");
  }
  if (!value) return std::nullopt;
  while (!value->empty() && is_wsp(value->back())) value->pop_back();
  if (value->empty()) return std::nullopt;
  Boundary boundary{std::move(*value), {}};
  const std::size_t end = boundary.octets.find_first_of(" \t,;\"");
  if (end != std::string::npos) boundary.narrow = boundary.octets.substr(0, end);
  return boundary;
}

/// bchars (RFC 2046 §5.1.1), but the space.
bool is_boundary_char(char c) { return is_alnum(c) || std::string_view{"'()+_,-./:=?"}.contains(c); }

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
  void open(std::string_view boundary, std::size_t level);
  void close(std::string_view boundary);
  void read_embedded_message(Part& part, std::size_t depth);
  void end_body(Part& part, std::size_t lines_before) const;
  void skip_to_delimiter();
  std::string_view next_line() const;
  void pass(std::string_view line);
  std::optional<Delimiter> delimiter_at(std::string_view line) const;
  std::optional<Delimiter> delimiter_before_text(std::string_view text) const;
  const std::size_t* level_of(std::string_view boundary) const;

  std::string_view message_;
  StructureLimits limits_;
  std::size_t addresses_left_;
  std::size_t parts_ = 0;
  std::size_t cursor_ = 0;         // start of the next line
  std::size_t lines_ = 0;          // line ends before it
  std::vector<std::string> open_;  // the boundaries of the multiparts that are open
  /// Their levels by boundary, the innermost last: looking one up takes no longer the deeper they are.
  std::map<std::string, std::vector<std::size_t>, std::less<>> levels_;
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

void StructureParser::open(std::string_view boundary, std::size_t level) {
  if (!boundary.empty()) levels_[std::string(boundary)].push_back(level);
}

void StructureParser::close(std::string_view boundary) {
  const auto levels = levels_.find(boundary);
  if (levels == levels_.end()) return;
  levels->second.pop_back();
  if (levels->second.empty()) levels_.erase(levels);
}

void StructureParser::read_multipart(Part& part, Boundary boundary, std::size_t depth) {
  const ContentType default_type =
      part.content_type.is("multipart", "digest") ? ContentType{"message", "rfc822", {}} : default_content_type();
  const std::size_t level = open_.size();
  open(boundary.octets, level);
  open(boundary.narrow, level);
  open_.push_back(std::move(boundary.octets));
  skip_to_delimiter();  // the preamble
  while (delimiter_ && delimiter_->level == level && !delimiter_->closes && parts_ < limits_.parts_max) {
    delimiter_.reset();
    part.children.push_back(read_entity(default_type, depth + 1));
  }
  close(boundary.narrow);
  close(open_.back());
  open_.pop_back();
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
  if (open_.empty()) {
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

/// The delimiter that the next line is, of the innermost multipart it fits. RFC 2046 §5.1.1 would have any line
/// that begins so be a delimiter; but mail is sent in which an inner boundary begins with the outer one ("Part-1",
/// "Part-12"), and few readers take the inner for the outer.
///
/// The last part that the limits allow swallows all delimiters that would begin another one.
std::optional<Delimiter> StructureParser::delimiter_at(std::string_view line) const {
  if (!line.starts_with("--")) return std::nullopt;
  std::string_view text = line.substr(2);
  while (!text.empty() && (is_wsp(text.back()) || text.back() == '\r' || text.back() == '\n'))
    text.remove_suffix(1);
  const std::size_t* opens = parts_ < limits_.parts_max ? level_of(text) : nullptr;
  const std::size_t* closes = text.ends_with("--") ? level_of(text.substr(0, text.size() - 2)) : nullptr;
  if (closes != nullptr && (opens == nullptr || *closes > *opens)) return Delimiter{*closes, true, cursor_, lines_};
  if (opens != nullptr) return Delimiter{*opens, false, cursor_, lines_};
  return delimiter_before_text(text);
}

/// The same where text follows in the line, which no boundary could go on with. Only the innermost multipart is
/// asked, so that it costs no more the deeper they are.
std::optional<Delimiter> StructureParser::delimiter_before_text(std::string_view text) const {
  if (open_.empty() || !text.starts_with(open_.back())) return std::nullopt;
  text.remove_prefix(open_.back().size());
  const std::string_view after_space = text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
  const bool goes_on = after_space.size() == text.size();
  const bool closes = after_space.starts_with("--");
  if (closes) text = after_space.substr(2);
  const bool ends = !text.empty() && !is_boundary_char(text.front());
  if (!ends && (goes_on || !closes)) return std::nullopt;
  if (!closes && parts_ >= limits_.parts_max) return std::nullopt;
  return Delimiter{open_.size() - 1, closes, cursor_, lines_};
}

/// Of the innermost open multipart that has this boundary; null if there is none.
const std::size_t* StructureParser::level_of(std::string_view boundary) const {
  const auto levels = levels_.find(boundary);
  return levels == levels_.end() ? nullptr : &levels->second.back();
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
