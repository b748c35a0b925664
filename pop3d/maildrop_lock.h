// One session per maildrop (RFC 1939 §4): who is in, counted over all workers.
#pragma once

#include <mutex>
#include <optional>
#include <unordered_set>
#include <utility>

#include "common/base/ids.h"

namespace posthaste::pop3d {

/// One for the daemon, which is the only one that serves POP3. Any thread may call.
class MaildropLocks {
 public:
  MaildropLocks() = default;
  MaildropLocks(const MaildropLocks&) = delete;
  MaildropLocks& operator=(const MaildropLocks&) = delete;

  /// A user's maildrop, ours until the lock goes. Does not outlive the table.
  class Lock {
   public:
    Lock(Lock&& other) noexcept : table_(std::exchange(other.table_, nullptr)), user_(other.user_) {}
    Lock& operator=(Lock&&) = delete;
    ~Lock();

   private:
    friend class MaildropLocks;
    Lock(MaildropLocks& table, UserId user) noexcept : table_(&table), user_(user) {}
    MaildropLocks* table_;
    UserId user_;
  };

  /// Nothing while another session has it.
  [[nodiscard]] std::optional<Lock> take(UserId user);

 private:
  void release(UserId user);

  std::mutex mutex_;
  std::unordered_set<UserId> taken_;  // guarded by mutex_
};

}  // namespace posthaste::pop3d
