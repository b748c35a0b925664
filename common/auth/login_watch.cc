#include "common/auth/login_watch.h"

namespace posthaste::auth {

LoginWatch::Place LoginWatch::add(ProvedLogin login, OnEnd on_end) {
  const std::uint64_t key = next_key_++;
  logins_.emplace(key, Entry{std::move(login), std::move(on_end)});
  return Place{*this, key};
}

net::Task<void> LoginWatch::run() {
  while (!stopping_) {
    const auto next_look = clock_.now() + kInterval;
    co_await alarm_.wait_until(next_look);
    if (stopping_) break;
    // Read before the logins are: a change in between is seen at the next look.
    const auto last = directory_.last_transaction();
    const bool changed = !last || *last != seen_;
    co_await look_behind(changed ? 0 : looked_at_);
    if (last) seen_ = *last;
  }
}

void LoginWatch::stop() {
  stopping_ = true;
  alarm_.ring();
}

net::Task<void> LoginWatch::look_behind(std::uint64_t key) {
  std::size_t looked_at = 0;
  for (auto at = logins_.upper_bound(key); at != logins_.end() && !stopping_; at = logins_.upper_bound(key)) {
    key = at->first;
    // What cannot be read ends nobody.
    const auto counts = directory_.still_counts(at->second.login);
    if (counts && !*counts && at->second.on_end) {
      OnEnd on_end = std::exchange(at->second.on_end, nullptr);
      on_end();  // the entry may be gone when it returns
    }
    if (++looked_at % kLoginsAtOnce == 0) {
      const std::chrono::milliseconds at_once{0};
      co_await clock_.sleep(at_once);
    }
  }
  looked_at_ = key;
}

}  // namespace posthaste::auth
