#include "common/mime/encode_words.h"

#include <algorithm>
#include <cstddef>

#include "common/base/octets.h"

namespace posthaste::mime {
namespace {

// Of one encoded word, so that it has 75 characters at most (RFC 2047 §2).
constexpr std::size_t kEncodedMaxOctets = 15;

bool is_literal(char c) { return is_alnum(c) || std::string_view{"!*+-/"}.contains(c); }

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

}  // namespace

std::string encode_words(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string words;
  const bool utf8 = is_utf8(text);
  for (bool first = true; !text.empty(); first = false) {
    std::size_t count = std::min(text.size(), kEncodedMaxOctets);
    while (utf8 && count < text.size() && count > 1 && is_continuation(text[count])) --count;
    words.append(first ? "=?" : "\r\n =?").append(utf8 ? "utf-8" : "unknown-8bit").append("?q?");
    for (const char c : text.substr(0, count)) {
      if (is_literal(c)) {
        words += c;
      } else if (c == ' ') {
        words += '_';
      } else {
        const auto octet = static_cast<unsigned char>(c);
        words.append("=") += kHex[octet >> 4U];
        words += kHex[octet & 0xfU];
      }
    }
    words += "?=";
    text.remove_prefix(count);
  }
  return words;
}

}  // namespace posthaste::mime
