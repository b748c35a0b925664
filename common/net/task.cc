#include "common/net/task.h"

#include <vector>

namespace posthaste::net {
namespace {

/// The coroutines of one thread that may go on, in the order in which they became ready.
class Trampoline {
 public:
  void add(std::coroutine_handle<> coroutine) { ready_.push_back(coroutine); }

  /// Calls `first`, then lets the coroutines go on until none is ready. Inside another run it only calls `first`.
  template <typename First>
  void run(First first) {
    if (running_) return first();
    running_ = true;
    first();
    while (next_ < ready_.size()) {
      const auto turn = ready_[next_++];
      if (next_ == ready_.size()) {
        ready_.clear();
        next_ = 0;
      }
      turn.resume();
    }
    running_ = false;
  }

 private:
  std::vector<std::coroutine_handle<>> ready_;
  std::size_t next_ = 0;
  bool running_ = false;
};

Trampoline& trampoline() {
  thread_local Trampoline trampoline;
  return trampoline;
}

}  // namespace

void resume(std::coroutine_handle<> coroutine) {
  trampoline().run([coroutine] { trampoline().add(coroutine); });
}

void run_in_turn(std::move_only_function<void()>& work) {
  trampoline().run([&work] { work(); });
}

}  // namespace posthaste::net
