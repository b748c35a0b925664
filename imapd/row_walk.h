// Walks over the rows of some messages, a few at a time, each time in a snapshot of its own.
#pragma once

#include <cstddef>
#include <expected>
#include <utility>
#include <vector>

#include "common/store/snapshot.h"
#include "common/store/uid_set.h"

namespace posthaste::imapd {

class RowWalk {
 public:
  explicit RowWalk(store::UidSet uids) : uids_(std::move(uids)) {
    if (!done()) from_ = uids_.ranges().front().first;
  }

  [[nodiscard]] const store::UidSet& uids() const { return uids_; }
  [[nodiscard]] bool done() const { return range_ == uids_.ranges().size(); }

  /// The next rows, at most so many; messages that are gone are passed over. Errors: io.
  [[nodiscard]] std::expected<std::vector<store::Message>, store::StoreError> next(const store::Snapshot& snapshot,
                                                                                   MailboxId mailbox,
                                                                                   std::size_t rows_max);
  /// How many of uids() lie behind, for those who wait.
  [[nodiscard]] std::uint64_t passed() const;
  /// The next row will be that of `uid`, or of the first of ours that follows.
  void go_on_from(Uid uid);

 private:
  [[nodiscard]] std::size_t last_at_once() const;

  const store::UidSet uids_;
  std::size_t range_ = 0;  // the one to go on with
  Uid from_{};             // and the UID in it
};

}  // namespace posthaste::imapd
