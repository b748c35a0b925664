// Time, real or simulated.
#pragma once

#include <chrono>

#include "common/base/clock.h"
#include "common/net/task.h"

namespace posthaste::net {

using Instant = std::chrono::time_point<std::chrono::steady_clock, std::chrono::milliseconds>;

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  /// Never goes back; for deadlines.
  [[nodiscard]] virtual Instant now() const = 0;
  /// What the calendar says, in UTC; may jump.
  [[nodiscard]] virtual WallTime wall() const = 0;
  virtual Task<void> sleep(std::chrono::milliseconds duration) = 0;
};

}  // namespace posthaste::net
