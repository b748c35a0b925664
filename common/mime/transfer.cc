#include "common/mime/transfer.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "common/base/octets.h"
#include "common/mime/lexer.h"

namespace posthaste::mime {
namespace {

constexpr std::uint8_t kNoDigit = 0xFF;
constexpr std::size_t kSpaceMaxOctets = 1'000;     // at a line's end, that goes
constexpr std::size_t kHeldLineMaxOctets = 4'000;  // of a line whose end has not come

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

/// Appends what is left when a group of base64 ends with so many digits (RFC 4648 §4).
void append_end_of_group(std::string& octets, std::uint32_t bits, unsigned digits) {
  if (digits >= 2) octets += static_cast<char>(bits >> (digits == 2 ? 4 : 10) & 0xFF);
  if (digits == 3) octets += static_cast<char>(bits >> 2 & 0xFF);
}

/// Appends what a piece of a line stands for, but for a soft line break at its end.
void append_decoded(std::string& octets, std::string_view line) {
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

/// Appends a line without its line end. False if it ends with a soft line break.
bool append_decoded_line(std::string& octets, std::string_view line) {
  const std::size_t kept = line.size() - std::min(line.size(), kSpaceMaxOctets);
  while (line.size() > kept && is_wsp(line.back())) line.remove_suffix(1);  // §6.7 (3): added on the way
  const bool soft = line.ends_with('=');                                    // §6.7 (5)
  if (soft) line.remove_suffix(1);
  append_decoded(octets, line);
  return !soft;
}

/// Appends lines each of which has its line end.
void append_decoded_lines(std::string& octets, std::string_view text) {
  while (!text.empty()) {
    const std::size_t line_feed = text.find('\n');
    std::string_view line = text.substr(0, line_feed);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string_view line_end = text.substr(line.size(), line_feed + 1 - line.size());
    text.remove_prefix(line_feed + 1);
    if (append_decoded_line(octets, line)) octets += line_end;
  }
}

/// How much of the beginning of a line means the same however the line ends: not the CR, nor the white space, nor
/// the "=" of a soft line break before it that its end may show, and no half of a code.
std::size_t octets_known(std::string_view line) {
  std::size_t known = line.size() - kSpaceMaxOctets - 2;
  for (const std::size_t back : {1U, 2U}) {
    if (line[known - back] == '=') return known - back;
  }
  return known;
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
  return decode_transfer(TransferEncoding::quoted_printable, text);
}

std::string decode_base64(std::string_view text) { return decode_transfer(TransferEncoding::base64, text); }

std::string decode_transfer(TransferEncoding encoding, std::string_view body) {
  TransferDecoder decoder{encoding};
  std::string octets = decoder.feed(body);
  octets += decoder.finish();
  return octets;
}

std::string TransferDecoder::feed(std::string_view slice) {
  switch (encoding_) {
    case TransferEncoding::quoted_printable: return feed_quoted_printable(slice);
    case TransferEncoding::base64: return feed_base64(slice);
    case TransferEncoding::identity:
    case TransferEncoding::unknown: break;
  }
  return std::string(slice);
}

std::string TransferDecoder::finish() {
  std::string octets;
  append_end_of_group(octets, std::exchange(bits_, 0), std::exchange(digits_, 0));
  append_decoded_line(octets, std::exchange(line_, {}));
  return octets;
}

std::string TransferDecoder::feed_base64(std::string_view slice) {
  std::string octets;
  octets.reserve(slice.size() / 4 * 3 + 5);
  std::uint32_t bits = bits_;
  unsigned digits = digits_;
  for (const char c : slice) {
    if (c == '=') append_end_of_group(octets, std::exchange(bits, 0), std::exchange(digits, 0));
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
  bits_ = bits;
  digits_ = digits;
  return octets;
}

std::string TransferDecoder::feed_quoted_printable(std::string_view slice) {
  std::string octets;
  octets.reserve(line_.size() + slice.size());
  if (!line_.empty()) {
    const std::size_t line_feed = slice.find('\n');
    const auto rest = slice.substr(0, line_feed == std::string_view::npos ? line_feed : line_feed + 1);
    line_ += rest;
    slice.remove_prefix(rest.size());
    if (line_.ends_with('\n')) append_decoded_lines(octets, std::exchange(line_, {}));
  }
  const std::size_t whole_lines = slice.rfind('\n') + 1;  // npos + 1 is 0
  append_decoded_lines(octets, slice.substr(0, whole_lines));
  line_ += slice.substr(whole_lines);
  if (line_.size() > kHeldLineMaxOctets) {
    const std::size_t known = octets_known(line_);
    append_decoded(octets, std::string_view{line_}.substr(0, known));
    line_.erase(0, known);
  }
  return octets;
}

}  // namespace posthaste::mime
