// Coroutine tasks: lazy, awaited once, and resumed through one trampoline per thread.
#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace posthaste::net {

/// Resumes `coroutine` on this thread. Inside another resume it waits its turn instead of nesting, so that a
/// million awaits which finish at once need no stack (g++ 12's symmetric transfer does, without optimisation
/// and under sanitizers). Everything that wakes a coroutine goes through here.
void resume(std::coroutine_handle<> coroutine);

/// Runs `work`, and after it those whom it has woken: nobody's frame goes while `work` still looks at it.
void run_in_turn(std::move_only_function<void()>& work);

template <typename T>
class Task;

namespace detail {

struct PromiseBase {
  std::coroutine_handle<> awaiter;  // set once the awaiting coroutine really waits
  std::exception_ptr exception;

  struct FinalAwait {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
      if (finished.promise().awaiter) resume(finished.promise().awaiter);
    }
    void await_resume() const noexcept {}
  };

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] FinalAwait final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { exception = std::current_exception(); }
};

template <typename T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() noexcept;
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (exception) std::rethrow_exception(exception);
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const {
    if (exception) std::rethrow_exception(exception);
  }
};

}  // namespace detail

/// Work that starts when it is awaited, and is awaited exactly once. Its parameters live in its frame.
template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle coroutine) noexcept : coroutine_(coroutine) {}
  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  /// Runs the task up to its first real wait; does not suspend the awaiter when the task got to its end.
  bool await_suspend(std::coroutine_handle<> awaiter) {
    coroutine_.resume();
    if (coroutine_.done()) return false;
    coroutine_.promise().awaiter = awaiter;
    return true;
  }
  T await_resume() { return coroutine_.promise().take(); }

 private:
  Handle coroutine_;
};

namespace detail {

template <typename T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>{std::coroutine_handle<Promise<T>>::from_promise(*this)};
}

inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>{std::coroutine_handle<Promise<void>>::from_promise(*this)};
}

}  // namespace detail

/// A value that is here already, or the task that brings it: what a function returns whose usual case needs no
/// coroutine. Awaiting it suspends only when there is something to wait for.
template <typename T>
class [[nodiscard]] ValueOrTask {
 public:
  ValueOrTask(T value) : value_(std::move(value)) {}     // NOLINT(google-explicit-constructor)
  ValueOrTask(Task<T> task) : task_(std::move(task)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool await_ready() const noexcept { return value_.has_value(); }
  bool await_suspend(std::coroutine_handle<> awaiter) { return task_->await_suspend(awaiter); }
  T await_resume() { return value_ ? std::move(*value_) : task_->await_resume(); }

 private:
  std::optional<T> value_;
  std::optional<Task<T>> task_;
};

}  // namespace posthaste::net
