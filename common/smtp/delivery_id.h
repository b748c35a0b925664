// What our own daemons add to MAIL among themselves: a delivery's identity, for exactly once, and its trace id.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::smtp {

/// 128 random bits, minted before the first attempt and the same in every later one.
struct DeliveryId {
  std::array<std::byte, 16> octets{};
  auto operator<=>(const DeliveryId&) const = default;
};

/// 32 hexadecimal digits in lower case.
[[nodiscard]] std::string to_string(const DeliveryId& id);

/// Exactly 32 hexadecimal digits in any case, nothing otherwise.
[[nodiscard]] std::optional<DeliveryId> parse_delivery_id(std::string_view text) noexcept;

inline constexpr std::size_t kTraceIdMaxOctets = 64;

/// 1 to 64 octets of A-Z a-z 0-9 "-" and "_": an Atom, so that it fits the Received field (RFC 5321 §4.4).
[[nodiscard]] bool is_trace_id(std::string_view text) noexcept;

}  // namespace posthaste::smtp
