#include "common/imap/cursor.h"

#include <limits>

#include "common/base/octets.h"
#include "common/imap/list_pattern.h"
#include "common/imap/syntax.h"

namespace posthaste::imap {

namespace {

constexpr std::uint64_t kNumber64Max = 0x7fff'ffff'ffff'ffff;  // RFC 9051 §9, number64

bool is_label_char(char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; }

}  // namespace

bool Cursor::skip(std::string_view prefix) {
  if (!istarts_with(rest(), prefix)) return false;
  offset_ += prefix.size();
  return true;
}

bool Cursor::skip(char c) {
  if (!next_is(c)) return false;
  ++offset_;
  return true;
}

std::string_view Cursor::take_while(bool (*belongs)(char)) {
  const auto start = offset_;
  while (!at_end() && belongs(octets_[offset_])) ++offset_;
  return octets_.substr(start, offset_ - start);
}

void Cursor::skip_spaces() {
  while (skip(' ')) {
  }
}

std::unexpected<SyntaxError> Cursor::error(SyntaxErrorKind kind) const { return error_at(offset_, kind); }

std::unexpected<SyntaxError> Cursor::error_at(std::size_t offset, SyntaxErrorKind kind) const {
  return std::unexpected(SyntaxError{kind, offset});
}

Parsed<void> Cursor::expect(char c) {
  if (!skip(c)) return error();
  return {};
}

Parsed<std::string_view> Cursor::atom() {
  const auto text = take_while([](char c) { return is_atom_char(c); });
  if (text.empty()) return error();
  return text;
}

Parsed<std::string_view> Cursor::label() {
  const auto text = take_while(is_label_char);
  if (text.empty()) return error();
  return text;
}

Parsed<std::string> Cursor::quoted() {
  const auto start = offset_;
  if (!skip('"')) return error();
  std::string text;
  while (!skip('"')) {
    if (at_end() || next_is('\r') || next_is('\n') || next_is('\0')) return error();
    if (skip('\\') && !next_is('"') && !next_is('\\')) return error();
    text.push_back(octets_[offset_++]);
  }
  if (text.size() > kStringMaxOctets) return error_at(start, SyntaxErrorKind::too_long);
  if (!is_utf8(text)) return error_at(start, SyntaxErrorKind::syntax);  // QUOTED-CHAR (RFC 9051 §9)
  return text;
}

Parsed<Literal> Cursor::literal() {
  const auto start = offset_;
  const bool binary = skip('~');
  if (!skip('{')) return error();
  auto octets = number64();
  if (!octets) return std::unexpected(octets.error());
  skip('+');
  if (!skip('}') || !skip('\r') || !skip('\n')) return error();
  if (*octets > rest().size()) return error_at(start, SyntaxErrorKind::syntax);
  const Literal literal{rest().substr(0, static_cast<std::size_t>(*octets)), binary};
  offset_ += literal.octets.size();
  return literal;
}

Parsed<std::string> Cursor::string() {
  const auto start = offset_;
  if (next_is('"')) return quoted();
  if (!next_is('{')) return error();
  auto text = literal();
  if (!text) return std::unexpected(text.error());
  if (text->octets.size() > kStringMaxOctets) return error_at(start, SyntaxErrorKind::too_long);
  if (text->octets.contains('\0')) return error_at(start, SyntaxErrorKind::syntax);  // CHAR8
  return std::string(text->octets);
}

Parsed<std::string> Cursor::astring() {
  if (next_is('"') || next_is('{')) return string();
  const auto text = take_while([](char c) { return is_astring_char(c); });
  if (text.empty()) return error();
  return std::string(text);
}

Parsed<std::optional<std::string>> Cursor::nstring() {
  if (skip("NIL")) return std::nullopt;
  auto text = string();
  if (!text) return std::unexpected(text.error());
  return std::optional(std::move(*text));
}

Parsed<std::uint64_t> Cursor::digits(std::uint64_t max) {
  const auto start = offset_;
  const auto text = take_while([](char c) { return is_digit(c); });
  if (text.empty()) return error();
  const auto value = parse_decimal(text);
  if (!value || *value > max) return error_at(start, SyntaxErrorKind::too_long);
  return *value;
}

Parsed<std::uint64_t> Cursor::number64() { return digits(kNumber64Max); }

Parsed<std::uint64_t> Cursor::nz_number64() {
  if (next_is('0')) return error();
  return digits(kNumber64Max);
}

Parsed<std::uint32_t> Cursor::nz_number() {
  if (next_is('0')) return error();
  auto value = digits(std::numeric_limits<std::uint32_t>::max());
  if (!value) return std::unexpected(value.error());
  return static_cast<std::uint32_t>(*value);
}

Parsed<std::string> Cursor::mailbox() {
  const auto start = offset_;
  auto wire = astring();
  if (!wire) return std::unexpected(wire.error());
  auto name = parse_mailbox_name(*wire, encoding_);
  if (!name) return error_at(start, SyntaxErrorKind::bad_mailbox_name);
  return std::move(*name);
}

Parsed<std::optional<std::string>> Cursor::list_mailbox() {
  const auto start = offset_;
  std::string wire;
  if (next_is('"') || next_is('{')) {
    auto text = string();
    if (!text) return std::unexpected(text.error());
    wire = std::move(*text);
  } else {
    wire = take_while([](char c) { return is_list_char(c); });
    if (wire.empty()) return error();
  }
  if (wire.size() > 2 * kPatternMaxOctets) return error_at(start, SyntaxErrorKind::too_long);
  auto pattern = encoding_ == MailboxEncoding::utf8
                     ? (is_utf8(wire) ? std::optional(std::move(wire)) : std::nullopt)
                     : decode_modified_utf7(wire);
  if (pattern && pattern->size() > kPatternMaxOctets) return error_at(start, SyntaxErrorKind::too_long);
  return pattern;
}

}  // namespace posthaste::imap
