// The messages of one session: numbered once at login, and marked as deleted until QUIT (RFC 1939 §5).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/reader.h"
#include "common/mailbox/uid_set.h"
#include "common/net/task.h"
#include "common/net/world.h"
#include "common/pop3/command.h"

namespace posthaste::pop3d {

struct MaildropMessage {
  Uid uid{};
  std::uint32_t octets = 0;
  BlobId blob{};
  bool operator==(const MaildropMessage&) const = default;
};

/// A mailbox's messages by ascending UID.
struct MessageList {
  MailboxId mailbox{};
  UidValidity uid_validity{};
  std::vector<MaildropMessage> messages;
};

enum class MaildropError {
  no_such_message,
  marked_as_deleted,
};

class Maildrop {
 public:
  explicit Maildrop(MessageList list);

  /// Errors: no_such_message, marked_as_deleted.
  [[nodiscard]] std::expected<MaildropMessage, MaildropError> find(pop3::MessageNumber number) const;
  /// Errors: no_such_message, marked_as_deleted.
  std::expected<void, MaildropError> mark(pop3::MessageNumber number);
  void unmark_all();

  /// The first message from `number` on that is not marked. Nothing when there is none.
  [[nodiscard]] std::optional<pop3::MessageNumber> unmarked_from(pop3::MessageNumber number) const;

  /// Of the messages that are not marked.
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t octets() const noexcept { return octets_; }

  [[nodiscard]] MailboxId mailbox() const noexcept { return list_.mailbox; }
  [[nodiscard]] UidValidity uid_validity() const noexcept { return list_.uid_validity; }
  [[nodiscard]] mailbox::UidSet marked() const;

 private:
  void count_all();

  MessageList list_;
  std::vector<bool> marked_;  // by message number - 1
  std::size_t count_ = 0;
  std::uint64_t octets_ = 0;
};

/// Reads the user's INBOX as it is now, off the loop and in slices: what comes in meanwhile is not of this session.
/// A user who never got mail has an empty one. `store` and `world` outlive the task. Errors: unavailable, io.
net::Task<std::expected<Maildrop, mailbox::StoreError>> read_maildrop(const mailbox::Reader& store,
                                                                      net::World& world, UserId user);

}  // namespace posthaste::pop3d
