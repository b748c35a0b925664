#include "common/net/scope.h"

#include <cassert>
#include <exception>
#include <utility>

namespace posthaste::net {

/// The frame around a spawned task: nobody awaits it, it frees itself.
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> coroutine;

  static Detached run(TaskScope& scope, Task<void> task) {
    co_await task;
    scope.ended();
  }
};

TaskScope::~TaskScope() { assert(active_ == 0); }

void TaskScope::spawn(Task<void> task) {
  ++active_;
  resume(Detached::run(*this, std::move(task)).coroutine);
}

void TaskScope::ended() {
  if (--active_ == 0) empty_.notify_all();
}

void TaskScope::stop() {
  stopping_ = true;
  std::move_only_function<void()> call_handlers = [this] {
    for (auto& handler : stop_handlers_) handler();
  };
  run_in_turn(call_handlers);  // those whom the handlers wake may end, and their handlers with them
}

Task<void> TaskScope::drained() {
  while (active_ != 0) co_await empty_.wait();
}

TaskScope::StopHandler::StopHandler(TaskScope& scope, std::move_only_function<void()> handler)
    : scope_(scope), place_(scope.stop_handlers_.insert(scope.stop_handlers_.end(), std::move(handler))) {
  if (scope_.stopping_) (*place_)();
}

TaskScope::StopHandler::~StopHandler() { scope_.stop_handlers_.erase(place_); }

}  // namespace posthaste::net
