#include "common/base/octets.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace posthaste {

bool iequals(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

bool istarts_with(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), to_lower);
  return result;
}

std::string upper(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), to_upper);
  return result;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_wsp(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_wsp(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

namespace {

/// Length of the UTF-8 sequence that `text` starts with, 0 if it starts with none (RFC 3629 §4).
std::size_t utf8_sequence(std::string_view text) noexcept {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
    return i < text.size() && at(i) >= low && at(i) <= high;
  };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead == 0xe0) return tail(1, 0xa0) && tail(2) ? 3 : 0;
  if (lead == 0xed) return tail(1, 0x80, 0x9f) && tail(2) ? 3 : 0;
  if (lead >= 0xe1 && lead <= 0xef) return tail(1) && tail(2) ? 3 : 0;
  if (lead == 0xf0) return tail(1, 0x90) && tail(2) && tail(3) ? 4 : 0;
  if (lead >= 0xf1 && lead <= 0xf3) return tail(1) && tail(2) && tail(3) ? 4 : 0;
  if (lead == 0xf4) return tail(1, 0x80, 0x8f) && tail(2) && tail(3) ? 4 : 0;
  return 0;
}

}  // namespace

std::size_t ascii_octets(std::string_view text) noexcept {
  std::size_t octets = 0;
  for (std::uint64_t eight = 0; octets + sizeof(eight) <= text.size(); octets += sizeof(eight)) {
    std::memcpy(&eight, text.data() + octets, sizeof(eight));
    if ((eight & 0x8080'8080'8080'8080U) != 0) break;
  }
  while (octets < text.size() && !is_eight_bit(text[octets])) ++octets;
  return octets;
}

bool is_utf8(std::string_view text) noexcept {
  while (true) {
    text.remove_prefix(ascii_octets(text));
    if (text.empty()) return true;
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
}

bool has_eight_bit(std::string_view text) noexcept { return ascii_octets(text) < text.size(); }

void replace_nul(std::string& octets, std::size_t start) noexcept {
  while ((start = octets.find('\0', start)) != std::string::npos) octets[start++] = '\x80';
}

std::string escaped(std::string_view octets, std::size_t max_octets) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string result;
  for (const char c : octets.substr(0, max_octets)) {
    if (c == ' ' || (is_printable(c) && c != '\\')) {
      result += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      result += {'\\', 'x', kHex[octet >> 4], kHex[octet & 15]};
    }
  }
  if (octets.size() > max_octets) result += "...";
  return result;
}

}  // namespace posthaste
