// Puts messages in an order that somebody asks for, in steps that run off the loop (RFC 5256, RFC 5957).
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <vector>

#include "common/daemon/memory_budget.h"
#include "common/reading/header_walk.h"

namespace posthaste::reading {

/// What a message sorts by (RFC 5256 §3); people by the first address of their field.
enum class SortKey {
  arrival,
  cc,
  date,
  from,
  size,
  subject,
  to,
  display_from,  // RFC 5957
  display_to,
};

struct SortCriterion {
  SortKey key = SortKey::arrival;
  bool reverse = false;
  bool operator==(const SortCriterion&) const = default;
};

class SortWork {
 public:
  static constexpr std::size_t kAnswerOctets = 8;  // of memory, for each message whose number is still to be sent

  /// `store` and `budget`, which the keys' memory is asked of, outlive it.
  SortWork(const mailbox::Reader& store, UserId user, MailboxId mailbox, std::vector<SortCriterion> criteria,
           mailbox::UidSet uids, daemon::MemoryBudget& budget);

  /// Looks at some more messages; the last step sorts. Never on a loop. Errors: unavailable, io.
  [[nodiscard]] std::expected<void, mailbox::StoreError> step();
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const RowWalk& walk() const { return walk_.walk(); }
  [[nodiscard]] bool some_are_gone() const { return walk_.some_are_gone(); }
  /// More than may be held: there is no result.
  [[nodiscard]] bool too_large() const { return too_large_; }
  /// Once done; the budget has lent kAnswerOctets for each of them until this goes.
  [[nodiscard]] const std::vector<Uid>& result() const { return result_; }
  [[nodiscard]] std::vector<Uid> take_result() { return std::move(result_); }

 private:
  struct Entry {
    std::string key;  // entries compare as the octets of their keys
    Uid uid{};
  };

  void sort_entries();

  const std::vector<SortCriterion> criteria_;
  HeaderWalk walk_;
  daemon::MemoryBudget::Share memory_;
  std::vector<Entry> entries_;
  std::vector<Uid> result_;
  std::size_t octets_ = 0;
  bool done_ = false;
  bool too_large_ = false;
};

/// What a message sorts by: octets that compare as the criteria do.
[[nodiscard]] std::string sort_key(const std::vector<SortCriterion>& criteria, const mailbox::Message& message,
                                   std::string_view header);

}  // namespace posthaste::reading
