// Ends sessions whose login is worth nothing any more: the user was deleted or disabled, or the password changed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "common/auth/directory.h"
#include "common/net/alarm.h"
#include "common/net/clock.h"
#include "common/net/task.h"

namespace posthaste::auth {

/// Looks every kInterval whether the directory was changed, and only then at its logins. Lives on one loop.
class LoginWatch {
 public:
  static constexpr std::chrono::milliseconds kInterval{1'000};
  /// How long a session that was told may go on with what it is at, before its connection is to be closed.
  static constexpr std::chrono::milliseconds kLastWordsTime{900};
  static constexpr std::size_t kLoginsAtOnce = 256;  // then other sessions run

  /// Called once, on the loop: the login counts no more. It interrupts the session's stream, and may not wait.
  using OnEnd = std::move_only_function<void()>;

  /// Both outlive it.
  LoginWatch(const Directory& directory, net::Clock& clock) : directory_(directory), clock_(clock), alarm_(clock) {}
  LoginWatch(const LoginWatch&) = delete;
  LoginWatch& operator=(const LoginWatch&) = delete;

  /// A session's place: nobody calls it back once this is gone. Does not outlive the watch.
  class Place {
   public:
    Place(Place&& other) noexcept : watch_(std::exchange(other.watch_, nullptr)), key_(other.key_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(watch_, other.watch_);
      std::swap(key_, other.key_);
      return *this;
    }
    ~Place() {
      if (watch_ != nullptr) watch_->logins_.erase(key_);
    }

   private:
    friend class LoginWatch;
    Place(LoginWatch& watch, std::uint64_t key) noexcept : watch_(&watch), key_(key) {}
    LoginWatch* watch_;
    std::uint64_t key_;
  };

  /// A change between the check of the password and this call is noticed too.
  [[nodiscard]] Place add(ProvedLogin login, OnEnd on_end);

  /// Watches until stop(). Spawned once.
  net::Task<void> run();
  void stop();

 private:
  struct Entry {
    ProvedLogin login;
    OnEnd on_end;  // empty once called
  };

  /// Looks at the logins that came after `key`, and calls those that count no more.
  net::Task<void> look_behind(std::uint64_t key);

  const Directory& directory_;
  net::Clock& clock_;
  net::Alarm alarm_;
  std::map<std::uint64_t, Entry> logins_;  // by age
  std::uint64_t next_key_ = 1;
  std::uint64_t seen_ =
      0;  // the directory's last transaction that all logins up to `looked_at_` were compared with
  std::uint64_t looked_at_ = 0;
  bool stopping_ = false;
};

}  // namespace posthaste::auth
