// Users that the directory has no more: their mail goes, and nothing of theirs is made anew.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <set>

#include "common/auth/directory.h"
#include "common/log/log.h"
#include "common/mailbox/applier.h"
#include "common/mailbox/reader.h"
#include "common/net/alarm.h"
#include "common/net/task.h"
#include "common/net/world.h"

namespace posthaste::deliveryd {

/// What the store's writer asks before it makes a user: WriterOptions::admit. What cannot be read is unavailable.
[[nodiscard]] std::expected<void, mailbox::StoreError> admit(const auth::Directory& directory, UserId user);

/// Looks every kInterval whether the directory was changed, and only then who was deleted; once at its start, for
/// what happened while no deliveryd ran, or when one ended in the midst of it. Lives on one loop.
class DepartedUsers {
 public:
  static constexpr std::chrono::milliseconds kInterval{1'000};
  static constexpr std::chrono::milliseconds kRetryInterval{60'000};  // after the store did not do it
  static constexpr std::size_t kUsersAtOnce = 256;                    // then other sessions run

  /// All outlive it.
  DepartedUsers(const auth::Directory& directory, const mailbox::Reader& store, mailbox::Applier& applier,
                net::World& world, const log::Log& log)
      : directory_(directory), store_(store), applier_(applier), world_(world), log_(log), alarm_(world.clock) {}
  DepartedUsers(const DepartedUsers&) = delete;
  DepartedUsers& operator=(const DepartedUsers&) = delete;

  /// Until stop(). Spawned once.
  net::Task<void> run();
  /// The user who is being cleared is waited for: GroupCommit::stop_deleting_users() cuts that short.
  void stop();

 private:
  /// False when something is left to be done.
  net::Task<bool> clear_all();
  net::Task<bool> clear(UserId user);

  const auth::Directory& directory_;
  const mailbox::Reader& store_;
  mailbox::Applier& applier_;
  net::World& world_;
  const log::Log& log_;
  net::Alarm alarm_;
  std::optional<std::uint64_t> seen_;  // the directory's last transaction for which all was done
  std::set<UserId> cleared_;           // the store has nothing of them
  bool stopping_ = false;
};

}  // namespace posthaste::deliveryd
