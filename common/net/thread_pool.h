// An executor of real threads.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/net/executor.h"

namespace posthaste::net {

/// Ends when what was posted is done.
class ThreadPool final : public Executor {
 public:
  /// has_room() is true while fewer than `waiting_max` pieces wait.
  explicit ThreadPool(std::size_t threads, std::size_t waiting_max = 1024);
  ~ThreadPool() override;

  void post(std::move_only_function<void()> work) override;
  [[nodiscard]] bool has_room() const override;

 private:
  void work_until_stopped();

  const std::size_t waiting_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> waiting_;  // guarded by mutex_
  bool stopping_ = false;                                // guarded by mutex_
  std::vector<std::jthread> threads_;
};

}  // namespace posthaste::net
