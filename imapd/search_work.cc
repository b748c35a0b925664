#include "imapd/search_work.h"

#include <algorithm>
#include <utility>

#include "common/store/blobs.h"
#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

constexpr std::size_t kRowsAtOnce = 16'384;
constexpr std::size_t kRowsWithSummary = 1'024;
constexpr std::size_t kFewKeys = 32;  // with more, fewer rows
constexpr std::uint64_t kMessageOctetsAtOnce = 4 * kSliceOctets;

std::size_t rows_at_once(SearchCost cost, std::size_t keys) {
  const std::size_t rows = cost == SearchCost::row ? kRowsAtOnce : kRowsWithSummary;
  return rows / (1 + keys / kFewKeys) + 1;
}

}  // namespace

SearchWork::SearchWork(const store::Store& store, UserId user, MailboxId mailbox, std::vector<SearchTest> tests,
                       std::size_t keys, mailbox::UidSet uids, daemon::MemoryBudget& memory)
    : store_(store),
      memory_(memory),
      user_(user),
      mailbox_(mailbox),
      tests_(std::move(tests)),
      cost_(tests_.empty() ? SearchCost::row : tests_.back().cost),
      keys_(keys),
      rows_at_once_(rows_at_once(cost_, keys)),
      walk_(std::move(uids)) {}

std::expected<void, mailbox::StoreError> SearchWork::step() {
  auto rows = sift();
  if (!rows) return std::unexpected(rows.error());
  std::vector<store::BlobLocation> locations;
  locations.reserve(rows->size());
  for (const Row& row : *rows) locations.push_back(row.location);
  auto run = store_.read_in_order(std::move(locations));
  for (const Row& row : *rows) {
    MessageReader reader{store_, user_, row.location, &run};
    FoundTexts found_texts;
    daemon::MemoryBudget::Share memory{memory_};
    bool out_of_memory = false;
    SentDay sent;
    const Candidate candidate{row.message, row.header_cache, reader, found_texts, sent, memory, out_of_memory};
    const bool found = passes(candidate, SearchCost::summary) && passes(candidate, SearchCost::message);
    if (out_of_memory) return std::unexpected(mailbox::StoreError::unavailable);
    if (found) note(row.message);
  }
  return {};
}

bool SearchWork::passes(Candidate candidate, SearchCost cost) const {
  const auto [first, last] = std::ranges::equal_range(tests_, cost, {}, &SearchTest::cost);
  return std::all_of(first, last, [&](const SearchTest& test) { return test.matches(candidate); });
}

void SearchWork::note(const mailbox::Message& message) {
  found_.add(message.uid);
  highest_mod_seq_ = std::max(highest_mod_seq_, message.modseq);
}

/// Judges the next messages by their rows and summaries. Returns those that this did not decide.
std::expected<std::vector<SearchWork::Row>, mailbox::StoreError> SearchWork::sift() {
  auto snapshot = store_.read(user_);
  if (!snapshot) return std::unexpected(snapshot.error());
  auto messages = walk_.next(*snapshot, mailbox_, rows_at_once_);
  if (!messages) return std::unexpected(messages.error());
  std::vector<Row> undecided;
  MessageReader no_reader{store_, user_, {}};
  FoundTexts no_texts;
  daemon::MemoryBudget::Share no_memory{memory_};
  bool no_failure = false;
  std::uint64_t octets = 0;
  std::uint64_t header_octets = 0;
  for (const mailbox::Message& message : *messages) {
    if (octets > kMessageOctetsAtOnce || header_octets * keys_ > kHeaderOctetsAtOnce) {
      walk_.go_on_from(message.uid);
      break;
    }
    ++looked_at_;
    SentDay sent;
    Candidate candidate{message, {}, no_reader, no_texts, sent, no_memory, no_failure};
    if (!passes(candidate, SearchCost::row)) continue;
    if (cost_ != SearchCost::row) candidate.header_cache = snapshot->header_cache(message.blob).value_or("");
    const bool has_header = !candidate.header_cache.empty();
    header_octets += candidate.header_cache.size();
    if (has_header && !passes(candidate, SearchCost::summary)) continue;
    if (cost_ == SearchCost::row || (cost_ == SearchCost::summary && has_header)) {
      note(message);
      continue;
    }
    const auto location = snapshot->locate(message);
    undecided.push_back({message, std::string(candidate.header_cache), location.value_or(store::BlobLocation{})});
    octets += message.octets;
  }
  return undecided;
}

}  // namespace posthaste::imapd
