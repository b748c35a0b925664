#include "common/smtp/delivery_id.h"

#include <algorithm>

#include "common/base/octets.h"

namespace posthaste::smtp {
namespace {

constexpr unsigned digit_value(char c) noexcept {
  return static_cast<unsigned>(is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10);
}

}  // namespace

std::string to_string(const DeliveryId& id) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte octet : id.octets) {
    text += kDigits[std::to_integer<unsigned>(octet) >> 4];
    text += kDigits[std::to_integer<unsigned>(octet) & 15U];
  }
  return text;
}

std::optional<DeliveryId> parse_delivery_id(std::string_view text) noexcept {
  DeliveryId id;
  if (text.size() != 2 * id.octets.size() || !std::ranges::all_of(text, is_hex)) return std::nullopt;
  for (std::size_t i = 0; i < id.octets.size(); ++i) {
    id.octets[i] = static_cast<std::byte>(digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
  }
  return id;
}

bool is_trace_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kTraceIdMaxOctets &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
}

}  // namespace posthaste::smtp
