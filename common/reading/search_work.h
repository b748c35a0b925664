// Carries out a search in steps that run off the loop.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "common/daemon/memory_budget.h"
#include "common/mailbox/reader.h"
#include "common/reading/row_walk.h"
#include "common/reading/search_program.h"

namespace posthaste::reading {

class SearchWork {
 public:
  /// `store` outlives it. `uids` are the messages to look at. What is read of a message is taken from `memory`.
  SearchWork(const mailbox::Reader& store, UserId user, MailboxId mailbox, SearchProgram program,
             mailbox::UidSet uids, daemon::MemoryBudget& memory);

  /// Looks at some more messages. Never on a loop. Errors: no_such_mailbox; unavailable, also without memory; io.
  [[nodiscard]] std::expected<void, mailbox::StoreError> step();
  [[nodiscard]] bool done() const { return walk_.done(); }
  [[nodiscard]] const RowWalk& walk() const { return walk_; }
  [[nodiscard]] const mailbox::UidSet& found() const { return found_; }
  /// Some of the messages had gone when it was their turn.
  [[nodiscard]] bool some_are_gone() const { return looked_at_ < walk_.uids().size(); }
  /// The highest among what was found; zero when nothing was.
  [[nodiscard]] ModSeq highest_mod_seq() const { return highest_mod_seq_; }

 private:
  /// A message that can only be judged by its own octets.
  struct Row {
    mailbox::Message message;
    std::string header_cache;
    mailbox::Blob blob;
  };
  std::expected<std::vector<Row>, mailbox::StoreError> sift();
  /// All tests of that cost.
  [[nodiscard]] bool passes(Candidate candidate, SearchCost cost) const;
  void note(const mailbox::Message& message);

  const mailbox::Reader& store_;
  daemon::MemoryBudget& memory_;
  const UserId user_;
  const MailboxId mailbox_;
  const std::vector<SearchTest> tests_;
  const SearchCost cost_;  // of the dearest
  const std::size_t conditions_;
  const std::size_t rows_at_once_;
  RowWalk walk_;
  mailbox::UidSet found_;
  ModSeq highest_mod_seq_{};
  std::uint64_t looked_at_ = 0;
};

}  // namespace posthaste::reading
