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

/// Whose turn it is where processors are short.
enum class Urgency {
  patient,  // when nobody else needs one
  usual,
};

/// Ends when what was posted is done.
class ThreadPool final : public Executor {
 public:
  static constexpr std::size_t kWaitingMax = 1'024;

  /// has_room() is true while fewer than `waiting_max` pieces wait.
  explicit ThreadPool(std::size_t threads, std::size_t waiting_max = kWaitingMax, Urgency urgency = Urgency::usual);
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
