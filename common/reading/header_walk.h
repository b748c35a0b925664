// Walks over messages with what their headers say of date, subject and people, as sorting and threading need them.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string_view>

#include "common/mailbox/reader.h"
#include "common/reading/row_walk.h"

namespace posthaste::reading {

class HeaderWalk {
 public:
  /// A header with the fields of mime::kCachedFields at least.
  using Visit = std::function<void(const mailbox::Message&, std::string_view header)>;

  /// `store` outlives it. Of each header so many `keys` are made: the more, the fewer of them in one snapshot.
  HeaderWalk(const mailbox::Reader& store, UserId user, MailboxId mailbox, mailbox::UidSet uids, std::size_t keys)
      : store_(store), user_(user), mailbox_(mailbox), keys_(keys), walk_(std::move(uids)) {}

  /// Visits some more messages by ascending UID; one that cannot be read comes with an empty header, one that is
  /// gone not at all. Messages are opened for those alone whose header is not at hand. Never on a loop.
  /// Errors: unavailable, io.
  [[nodiscard]] std::expected<void, mailbox::StoreError> step(const Visit& visit);
  [[nodiscard]] bool done() const { return walk_.done(); }
  [[nodiscard]] const RowWalk& walk() const { return walk_; }
  /// Once done: some of the messages had gone when it was their turn.
  [[nodiscard]] bool some_are_gone() const { return visited_ < walk_.uids().size(); }

 private:
  struct Uncached {
    mailbox::Message message;
    mailbox::Blob blob;
  };
  /// Goes on to the first message whose header is not at hand, or for a while.
  std::expected<std::optional<Uncached>, mailbox::StoreError> visit_cached(const Visit& visit);

  const mailbox::Reader& store_;
  const UserId user_;
  const MailboxId mailbox_;
  const std::size_t keys_;
  RowWalk walk_;
  std::uint64_t visited_ = 0;
};

/// When the message was sent, or else came in (RFC 5256 §2.2).
[[nodiscard]] std::chrono::sys_seconds sent_date(const mailbox::Message& message, std::string_view header);

}  // namespace posthaste::reading
