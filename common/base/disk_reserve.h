// What mail leaves free on a file system where the operator has not said how much.
#pragma once

#include <algorithm>
#include <cstdint>

namespace posthaste {

/// 64 MB, or an eighth of a smaller file system.
[[nodiscard]] constexpr std::uint64_t usual_disk_reserve(std::uint64_t file_system_octets) noexcept {
  constexpr std::uint64_t kReserveOctets = std::uint64_t{64} << 20;
  constexpr std::uint64_t kReserveShare = 8;
  return std::min(kReserveOctets, file_system_octets / kReserveShare);
}

}  // namespace posthaste
