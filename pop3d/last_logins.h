// When each user logged in last (RFC 2449 §6.5), over all workers.
#pragma once

#include <chrono>
#include <mutex>
#include <unordered_map>

#include "common/base/ids.h"
#include "common/net/clock.h"

namespace posthaste::pop3d {

/// One for the daemon. Any thread may call.
class LastLogins {
 public:
  /// `delay` is how long a user must wait from one login to the next. Zero: not at all, and nothing is kept.
  explicit LastLogins(std::chrono::seconds delay) : delay_(delay) {}

  [[nodiscard]] bool too_soon(UserId user, net::Instant now) const;
  void note(UserId user, net::Instant now);

 private:
  const std::chrono::seconds delay_;
  mutable std::mutex mutex_;
  std::unordered_map<UserId, net::Instant> last_;  // guarded by mutex_; no larger than there are users
};

}  // namespace posthaste::pop3d
