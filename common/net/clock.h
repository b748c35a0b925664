// Time, real or simulated.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "common/base/clock.h"
#include "common/net/task.h"

namespace posthaste::net {

using Instant = std::chrono::time_point<std::chrono::steady_clock, std::chrono::milliseconds>;

/// Something that will happen, unless this goes before.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() = default;
};

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
  /// Calls `fire` once after `duration`, on the loop's thread. `fire` may let the timer go.
  [[nodiscard]] virtual std::unique_ptr<Timer> start_timer(std::chrono::milliseconds duration,
                                                           std::move_only_function<void()> fire) = 0;
};

}  // namespace posthaste::net
