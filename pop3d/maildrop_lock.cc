#include "pop3d/maildrop_lock.h"

namespace posthaste::pop3d {

MaildropLocks::Lock::~Lock() {
  if (table_ != nullptr) table_->release(user_);
}

std::optional<MaildropLocks::Lock> MaildropLocks::take(UserId user) {
  const std::lock_guard guard{mutex_};
  if (!taken_.insert(user).second) return std::nullopt;
  return Lock{*this, user};
}

void MaildropLocks::release(UserId user) {
  const std::lock_guard guard{mutex_};
  taken_.erase(user);
}

}  // namespace posthaste::pop3d
