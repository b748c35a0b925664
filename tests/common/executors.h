// Executors whose work a test runs itself.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

#include "common/net/executor.h"

namespace posthaste {

/// Runs work when it is told to, so that a test decides what waits together.
class HeldExecutor final : public net::Executor {
 public:
  void post(std::move_only_function<void()> work) override { waiting_.push_back(std::move(work)); }
  [[nodiscard]] bool has_room() const override { return true; }
  void run() {
    while (!waiting_.empty()) {
      auto work = std::move(waiting_.front());
      waiting_.pop_front();
      work();
    }
  }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  std::deque<std::move_only_function<void()>> waiting_;
};

class InlineExecutor final : public net::Executor {
 public:
  void post(std::move_only_function<void()> work) override { work(); }
  [[nodiscard]] bool has_room() const override { return true; }
};

}  // namespace posthaste
