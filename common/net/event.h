// Coroutines of one loop waiting for one another.
#pragma once

#include <coroutine>
#include <vector>

#include "common/net/task.h"

namespace posthaste::net {

/// A place to wait for a change of state on the same loop. There is no memory: look at the state, then wait, then
/// look again. `while (!ready) co_await event.wait();`
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  struct Waiter {
    Event& event;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) const { event.waiting_.push_back(coroutine); }
    void await_resume() const noexcept {}
  };
  [[nodiscard]] Waiter wait() noexcept { return {*this}; }

  void notify_all() {
    const auto waiting = std::exchange(waiting_, {});
    for (const auto coroutine : waiting) resume(coroutine);
  }
  /// Wakes the one that has waited longest.
  void notify_one() {
    if (waiting_.empty()) return;
    const auto coroutine = waiting_.front();
    waiting_.erase(waiting_.begin());
    resume(coroutine);
  }

 private:
  std::vector<std::coroutine_handle<>> waiting_;
};

}  // namespace posthaste::net
