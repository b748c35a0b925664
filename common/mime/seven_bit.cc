#include "common/mime/seven_bit.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/base/base64.h"
#include "common/base/octets.h"
#include "common/mime/ascii_header.h"
#include "common/mime/content.h"
#include "common/mime/header.h"
#include "common/mime/lexer.h"
#include "common/mime/structure.h"
#include "common/mime/transfer.h"

namespace posthaste::mime {
namespace {

constexpr StructureLimits kLimits{.depth_max = 100, .parts_max = 10'000};
constexpr std::size_t kBase64LineOctets = 57;  // become 76 (RFC 2045 §6.8)
constexpr char kUnreadable = '*';  // for an octet that nobody reads; stands in no boundary (RFC 2046 §5.1.1)
constexpr std::string_view kEncodingField = "Content-Transfer-Encoding";

enum class Parent { multipart, message };  // the message itself counts as the part of one

/// A body that was encoded.
struct Encoded {
  std::string_view name;  // of the encoding; empty where the field has it already
  std::string body;
};

class Converter {
 public:
  explicit Converter(std::string_view message) : message_(message) { out_.reserve(message.size()); }

  /// False when the message cannot be converted; then what was written means nothing.
  bool convert(const Part& part, Parent parent);
  std::string take() { return std::move(out_); }
  [[nodiscard]] std::size_t parts() const noexcept { return parts_; }

 private:
  bool convert_leaf(const Part& part, Parent parent);
  bool convert_children(const Part& part, Parent parent);
  std::optional<Encoded> encode(const Part& part) const;
  std::optional<std::string> quoted_printable(std::string_view octets) const;
  void write_header(const Part& part, Parent parent, const Encoded* encoded);
  void write_gap(std::size_t begin, std::size_t end);

  std::string_view message_;
  std::string out_;
  std::vector<std::string> delimiters_;  // of the multiparts that are open
  std::size_t parts_ = 0;
};

bool is_eight_bit_label(std::string_view encoding) {
  return iequals(encoding, "8bit") || iequals(encoding, "binary");
}

/// As the header says it, whether or not the body is one: a multipart without a boundary is called text.
bool is_written_as_composite(std::string_view header) {
  const auto field = find_field(header, "Content-Type");
  const auto type = field ? parse_content_type(field->body) : std::nullopt;
  return type && (type->is("multipart") || type->is("message"));
}

/// RFC 2045 §6.4 forbids it to all of multipart and message; RFC 6532 §3.7 and RFC 6533 §4 allow message/global and
/// its kind.
bool may_be_encoded(const Part& part, std::string_view header) {
  if (istarts_with(part.content_type.subtype, "global") && part.content_type.is("message")) return true;
  return !part.content_type.is("multipart") && !part.content_type.is("message") && !is_written_as_composite(header);
}

/// RFC 1847: what lies in it is as its signer or its sealer wrote it.
bool is_opaque(const Part& part) {
  return part.content_type.is("multipart", "signed") || part.content_type.is("multipart", "encrypted");
}

/// A code of quoted-printable has three octets for one, base64 four for three.
bool is_shorter_in_base64(std::string_view body) {
  std::size_t codes = 0;
  char before = '\0';
  for (const char c : body) {
    const bool bare = (c == '\n') != (before == '\r');
    const bool code = is_eight_bit(c) || c == '=' || (c < ' ' && !is_fws(c)) || bare;
    codes += code ? 1 : 0;
    before = c;
  }
  return codes > body.size() / 6;
}

/// In lines of 76 octets, each with its line end.
std::string base64_lines(std::string_view octets) {
  std::string lines;
  lines.reserve(octets.size() / 2 * 3);
  for (; !octets.empty(); octets.remove_prefix(std::min(octets.size(), kBase64LineOctets))) {
    lines.append(base64_encode(octets.substr(0, kBase64LineOctets))).append(kCrlf);
  }
  return lines;
}

bool ends_in_empty_line(std::string_view header) { return header == kCrlf || header.ends_with("\n\r\n"); }

bool Converter::convert(const Part& part, Parent parent) {
  ++parts_;
  if (part.kind == PartKind::leaf) return convert_leaf(part, parent);
  if (!is_opaque(part)) return convert_children(part, parent);
  const auto body = part.body.of(message_);
  if (!is_seven_bit(body)) return false;
  write_header(part, parent, nullptr);
  out_.append(body);
  return true;
}

bool Converter::convert_leaf(const Part& part, Parent parent) {
  const auto body = part.body.of(message_);
  if (is_seven_bit(body)) {
    write_header(part, parent, nullptr);
    out_.append(body);
    return true;
  }
  const auto header = part.header.of(message_);
  if (!ends_in_empty_line(header) || !may_be_encoded(part, header)) return false;
  const auto encoded = encode(part);
  if (!encoded) return false;
  write_header(part, parent, &*encoded);
  out_.append(encoded->body);
  return true;
}

bool Converter::convert_children(const Part& part, Parent parent) {
  const bool multipart = part.kind == PartKind::multipart;
  if (multipart) {
    const auto boundary = find_parameter(part.content_type.parameters, "boundary").value_or("");
    if (has_eight_bit(boundary) || boundary.contains(kUnreadable)) return false;  // it would be another one
    delimiters_.push_back("--" + boundary);
  }
  write_header(part, parent, nullptr);
  std::size_t at = part.body.offset;
  for (const Part& child : part.children) {
    write_gap(at, child.header.offset);
    if (!convert(child, multipart ? Parent::multipart : Parent::message)) return false;
    at = child.body.end();
  }
  write_gap(at, part.body.end());
  if (multipart) delimiters_.pop_back();
  return true;
}

/// Nothing when there is no way. A body in an encoding to which not all its octets belong keeps it, written anew.
std::optional<Encoded> Converter::encode(const Part& part) const {
  const auto body = part.body.of(message_);
  switch (transfer_encoding(part.transfer_encoding)) {
    case TransferEncoding::identity: {
      std::optional<std::string> text;
      if (!is_shorter_in_base64(body)) text = quoted_printable(body);
      if (text) return Encoded{"quoted-printable", std::move(*text)};
      return Encoded{"base64", base64_lines(body)};
    }
    case TransferEncoding::quoted_printable: {
      auto text = quoted_printable(decode_quoted_printable(body));
      if (!text) return std::nullopt;
      return Encoded{{}, std::move(*text)};
    }
    case TransferEncoding::base64: return Encoded{{}, base64_lines(decode_base64(body))};
    case TransferEncoding::unknown: break;
  }
  return std::nullopt;
}

/// Nothing where a line would be a delimiter, which no line of base64 is.
std::optional<std::string> Converter::quoted_printable(std::string_view octets) const {
  auto text = encode_quoted_printable(octets);
  for (std::size_t line = 0; line != std::string::npos;) {
    const auto rest = std::string_view{text}.substr(line);
    const auto begins = [rest](const std::string& delimiter) { return rest.starts_with(delimiter); };
    if (rest.starts_with("--") && std::ranges::any_of(delimiters_, begins)) return std::nullopt;
    const auto line_end = text.find('\n', line);
    line = line_end == std::string::npos ? line_end : line_end + 1;
  }
  return text;
}

/// The fields that tell of the encoding say so of what is `encoded`, and "7bit" of what is not and was said to have
/// 8 bits.
void Converter::write_header(const Part& part, Parent parent, const Encoded* encoded) {
  const auto header = part.header.of(message_);
  const std::string_view name = encoded != nullptr ? encoded->name : "7bit";
  const bool changes = !name.empty() && (encoded != nullptr || is_eight_bit_label(part.transfer_encoding));
  std::string text;
  std::size_t passed = 0;
  bool is_mime = parent == Parent::multipart;
  bool has_type = false;
  bool is_said = !changes;
  for (const Field& field : Fields(header)) {
    passed += field.raw.size();
    is_mime = is_mime || iequals(field.name, "MIME-Version");
    has_type = has_type || iequals(field.name, "Content-Type");
    if (!changes || !iequals(field.name, kEncodingField)) {
      text.append(field.raw);
    } else if (!std::exchange(is_said, true)) {
      text.append(kEncodingField).append(": ").append(name).append(kCrlf);
    }
  }
  if (encoded != nullptr && !is_mime) text.append("MIME-Version: 1.0\r\n");
  if (encoded != nullptr && !has_type) {
    const std::string_view charset = is_utf8(part.body.of(message_)) ? "utf-8" : "unknown-8bit";
    text.append("Content-Type: text/plain; charset=").append(charset).append(kCrlf);
  }
  if (!is_said) text.append(kEncodingField).append(": ").append(name).append(kCrlf);
  if (has_eight_bit(text)) {
    AsciiHeader surrogate;
    std::string ascii{surrogate.feed(text)};
    ascii.append(surrogate.finish());
    text = std::move(ascii);
  }
  out_.append(text).append(header.substr(passed));
}

/// Delimiters, and what lies around the parts and is for nobody (RFC 2046 §5.1.1): in ASCII.
void Converter::write_gap(std::size_t begin, std::size_t end) {
  const auto from = static_cast<std::ptrdiff_t>(out_.size());
  out_.append(message_.substr(begin, end - begin));
  std::replace_if(out_.begin() + from, out_.end(), is_eight_bit, kUnreadable);
}

}  // namespace

bool is_seven_bit(std::string_view text) noexcept {
  unsigned char bad = 0;
  char before = '\0';
  for (const char c : text) {  // without a branch: messages are long
    const auto bare = static_cast<unsigned char>((c == '\n') ^ (before == '\r'));
    bad = static_cast<unsigned char>(bad | bare << 7U | static_cast<unsigned char>(c == '\0') << 7U |
                                     static_cast<unsigned char>(c));
    before = c;
  }
  return (bad & 0x80U) == 0 && before != '\r';
}

std::optional<std::string> to_seven_bit(std::string_view message) {
  const Part root = parse_structure(message, kLimits);
  Converter converter{message};
  if (!converter.convert(root, Parent::message) || converter.parts() >= kLimits.parts_max) return std::nullopt;
  auto out = converter.take();
  if (!is_seven_bit(out)) return std::nullopt;
  return out;
}

}  // namespace posthaste::mime
