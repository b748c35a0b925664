// Work that nobody awaits: a scope counts it, asks it to stop, and is drained before it goes.
#pragma once

#include <coroutine>
#include <cstddef>
#include <functional>
#include <list>

#include "common/net/event.h"
#include "common/net/task.h"

namespace posthaste::net {

/// Lives on one loop. Must be drained before it is destroyed.
class TaskScope {
 public:
  TaskScope() = default;
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  ~TaskScope();

  /// Starts `task` on this thread; an exception that leaves it ends the program.
  void spawn(Task<void> task);

  /// What the scope does when stop() is called, as long as this registration lives: usually interrupts a stream.
  class StopHandler {
   public:
    StopHandler(TaskScope& scope, std::move_only_function<void()> handler);
    StopHandler(const StopHandler&) = delete;
    StopHandler& operator=(const StopHandler&) = delete;
    ~StopHandler();

   private:
    TaskScope& scope_;
    std::list<std::move_only_function<void()>>::iterator place_;
  };

  /// Calls every stop handler, now and for those registered later.
  void stop();
  [[nodiscard]] bool stopping() const noexcept { return stopping_; }
  [[nodiscard]] std::size_t active() const noexcept { return active_; }

  /// Waits until no spawned task is left.
  Task<void> drained();

 private:
  friend struct Detached;
  void ended();

  std::size_t active_ = 0;
  bool stopping_ = false;
  std::list<std::move_only_function<void()>> stop_handlers_;
  Event empty_;
};

}  // namespace posthaste::net
