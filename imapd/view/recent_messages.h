// Which messages are \Recent, and to whom (RFC 3501 §2.3.2).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "common/base/ids.h"
#include "common/mailbox/reader.h"

namespace posthaste::imapd {

/// The first session that hears of a message in a mailbox it may change has it as \Recent, and no other; a session
/// that only reads sees it so, and takes it from nobody. What has been heard of is known to this process alone: it
/// forgets it when it ends, and begins with the messages that come after it began. Shared by all workers.
class RecentMessages {
 public:
  explicit RecentMessages(std::chrono::sys_seconds since) noexcept : since_(since) {}
  RecentMessages(const RecentMessages&) = delete;
  RecentMessages& operator=(const RecentMessages&) = delete;

  [[nodiscard]] bool has_looked(UserId user, MailboxId mailbox) const {
    return known_first(user, mailbox).has_value();
  }
  /// The first of the newest messages, which may be \Recent where nobody has looked yet; UIDNEXT without one. Reads
  /// their rows: never on a loop. Errors: unavailable,
  /// io.
  [[nodiscard]] std::expected<Uid, mailbox::StoreError> first_without_look(
      const mailbox::Reader& store, UserId user, const mailbox::MailboxInfo& mailbox) const;

  /// The first message that nobody has heard of; `otherwise`, when nobody has looked yet.
  [[nodiscard]] Uid first(UserId user, MailboxId mailbox, Uid otherwise) const;
  /// The same, and from now on somebody has heard of all messages below `uid_next`.
  Uid take(UserId user, MailboxId mailbox, Uid uid_next, Uid otherwise);
  /// How many messages nobody has heard of. Reads their rows: never on a loop. Errors: unavailable,
  /// io.
  [[nodiscard]] std::expected<std::uint32_t, mailbox::StoreError> count(const mailbox::Reader& store, UserId user,
                                                                        const mailbox::MailboxInfo& mailbox) const;

 private:
  using Key = std::pair<UserId, MailboxId>;
  [[nodiscard]] bool is_new(std::chrono::sys_seconds save_date) const { return save_date >= since_; }
  [[nodiscard]] std::optional<Uid> known_first(UserId user, MailboxId mailbox) const;

  const std::chrono::sys_seconds since_;
  mutable std::mutex mutex_;
  std::map<Key, Uid> first_;  // guarded by mutex_
};

}  // namespace posthaste::imapd
