// SipHash-2-4 (Aumasson and Bernstein, 2012): a short hash that nobody can steer who lacks the key.
#pragma once

#include <cstdint>
#include <string_view>

namespace posthaste {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

[[nodiscard]] std::uint64_t siphash(const SipKey& key, std::string_view octets) noexcept;

}  // namespace posthaste
