#include "pop3d/last_logins.h"

namespace posthaste::pop3d {

bool LastLogins::too_soon(UserId user, net::Instant now) const {
  const std::scoped_lock lock{mutex_};
  const auto last = last_.find(user);
  return last != last_.end() && now - last->second < delay_;
}

void LastLogins::note(UserId user, net::Instant now) {
  if (delay_.count() == 0) return;
  const std::scoped_lock lock{mutex_};
  last_[user] = now;
}

}  // namespace posthaste::pop3d
