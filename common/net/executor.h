// Work that must not run on a loop: hashing, long scans, file reads, the store's writer.
#pragma once

#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

#include "common/net/loop.h"
#include "common/net/one_shot.h"
#include "common/net/task.h"

namespace posthaste::net {

class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  /// Runs `work` off the loop. Work posted to an executor of one thread runs in the order of the calls.
  virtual void post(std::move_only_function<void()> work) = 0;

  /// False when so much waits already that a caller who can refuse should (454 4.7.0, NO [UNAVAILABLE]).
  [[nodiscard]] virtual bool has_room() const = 0;

  /// Runs `work` off the loop and brings its result, which is not void, back to `loop`. What it throws is thrown to
  /// whoever awaits it.
  template <typename Work>
  Task<std::invoke_result_t<Work>> run(Loop& loop, Work work) {
    OneShot<std::invoke_result_t<Work>> result{loop};
    post([&result, &work] {
      try {
        result.set(work());
      } catch (...) {
        result.fail(std::current_exception());
      }
    });
    co_return co_await result;
  }
};

}  // namespace posthaste::net
