#include "common/smtp/xtext.h"

#include <algorithm>
#include <charconv>

#include "common/base/octets.h"

namespace posthaste::smtp {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

constexpr bool is_xchar(char c) noexcept { return is_printable(c) && c != '+' && c != '='; }
constexpr bool is_upper_hex(char c) noexcept { return is_digit(c) || (c >= 'A' && c <= 'F'); }

/// The number that all of `digits` is in base 16; they are known to be digits, and few.
unsigned hex_value(std::string_view digits) noexcept {
  unsigned value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

/// A character in UTF-8 (RFC 3629 §3); for a surrogate or a number too large the result is not UTF-8.
std::string utf8_of(unsigned point) {
  const auto octet = [](unsigned value) { return static_cast<char>(value); };
  const auto tail = [&](int shift) { return octet(0x80U | (point >> shift & 0x3fU)); };
  if (point < 0x80) return {octet(point)};
  if (point < 0x800) return {octet(0xc0U | point >> 6), tail(0)};
  if (point < 0x10000) return {octet(0xe0U | point >> 12), tail(6), tail(0)};
  return {octet(0xf0U | point >> 18), tail(12), tail(6), tail(0)};
}

/// The code point of the UTF-8 sequence at the start of `text`, which is removed from it.
unsigned take_point(std::string_view& text) noexcept {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = octet(0);
  const std::size_t sequence = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const std::size_t length = std::min(sequence, text.size());
  unsigned point = length == 1 ? lead : lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) point = point << 6 | (octet(i) & 0x3fU);
  text.remove_prefix(length);
  return point;
}

}  // namespace

std::string xtext_encode(std::string_view octets) {
  std::string text;
  for (const char c : octets) {
    if (is_xchar(c)) {
      text += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      text += {'+', kHexDigits[octet >> 4], kHexDigits[octet & 15]};
    }
  }
  return text;
}

std::optional<std::string> xtext_decode(std::string_view text) {
  std::string octets;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_xchar(text[at])) {
      octets += text[at];
      continue;
    }
    const auto digits = text.substr(at + 1, 2);
    if (text[at] != '+' || digits.size() != 2 || !std::ranges::all_of(digits, is_upper_hex)) return std::nullopt;
    octets += static_cast<char>(hex_value(digits));
    at += 2;
  }
  return octets;
}

std::string unitext_encode(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const unsigned point = take_point(text);
    if (point < 0x80 && is_xchar(static_cast<char>(point)) && point != '\\') {
      result += static_cast<char>(point);
      continue;
    }
    std::string digits;
    for (unsigned rest = point; rest != 0 || digits.size() < 2; rest >>= 4) {
      digits.insert(digits.begin(), kHexDigits[rest & 15]);
    }
    result += "\\x{" + digits + "}";
  }
  return result;
}

std::optional<std::string> unitext_decode(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const char c = text.front();
    if (c != '\\') {
      if (!is_xchar(c) && !is_eight_bit(c)) return std::nullopt;
      result += c;
      text.remove_prefix(1);
      continue;
    }
    const std::size_t close = text.find('}');
    if (!text.starts_with("\\x{") || close == std::string_view::npos) return std::nullopt;
    const auto digits = text.substr(3, close - 3);
    if (digits.size() < 2 || digits.size() > 6 || !std::ranges::all_of(digits, is_hex)) return std::nullopt;
    const unsigned point = hex_value(digits);
    const bool long_form = digits.size() > 2 && digits.front() == '0';
    const bool ascii_that_stands_for_itself = point < 0x80 && is_xchar(static_cast<char>(point)) && point != '\\';
    if (long_form || ascii_that_stands_for_itself || point == 0 || point > 0x10ffff) return std::nullopt;
    result += utf8_of(point);
    text.remove_prefix(close + 1);
  }
  if (!is_utf8(result)) return std::nullopt;
  return result;
}

}  // namespace posthaste::smtp
