// Walks over the rows of some messages, a few at a time, each time in a snapshot of its own.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "common/mailbox/reader.h"
#include "common/mailbox/uid_set.h"

namespace posthaste::reading {

class RowWalk {
 public:
  explicit RowWalk(mailbox::UidSet uids) : uids_(std::move(uids)) {
    if (!done()) from_ = uids_.ranges().front().first;
  }

  [[nodiscard]] const mailbox::UidSet& uids() const { return uids_; }
  [[nodiscard]] bool done() const { return range_ == uids_.ranges().size(); }

  /// The next rows, at most so many; messages that are gone are passed over. Errors: io.
  [[nodiscard]] std::expected<std::vector<mailbox::Message>, mailbox::StoreError> next(
      const mailbox::Snapshot& snapshot, MailboxId mailbox, std::size_t rows_max);
  /// How many of uids() lie behind, for those who wait.
  [[nodiscard]] std::uint64_t passed() const;
  /// The next row will be that of `uid`, or of the first of ours that follows.
  void go_on_from(Uid uid);

 private:
  [[nodiscard]] std::size_t last_at_once() const;

  const mailbox::UidSet uids_;
  std::size_t range_ = 0;  // the one to go on with
  Uid from_{};             // and the UID in it
};

/// The UIDs of `range` that are there. What comes or goes meanwhile may be among them or not. Never on a loop.
/// Errors: unavailable, io.
[[nodiscard]] std::expected<mailbox::UidSet, mailbox::StoreError> read_uids(const mailbox::Reader& store,
                                                                            UserId user, MailboxId mailbox,
                                                                            mailbox::UidRange range);

/// Calls `row` for the messages of a mailbox by descending UID, until it returns false; few of them in a snapshot.
/// Never on a loop. Errors: unavailable, io.
[[nodiscard]] std::expected<void, mailbox::StoreError> walk_back(
    const mailbox::Reader& store, UserId user, MailboxId mailbox,
    const std::function<bool(const mailbox::Message&)>& row);

}  // namespace posthaste::reading
