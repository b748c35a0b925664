// Who has much to do at once does it in turns, so that nobody else on the loop waits for the end of it.
#pragma once

#include <chrono>

#include "common/net/clock.h"
#include "common/net/task.h"

namespace posthaste::net {

/// A peer may send thousands of commands in one piece. A session that counts its steps lets others run in between.
class Turns {
 public:
  static constexpr int kStepsInOne = 16;

  /// `clock` outlives it.
  explicit Turns(Clock& clock) noexcept : clock_(clock) {}

  /// One step more was made; true when the turn is over.
  [[nodiscard]] bool step() noexcept {
    if (++steps_ < kStepsInOne) return false;
    steps_ = 0;
    return true;
  }
  Task<void> let_others_run() { return clock_.sleep(std::chrono::milliseconds{0}); }

 private:
  Clock& clock_;
  int steps_ = 0;
};

}  // namespace posthaste::net
