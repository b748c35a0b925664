#include "common/base/base64.h"

#include <array>
#include <cstdint>

namespace posthaste {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xff;

constexpr auto kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

}  // namespace

std::string base64_encode(std::string_view octets) {
  std::string text;
  text.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < octets.size() ? static_cast<unsigned char>(octets[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j <= octets.size() ? kAlphabet[group >> (18 - 6 * j) & 63U] : '=';
    }
  }
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string octets;
  octets.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      std::uint8_t value = 0;
      if (i + j < text.size() - padding) {
        value = kValues[static_cast<unsigned char>(text[i + j])];
        if (value == kNone) return std::nullopt;
      }
      group = group << 6 | value;
    }
    octets += static_cast<char>(group >> 16 & 255U);
    octets += static_cast<char>(group >> 8 & 255U);
    octets += static_cast<char>(group & 255U);
  }
  if (padding == 1 && octets.back() != '\0') return std::nullopt;  // bits beyond the last octet (RFC 4648 §3.5)
  if (padding == 2 && (octets.back() != '\0' || octets[octets.size() - 2] != '\0')) return std::nullopt;
  octets.resize(octets.size() - padding);
  return octets;
}

}  // namespace posthaste
