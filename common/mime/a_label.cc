#include "common/mime/a_label.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/base/octets.h"

namespace posthaste::mime {
namespace {

constexpr std::size_t kLabelMaxOctets = 63;  // RFC 1035 §2.3.4

// RFC 3492 §5.
constexpr std::uint32_t kBase = 36;
constexpr std::uint32_t kThresholdMin = 1;
constexpr std::uint32_t kThresholdMax = 26;
constexpr std::uint32_t kSkew = 38;
constexpr std::uint32_t kDamp = 700;
constexpr std::uint32_t kInitialBias = 72;
constexpr std::uint32_t kInitialCharacter = 0x80;

/// The characters of valid UTF-8.
std::vector<std::uint32_t> characters_of(std::string_view text) {
  std::vector<std::uint32_t> characters;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if ((octet & 0xC0U) == 0x80U) {
      characters.back() = characters.back() << 6U | (octet & 0x3FU);
    } else if (octet < 0x80U) {
      characters.push_back(octet);
    } else {
      characters.push_back(octet & (octet < 0xE0U ? 0x1FU : octet < 0xF0U ? 0x0FU : 0x07U));
    }
  }
  return characters;
}

/// RFC 3492 §6.1.
std::uint32_t adapt(std::uint32_t delta, std::uint32_t count, bool first) {
  delta = first ? delta / kDamp : delta / 2;
  delta += delta / count;
  std::uint32_t k = 0;
  for (; delta > (kBase - kThresholdMin) * kThresholdMax / 2; k += kBase) delta /= kBase - kThresholdMin;
  return k + (kBase - kThresholdMin + 1) * delta / (delta + kSkew);
}

/// A variable-length integer (RFC 3492 §3.3).
void append_integer(std::string& out, std::uint32_t value, std::uint32_t bias) {
  constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
  for (std::uint32_t k = kBase;; k += kBase) {
    const std::uint32_t threshold = std::clamp(k > bias ? k - bias : 0, kThresholdMin, kThresholdMax);
    if (value < threshold) break;
    out += kDigits[threshold + (value - threshold) % (kBase - threshold)];
    value = (value - threshold) / (kBase - threshold);
  }
  out += kDigits[value];
}

/// RFC 3492 §6.3. A label is too short for any number in it to run over.
std::string punycode(const std::vector<std::uint32_t>& characters) {
  std::string out;
  for (const auto c : characters) {
    if (c < kInitialCharacter) out += static_cast<char>(c);
  }
  auto handled = static_cast<std::uint32_t>(out.size());
  const std::uint32_t basic = handled;
  if (basic > 0) out += '-';
  std::uint32_t character = kInitialCharacter;
  std::uint32_t delta = 0;
  std::uint32_t bias = kInitialBias;
  while (handled < characters.size()) {
    std::uint32_t next = UINT32_MAX;
    for (const auto c : characters) {
      if (c >= character) next = std::min(next, c);
    }
    delta += (next - character) * (handled + 1);
    character = next;
    for (const auto c : characters) {
      if (c < character) ++delta;
      if (c != character) continue;
      append_integer(out, delta, bias);
      bias = adapt(delta, handled + 1, handled == basic);
      delta = 0;
      ++handled;
    }
    ++delta;
    ++character;
  }
  return out;
}

}  // namespace

std::optional<std::string> to_a_labels(std::string_view domain) {
  if (!is_utf8(domain)) return std::nullopt;
  std::string out;
  for (bool more = true; more;) {
    const auto dot = domain.find('.');
    more = dot != std::string_view::npos;
    const auto label = domain.substr(0, dot);
    domain.remove_prefix(more ? dot + 1 : domain.size());
    if (!has_eight_bit(label)) {
      out += label;
    } else {
      if (label.size() > kLabelMaxOctets * 4) return std::nullopt;
      const auto encoded = "xn--" + punycode(characters_of(lower(label)));
      if (encoded.size() > kLabelMaxOctets) return std::nullopt;
      out += encoded;
    }
    if (more) out += '.';
  }
  return out;
}

}  // namespace posthaste::mime
