// A value that another thread will bring, awaited on the loop.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "common/net/loop.h"
#include "common/net/task.h"

namespace posthaste::net {

/// Made on `loop`, awaited there once, and set once from any thread. It must stay where it is until it was
/// awaited; the awaiting coroutine's frame is the place for it.
template <typename T>
class OneShot {
 public:
  explicit OneShot(Loop& loop) noexcept : loop_(loop) {}
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;

  void set(T value) {
    loop_.post([this, value = std::move(value)]() mutable {
      value_.emplace(std::move(value));
      if (waiting_) resume(waiting_);
    });
  }

  /// Instead of set(): awaiting it throws.
  void fail(std::exception_ptr failure) {
    loop_.post([this, failure = std::move(failure)]() mutable {
      failure_ = std::move(failure);
      if (waiting_) resume(waiting_);
    });
  }

  [[nodiscard]] bool await_ready() const noexcept { return value_.has_value() || failure_ != nullptr; }
  void await_suspend(std::coroutine_handle<> coroutine) noexcept { waiting_ = coroutine; }
  T await_resume() {
    if (failure_) std::rethrow_exception(failure_);
    return std::move(*value_);
  }

 private:
  Loop& loop_;
  std::optional<T> value_;
  std::exception_ptr failure_;
  std::coroutine_handle<> waiting_;
};

}  // namespace posthaste::net
