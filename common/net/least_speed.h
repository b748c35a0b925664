// How slowly octets may come: for a message that somebody waits for, or that takes room.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "common/net/clock.h"

namespace posthaste::net {

/// Ends at an instant that every octet puts off, to `patience` from now at most: what came fast earns nobody the
/// right to come by drops afterwards.
class LeastSpeed {
 public:
  LeastSpeed(Instant now, std::chrono::milliseconds patience, std::uint64_t octets_per_second) noexcept
      : patience_(patience), octets_per_second_(octets_per_second), ends_(now + patience) {}

  void note(Instant now, std::uint64_t octets) noexcept {
    octets_ += octets;
    const std::uint64_t earned_ms = octets_ * 1'000 / octets_per_second_;
    octets_ -= earned_ms * octets_per_second_ / 1'000;
    ends_ = std::min(ends_ + std::chrono::milliseconds{earned_ms}, now + patience_);
  }
  /// What is left; nothing once it is too slow.
  [[nodiscard]] std::chrono::milliseconds left(Instant now) const noexcept {
    return std::max(ends_ - now, std::chrono::milliseconds{0});
  }

 private:
  std::chrono::milliseconds patience_;
  std::uint64_t octets_per_second_;
  std::uint64_t octets_ = 0;  // that have not earned a millisecond yet
  Instant ends_;
};

}  // namespace posthaste::net
