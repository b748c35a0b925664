// Sleep that others can end.
#pragma once

#include <algorithm>
#include <chrono>

#include "common/net/clock.h"
#include "common/net/event.h"
#include "common/net/task.h"

namespace posthaste::net {

/// Lives on one loop, and longer than whoever waits for it. It has one sleeper at most.
class Alarm {
 public:
  /// `clock` outlives it.
  explicit Alarm(Clock& clock) : clock_(clock) {}

  /// Until `at`, or until ring(). A ring() that came since the last wait ended counts.
  Task<void> wait_until(Instant at) {
    const auto duration = std::max(at - clock_.now(), std::chrono::milliseconds{0});
    const auto timer = clock_.start_timer(duration, [this] { ring(); });
    while (!rung_) co_await changed_.wait();
    rung_ = false;
  }

  void ring() {
    rung_ = true;
    changed_.notify_all();
  }

 private:
  Clock& clock_;
  bool rung_ = false;
  Event changed_;
};

}  // namespace posthaste::net
