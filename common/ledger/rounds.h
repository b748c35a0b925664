// Many who ask, one thread that works: what waits goes in groups, and nobody waits for a timer.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "common/net/executor.h"

namespace posthaste::ledger {

/// Goes round on one executor of one thread, or on one that runs work inline, for as long as somebody waits. `Line`
/// says who is next: it has a type Waiting, add(Waiting), empty(), and take_group(), which gives a std::deque of
/// them, empty when nobody waits.
template <typename Line>
class Rounds {
 public:
  using Waiting = typename Line::Waiting;
  using Group = std::deque<Waiting>;
  /// Does a group, which may be empty, on the executor's thread. True: another round is due, though nobody waits.
  using Work = std::function<bool(Group)>;

  /// `executor` outlives it, and so does whatever `work` uses.
  Rounds(net::Executor& executor, Work work) : executor_(executor), work_(std::move(work)) {}
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;
  /// Waits for the round that is under way. Nobody waits in the line any more.
  ~Rounds() {
    std::unique_lock lock(mutex_);
    ending_ = true;
    idle_.wait(lock, [this] { return !going_; });
  }

  /// The first round, for which nobody asks. Once, before the first add().
  void start() {
    {
      const std::scoped_lock lock(mutex_);
      going_ = true;
    }
    executor_.post([this] { go(); });
  }

  /// From any thread, also from within a round.
  void add(Waiting waiting) {
    {
      const std::scoped_lock lock(mutex_);
      line_.add(std::move(waiting));
      if (std::exchange(going_, true)) return;
    }
    executor_.post([this] { go(); });
  }

  [[nodiscard]] bool somebody_waits() const {
    const std::scoped_lock lock(mutex_);
    return !line_.empty();
  }

  /// From now on there is a round only for those who wait.
  [[nodiscard]] bool is_ending() const {
    const std::scoped_lock lock(mutex_);
    return ending_;
  }

 private:
  void go() {
    while (goes_on(work_(take_group()))) {
    }
  }

  [[nodiscard]] Group take_group() {
    const std::scoped_lock lock(mutex_);
    return line_.take_group();
  }

  /// Decided while nobody can come: whoever comes after the last round posts the next one.
  [[nodiscard]] bool goes_on(bool another_is_due) {
    const std::scoped_lock lock(mutex_);
    going_ = !line_.empty() || (another_is_due && !ending_);
    if (!going_) idle_.notify_all();
    return going_;
  }

  net::Executor& executor_;
  const Work work_;
  mutable std::mutex mutex_;
  Line line_;            // guarded by mutex_
  bool going_ = false;   // guarded by mutex_
  bool ending_ = false;  // guarded by mutex_
  std::condition_variable idle_;
};

}  // namespace posthaste::ledger
