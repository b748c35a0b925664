#include "imapd/search_work.h"

#include <algorithm>
#include <utility>

#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

constexpr std::size_t kRowsAtOnce = 16'384;
constexpr std::size_t kRowsWithSummary = 1'024;
constexpr std::uint64_t kMessageOctetsAtOnce = 4 * kSliceOctets;

std::size_t rows_at_once(SearchCost cost) { return cost == SearchCost::row ? kRowsAtOnce : kRowsWithSummary; }

}  // namespace

SearchWork::SearchWork(const store::Store& store, UserId user, MailboxId mailbox, std::vector<SearchTest> tests,
                       store::UidSet uids)
    : store_(store),
      user_(user),
      mailbox_(mailbox),
      tests_(std::move(tests)),
      cost_(tests_.empty() ? SearchCost::row : tests_.back().cost),
      walk_(std::move(uids)) {}

std::expected<void, store::StoreError> SearchWork::step() {
  auto rows = collect();
  if (!rows) return std::unexpected(rows.error());
  for (Row& row : *rows) {
    if (!passes(row, false)) continue;
    found_.add(row.message.uid);
    highest_mod_seq_ = std::max(highest_mod_seq_, row.message.modseq);
  }
  return {};
}

/// The tests of rows alone, or all others.
bool SearchWork::passes(Row& row, bool row_tests) const {
  MessageReader reader{store_, user_, row.location};
  Candidate candidate{row.message, row.summary, reader};
  return std::ranges::all_of(tests_, [&](const SearchTest& test) {
    return (test.cost == SearchCost::row) != row_tests || test.matches(candidate);
  });
}

/// The next rows that pass the tests of rows, with what the other tests need.
std::expected<std::vector<SearchWork::Row>, store::StoreError> SearchWork::collect() {
  auto snapshot = store_.read(user_);
  if (!snapshot) return std::unexpected(snapshot.error());
  auto messages = walk_.next(*snapshot, mailbox_, rows_at_once(cost_));
  if (!messages) return std::unexpected(messages.error());
  std::vector<Row> rows;
  std::uint64_t octets = 0;
  for (const store::Message& message : *messages) {
    if (octets > kMessageOctetsAtOnce) {
      walk_.go_back_to(message.uid);
      break;
    }
    Row row{message, {}, {}};
    if (!passes(row, true)) continue;
    if (cost_ != SearchCost::row) {
      auto summary = snapshot->summary(message.blob);
      if (summary) row.summary = std::move(*summary);
      auto location = snapshot->locate(message.blob);
      if (location) row.location = *location;
    }
    if (cost_ == SearchCost::message) octets += message.octets;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace posthaste::imapd
