#include "common/mime/transfer.h"

#include <array>
#include <cstdint>

#include "common/base/octets.h"
#include "common/mime/lexer.h"

namespace posthaste::mime {
namespace {

constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> kBase64Digits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    digits[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}();

std::uint8_t base64_digit(char c) { return kBase64Digits[static_cast<unsigned char>(c)]; }

/// Appends what a line without its line end stands for, but for a soft line break at its end.
void append_decoded_line(std::string& octets, std::string_view line) {
  while (!line.empty()) {
    const std::size_t code = line.find('=');
    octets += line.substr(0, code);
    if (code == std::string_view::npos) return;
    line.remove_prefix(code);
    if (line.size() >= 3 && is_hex(line[1]) && is_hex(line[2])) {
      octets += static_cast<char>(hex_value(line[1]) << 4 | hex_value(line[2]));
      line.remove_prefix(3);
    } else {
      octets += '=';
      line.remove_prefix(1);
    }
  }
}

/// Appends a line without its line end. White space at its very end would be lost on the way (RFC 2045 §6.7, rule
/// 3).
void append_encoded_line(std::string& text, std::string_view line) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::size_t kLineMaxOctets = 76;
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool last = i + 1 == line.size();
    const bool plain = (is_printable(c) && c != '=') || (is_wsp(c) && !last);
    const std::size_t width = plain ? 1 : 3;
    if (column + width + (last ? 0 : 1) > kLineMaxOctets) {
      text += "=\r\n";
      column = 0;
    }
    if (plain) {
      text += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      text += {'=', kDigits[octet >> 4U], kDigits[octet & 15U]};
    }
    column += width;
  }
}

}  // namespace

TransferEncoding transfer_encoding(std::string_view token) noexcept {
  if (iequals(token, "7bit") || iequals(token, "8bit") || iequals(token, "binary"))
    return TransferEncoding::identity;
  if (iequals(token, "quoted-printable")) return TransferEncoding::quoted_printable;
  if (iequals(token, "base64")) return TransferEncoding::base64;
  return TransferEncoding::unknown;
}

std::string encode_quoted_printable(std::string_view octets) {
  std::string text;
  text.reserve(octets.size() + octets.size() / 8);
  while (true) {
    const std::size_t line_end = octets.find(kCrlf);
    append_encoded_line(text, octets.substr(0, line_end));
    if (line_end == std::string_view::npos) return text;
    text += kCrlf;
    octets.remove_prefix(line_end + kCrlf.size());
  }
}

std::string decode_quoted_printable(std::string_view text) {
  std::string octets;
  octets.reserve(text.size());
  while (!text.empty()) {
    const std::size_t line_feed = text.find('\n');
    std::string_view line = text.substr(0, line_feed);
    std::string_view line_end;
    if (line_feed != std::string_view::npos) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      line_end = text.substr(line.size(), line_feed + 1 - line.size());
    }
    text.remove_prefix(line.size() + line_end.size());
    while (!line.empty() && is_wsp(line.back())) line.remove_suffix(1);  // §6.7 (3): added on the way
    const bool soft = line.ends_with('=');                               // §6.7 (5)
    if (soft) line.remove_suffix(1);
    append_decoded_line(octets, line);
    if (!soft) octets += line_end;
  }
  return octets;
}

std::string decode_base64(std::string_view text) {
  std::string octets;
  octets.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  unsigned digits = 0;  // of the group being read
  const auto end_group = [&] {
    if (digits >= 2) octets += static_cast<char>(bits >> (digits == 2 ? 4 : 10) & 0xFF);
    if (digits == 3) octets += static_cast<char>(bits >> 2 & 0xFF);
    bits = 0;
    digits = 0;
  };
  for (const char c : text) {
    if (c == '=') end_group();
    const std::uint8_t digit = base64_digit(c);
    if (digit == kNoDigit) continue;
    bits = bits << 6 | digit;
    if (++digits < 4) continue;
    octets += static_cast<char>(bits >> 16 & 0xFF);
    octets += static_cast<char>(bits >> 8 & 0xFF);
    octets += static_cast<char>(bits & 0xFF);
    bits = 0;
    digits = 0;
  }
  end_group();
  return octets;
}

std::string decode_transfer(TransferEncoding encoding, std::string_view body) {
  switch (encoding) {
    case TransferEncoding::quoted_printable: return decode_quoted_printable(body);
    case TransferEncoding::base64: return decode_base64(body);
    case TransferEncoding::identity:
    case TransferEncoding::unknown: break;
  }
  return std::string(body);
}

}  // namespace posthaste::mime
