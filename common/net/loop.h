// The thread that a coroutine lives on, as the others see it.
#pragma once

#include <functional>

namespace posthaste::net {

class Loop {
 public:
  Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  virtual ~Loop() = default;

  /// Runs `work` on the loop's thread, soon and in the order of the calls. May be called from any thread, and is
  /// never answered by a call from inside. Coroutines that `work` wakes go on after it.
  virtual void post(std::move_only_function<void()> work) = 0;
};

}  // namespace posthaste::net
