#include "common/mime/seven_bit.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/base/base64.h"
#include "common/base/octets.h"
#include "common/mime/ascii_header.h"
#include "common/mime/boundary.h"
#include "common/mime/content.h"
#include "common/mime/downgrade.h"
#include "common/mime/header.h"
#include "common/mime/lexer.h"
#include "common/mime/structure.h"
#include "common/mime/transfer.h"

namespace posthaste::mime {
namespace {

constexpr StructureLimits kLimits{.depth_max = 100, .parts_max = 10'000};
constexpr std::size_t kBase64LineOctets = 57;    // become 76 (RFC 2045 §6.8)
constexpr std::size_t kSpaceMaxOctets = 1'000;   // at a line's end, that goes
constexpr std::size_t kQuotedLineOctets = 76;    // RFC 2045 §6.7 (5)
constexpr std::size_t kLineMaxOctets = 998;      // in 7bit as in 8bit (RFC 2045 §2.7)
constexpr std::size_t kGrowthMaxOctets = 1'000;  // of a body that keeps its encoding, beside half of what it has
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
  std::optional<std::string> unless_it_delimits(std::string text) const;
  bool write_header(const Part& part, Parent parent, const Encoded* encoded);
  bool write_gap(std::size_t begin, std::size_t end);

  std::string_view message_;
  std::string out_;
  std::vector<Boundary> boundaries_;  // of the multiparts that are open
  std::size_t parts_ = 0;
};

bool is_eight_bit_label(std::string_view encoding) {
  return iequals(encoding, "8bit") || iequals(encoding, "binary");
}

std::optional<ContentType> written_type(std::string_view header) {
  const auto field = find_field(header, "Content-Type");
  return field ? parse_content_type(field->body) : std::nullopt;
}

/// RFC 1847: what lies in it is as its signer or its sealer wrote it.
bool is_opaque(const ContentType& type) {
  return type.is("multipart", "signed") || type.is("multipart", "encrypted");
}

/// A multipart whose boundary is not said, or that has none of its delimiters: to whoever reads it that is text
/// (RFC 2045 §5.2), which it may be called as well.
bool is_multipart_without_parts(const Part& part, std::string_view header) {
  const auto type = written_type(header);
  return type && type->is("multipart") && !is_opaque(*type) && part.content_type.is("text", "plain");
}

/// RFC 2045 §6.4 forbids it to all of multipart and message; RFC 6532 §3.7 and RFC 6533 §4 allow message/global and
/// its kind.
bool may_be_encoded(const Part& part, std::string_view header) {
  if (istarts_with(part.content_type.subtype, "global") && part.content_type.is("message")) return true;
  const auto type = written_type(header);
  const bool composite = type && (type->is("multipart") || type->is("message"));
  return !composite && !part.content_type.is("multipart") && !part.content_type.is("message");
}

/// How many octets of `header` are fields. What follows may be taken for the body.
std::size_t octets_of_fields(std::string_view header) {
  std::size_t octets = 0;
  for (const Field& field : Fields(header)) {
    if (begins_body(field, octets == 0)) return octets;
    octets += field.raw.size();
  }
  return octets;
}

bool has_long_line(std::string_view body) {
  while (body.size() > kLineMaxOctets) {
    const auto end = body.find(kCrlf);
    if (std::min(end, body.size()) > kLineMaxOctets) return true;
    body.remove_prefix(std::min(body.size(), end + kCrlf.size()));
  }
  return false;
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

/// A body in base64 without what cannot pass, and whoever decodes it passes over (RFC 2045 §6.8). It is not
/// decoded: what follows padding is read in more than one way.
std::string without_noise(std::string_view body) {
  std::string text;
  text.reserve(body.size());
  for (std::size_t at = 0; at < body.size(); ++at) {
    const char c = body[at];
    if (c == '\r' || c == '\n') {
      text.append(kCrlf);
      if (c == '\r' && body.substr(at + 1).starts_with('\n')) ++at;
    } else if (c != '\0' && !is_eight_bit(c)) {
      text += c;
    }
  }
  return text;
}

/// White space at a line's end was added on the way (RFC 2045 §6.7 (3)): what a decoder takes for that.
std::string_view without_space_at_end(std::string_view line) {
  const std::size_t kept = line.size() - std::min(line.size(), kSpaceMaxOctets);
  while (line.size() > kept && is_wsp(line.back())) line.remove_suffix(1);
  return line;
}

/// Appends `octets` to a line of quoted-printable, which begins at `begin`: what is plain as it is, the others as
/// codes, with soft line breaks that cut nothing that is a code or may be taken for one.
void append_quoted(std::string& text, std::size_t begin, std::string_view octets) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (std::size_t at = 0; at < octets.size(); ++at) {
    const char c = octets[at];
    const bool lost = is_wsp(c) && at + 1 == octets.size();
    const bool plain = !is_eight_bit(c) && c != '\0' && c != '\r' && c != '\n' && !lost;
    const auto before = std::string_view{text}.substr(begin);
    const bool in_code = before.substr(before.size() - std::min<std::size_t>(2, before.size())).contains('=');
    if (before.size() + (plain ? 1 : 3) >= kQuotedLineOctets && !in_code) {
      text += "=\r\n";
      begin = text.size();
    }
    if (plain) {
      text += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      text += {'=', kDigits[octet >> 4U], kDigits[octet & 15U]};
    }
  }
}

/// A body in quoted-printable whose octets all belong there. What is plain stays as it is, for an "=" that begins
/// no code is read in more than one way.
std::string quoted_anew(std::string_view body) {
  std::string text;
  text.reserve(body.size() + body.size() / 8);
  while (!body.empty()) {
    const auto line_feed = body.find('\n');
    const bool ends = line_feed != std::string_view::npos;
    std::string line{body.substr(0, line_feed)};
    body.remove_prefix(ends ? line_feed + 1 : body.size());
    const bool in_crlf = ends && line.ends_with('\r');
    if (in_crlf) line.pop_back();
    const bool passes = is_seven_bit(line) && in_crlf == ends;
    if (!passes) line.resize(without_space_at_end(line).size());
    const bool goes_on = ends && !in_crlf && !line.ends_with('=');  // behind the LF, which is an octet like others
    if (goes_on) line += '\n';
    if (passes) {
      text += line;
    } else {
      append_quoted(text, text.size(), line);
    }
    if (goes_on && !body.empty()) text += '=';
    if (ends && !(goes_on && body.empty())) text += kCrlf;
  }
  return text;
}

/// With the empty line that ends it.
bool is_whole(std::string_view header) { return header.substr(octets_of_fields(header)) == kCrlf; }

bool Converter::convert(const Part& part, Parent parent) {
  ++parts_;
  return part.kind == PartKind::leaf ? convert_leaf(part, parent) : convert_children(part, parent);
}

bool Converter::convert_leaf(const Part& part, Parent parent) {
  const auto body = part.body.of(message_);
  const bool must = !is_seven_bit(body);
  const bool should =
      transfer_encoding(part.transfer_encoding) == TransferEncoding::identity && has_long_line(body);
  std::optional<Encoded> encoded;
  const auto header = part.header.of(message_);
  const bool may = may_be_encoded(part, header) || (must && is_multipart_without_parts(part, header));
  if ((must || should) && may && is_whole(header)) encoded = encode(part);
  if (must && !encoded) return false;
  if (!write_header(part, parent, encoded ? &*encoded : nullptr)) return false;
  out_.append(encoded ? encoded->body : body);
  return true;
}

bool Converter::convert_children(const Part& part, Parent parent) {
  const bool multipart = part.kind == PartKind::multipart;
  if (multipart) {
    auto boundary = boundary_of(part.content_type).value_or(Boundary{});
    if (has_eight_bit(boundary.octets)) return false;  // it would be another one
    boundaries_.push_back(std::move(boundary));
  }
  if (!write_header(part, parent, nullptr)) return false;
  const std::size_t begin = part.children.front().header.offset;
  const std::size_t end = part.children.back().body.end();
  if (!write_gap(part.body.offset, begin)) return false;
  if (multipart && is_opaque(part.content_type)) {
    const auto kept = message_.substr(begin, end - begin);
    if (!is_seven_bit(kept)) return false;
    out_.append(kept);
  } else {
    std::size_t at = begin;
    for (const Part& child : part.children) {
      if (!write_gap(at, child.header.offset)) return false;
      if (!convert(child, multipart ? Parent::multipart : Parent::message)) return false;
      at = child.body.end();
    }
  }
  if (!write_gap(end, part.body.end())) return false;
  if (multipart) boundaries_.pop_back();
  return true;
}

/// Nothing when there is no way. A body in an encoding to which not all its octets belong keeps it, unless most are
/// such.
std::optional<Encoded> Converter::encode(const Part& part) const {
  const auto body = part.body.of(message_);
  std::optional<std::string> text;
  switch (transfer_encoding(part.transfer_encoding)) {
    case TransferEncoding::identity:
      if (!is_shorter_in_base64(body)) text = unless_it_delimits(encode_quoted_printable(body));
      if (text) return Encoded{"quoted-printable", std::move(*text)};
      return Encoded{"base64", base64_lines(body)};
    case TransferEncoding::quoted_printable: text = unless_it_delimits(quoted_anew(body)); break;
    case TransferEncoding::base64: text = unless_it_delimits(without_noise(body)); break;
    case TransferEncoding::unknown: break;
  }
  if (!text || text->size() > body.size() / 2 * 3 + kGrowthMaxOctets) return std::nullopt;
  return Encoded{{}, std::move(*text)};
}

/// Nothing where a line would be a delimiter, which no line of base64 is.
std::optional<std::string> Converter::unless_it_delimits(std::string text) const {
  for (std::size_t line = 0; line != std::string::npos;) {
    const auto rest = std::string_view{text}.substr(line);
    const auto begins = [rest](const Boundary& boundary) {
      return rest.substr(2).starts_with(boundary.narrow.empty() ? boundary.octets : boundary.narrow);
    };
    if (rest.starts_with("--") && std::ranges::any_of(boundaries_, begins)) return std::nullopt;
    const auto line_end = text.find('\n', line);
    line = line_end == std::string::npos ? line_end : line_end + 1;
  }
  return text;
}

/// The fields that tell of the encoding say so of what is `encoded`, and "7bit" of what is not and was said to have
/// 8 bits. What is no field passes as it is, and what follows it; false if that has 8 bits.
bool Converter::write_header(const Part& part, Parent parent, const Encoded* encoded) {
  const auto header = part.header.of(message_);
  const auto fields = header.substr(0, octets_of_fields(header));
  const auto rest = header.substr(fields.size());
  if (has_eight_bit(rest)) return false;
  const std::string_view name = encoded != nullptr ? encoded->name : "7bit";
  const bool said_eight_bit = is_eight_bit_label(part.transfer_encoding) && (rest.empty() || rest == kCrlf);
  const bool changes = !name.empty() && (encoded != nullptr || said_eight_bit);
  const bool retypes = encoded != nullptr && is_multipart_without_parts(part, header);
  std::string text;
  bool is_mime = parent == Parent::multipart;
  bool has_type = false;
  bool is_said = !changes;
  for (const Field& field : Fields(fields)) {
    const bool is_type = iequals(field.name, "Content-Type");
    if (is_type && retypes) continue;
    is_mime = is_mime || iequals(field.name, "MIME-Version");
    has_type = has_type || is_type;
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
  out_.append(text).append(rest);
  return true;
}

/// Delimiters, and what lies around the parts and is for nobody (RFC 2046 §5.1.1): in ASCII. False where a line
/// would become a delimiter.
bool Converter::write_gap(std::size_t begin, std::size_t end) {
  const auto gap = message_.substr(begin, end - begin);
  const auto from = static_cast<std::ptrdiff_t>(out_.size());
  out_.append(gap);
  if (!has_eight_bit(gap)) return true;
  std::replace_if(out_.begin() + from, out_.end(), is_eight_bit, kUnreadable);
  return std::ranges::none_of(boundaries_, [](const auto& each) { return each.octets.contains(kUnreadable); });
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
