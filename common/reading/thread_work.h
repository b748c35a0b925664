// Gathers what threading must know of each message, and threads them, in steps that run off the loop (RFC 5256).
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <vector>

#include "common/daemon/memory_budget.h"
#include "common/reading/header_walk.h"
#include "common/reading/threading.h"

namespace posthaste::reading {

enum class ThreadAlgorithm { ordered_subject, references };

class ThreadWork {
 public:
  /// `store` and `budget`, which the messages' memory is asked of, outlive it.
  ThreadWork(const mailbox::Reader& store, UserId user, MailboxId mailbox, ThreadAlgorithm algorithm,
             mailbox::UidSet uids, daemon::MemoryBudget& budget);

  /// Looks at some more messages; the last step threads them. Never on a loop. Errors: unavailable, io.
  [[nodiscard]] std::expected<void, mailbox::StoreError> step();
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const RowWalk& walk() const { return walk_.walk(); }
  [[nodiscard]] bool some_are_gone() const { return walk_.some_are_gone(); }
  /// More than may be held: there is no result.
  [[nodiscard]] bool too_large() const { return too_large_; }
  /// Once done: the messages of the forest, and it.
  [[nodiscard]] const std::vector<Uid>& uids() const { return uids_; }
  [[nodiscard]] const Forest& forest() const { return forest_; }
  /// Forgets all of that; of the budget's memory `octets` are kept until this goes.
  void keep_only(std::size_t octets);

 private:
  void add(const mailbox::Message& message, std::string_view header);

  const ThreadAlgorithm algorithm_;
  HeaderWalk walk_;
  daemon::MemoryBudget::Share memory_;
  std::vector<ThreadMessage> messages_;
  std::vector<Uid> uids_;
  Forest forest_;
  std::size_t octets_ = 0;
  bool done_ = false;
  bool too_large_ = false;
};

}  // namespace posthaste::reading
