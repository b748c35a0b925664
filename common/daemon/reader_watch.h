// A daemon's watch over its own read transactions: one that never ends lets the index grow until the disk is full.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "common/log/log.h"

namespace posthaste::daemon {

/// Looks once a second, on a thread of its own. Read transactions that took too long are counted, and told as
/// `daemon.reader.held` at most every ten looks. One that is there for ten looks in a row is told as
/// `daemon.reader.stuck`, and ends the process: its thread cannot be interrupted safely, and the parent starts
/// another child. The writer of an environment clears away readers whose process died, and tells of another
/// process's that stays: `daemon.reader.elsewhere`.
class ReaderWatch {
 public:
  static constexpr std::chrono::milliseconds kInterval{1'000};

  /// `beside` is called at each look.
  explicit ReaderWatch(
      const log::Log& log, std::chrono::milliseconds interval = kInterval, std::function<void()> beside = [] {});
  ReaderWatch(const ReaderWatch&) = delete;
  ReaderWatch& operator=(const ReaderWatch&) = delete;
  ~ReaderWatch();

 private:
  void watch();
  [[nodiscard]] bool wait();

  const log::Log& log_;
  const std::chrono::milliseconds interval_;
  const std::function<void()> beside_;
  std::mutex mutex_;
  std::condition_variable ends_;
  bool ending_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace posthaste::daemon
