// Shares the threads of an executor out fairly: what one user asks for does not keep the others waiting.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "common/base/ids.h"
#include "common/net/executor.h"

namespace posthaste::daemon {

/// How long the calling thread has worked, and what time it is.
struct WorkClock {
  std::chrono::nanoseconds (*worked)() noexcept;
  std::chrono::nanoseconds (*now)() noexcept;
};

/// Processor time of the thread, and the steady clock.
[[nodiscard]] WorkClock system_work_clock() noexcept;

/// A user has only so many pieces of work with the executor at once; more of them wait here, and the executor takes
/// what it has in the order in which it came. So users take turns, however much one of them asks for. Who made it
/// work for long is served by another executor, whose threads run when nobody else needs the processor, until time
/// has made up for it: so nobody's short work waits for long work, neither for a thread nor for a processor.
/// Shared by all workers; it and the executors outlive what was posted. From any thread.
class FairShares {
 public:
  /// With more owed a user's work goes to the patient executor.
  static constexpr std::chrono::milliseconds kOwedMax{50};
  /// More is not counted, and a tenth of the time that passes is forgiven: a second after the last of it a user is
  /// served like all others again.
  static constexpr std::chrono::milliseconds kCountedMax{150};
  static constexpr int kForgivenPart = 10;

  /// Without `patient` all goes to the executor that it is posted to, and nothing is measured.
  explicit FairShares(std::size_t per_user_max, net::Executor* patient = nullptr,
                      WorkClock clock = system_work_clock()) noexcept
      : per_user_max_(per_user_max), patient_(patient), clock_(clock) {}
  FairShares(const FairShares&) = delete;
  FairShares& operator=(const FairShares&) = delete;

  /// The user's way to `executor`: work that is posted to it runs there, or patiently, when it is the user's turn,
  /// and begins in the order of the calls. It may go while work is under way.
  [[nodiscard]] std::unique_ptr<net::Executor> of(UserId user, net::Executor& executor);

 private:
  using Work = std::move_only_function<void()>;
  struct Share {
    std::size_t posted = 0;
    std::deque<Work> waiting;
    std::chrono::nanoseconds owed{0};  // as it was at owed_at
    std::chrono::nanoseconds owed_at{0};
  };
  class Turns;
  void post(UserId user, net::Executor& executor, Work work);
  void hand_over(UserId user, net::Executor& executor, bool patiently, Work work);
  void note_done(UserId user, net::Executor& executor, std::chrono::nanoseconds worked);
  [[nodiscard]] std::chrono::nanoseconds measured(Work work) const;
  [[nodiscard]] std::chrono::nanoseconds owed_by(const Share& share) const;
  [[nodiscard]] bool must_be_patient(const Share& share) const;
  /// When there are many, those who have nothing under way and owe nothing are forgotten.
  void forget_some();

  static constexpr std::size_t kForgetMin = 1'000;

  const std::size_t per_user_max_;
  net::Executor* const patient_;
  const WorkClock clock_;
  std::mutex mutex_;
  std::unordered_map<UserId, Share> shares_;  // guarded by mutex_
  std::size_t forget_at_ = kForgetMin;        // so many shares; likewise
};

/// Of so many threads a user may hold half.
[[nodiscard]] constexpr std::size_t threads_per_user(std::uint32_t threads) noexcept {
  return threads < 4 ? 1 : threads / 2;
}

/// Of so many threads those for patient work: one processor is left to all others. A kernel may let work that goes
/// on keep its processor until the next tick, however patient it is.
[[nodiscard]] constexpr std::size_t patient_threads(std::uint32_t threads, std::size_t processors) noexcept {
  return std::clamp<std::size_t>(processors > 1 ? processors - 1 : 1, 1, threads);
}

}  // namespace posthaste::daemon
