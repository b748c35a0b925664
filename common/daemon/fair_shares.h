// Shares the threads of an executor out fairly: what one user asks for does not keep the others waiting.
#pragma once

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

/// A user has only so many pieces of work with the executor at once; more of them wait here, and the executor takes
/// what it has in the order in which it came. So users take turns, however much one of them asks for. Shared by all
/// workers; it and the executor outlive what was posted. From any thread.
class FairShares {
 public:
  explicit FairShares(std::size_t per_user_max) noexcept : per_user_max_(per_user_max) {}
  FairShares(const FairShares&) = delete;
  FairShares& operator=(const FairShares&) = delete;

  /// The user's way to `executor`: work that is posted to it runs there when it is the user's turn, and begins in
  /// the order of the calls. It may go while work is under way.
  [[nodiscard]] std::unique_ptr<net::Executor> of(UserId user, net::Executor& executor);

 private:
  struct Share {
    std::size_t posted = 0;  // never zero between calls
    std::deque<std::move_only_function<void()>> waiting;
  };
  class Turns;
  void post(UserId user, net::Executor& executor, std::move_only_function<void()> work);
  void hand_over(UserId user, net::Executor& executor, std::move_only_function<void()> work);
  void note_done(UserId user, net::Executor& executor);

  const std::size_t per_user_max_;
  std::mutex mutex_;
  std::unordered_map<UserId, Share> shares_;  // guarded by mutex_; of users with work under way
};

/// Of so many threads a user may hold half.
[[nodiscard]] constexpr std::size_t threads_per_user(std::uint32_t threads) noexcept {
  return threads < 4 ? 1 : threads / 2;
}

}  // namespace posthaste::daemon
