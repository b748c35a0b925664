#include "common/reading/search_work.h"

#include <algorithm>
#include <utility>

#include "common/reading/limits.h"

namespace posthaste::reading {
namespace {

constexpr std::size_t kRowsAtOnce = 16'384;
constexpr std::size_t kRowsWithSummary = 1'024;
constexpr std::size_t kFewConditions = 32;  // with more, fewer rows
constexpr std::uint64_t kMessageOctetsAtOnce = 4 * kSliceOctets;

std::size_t rows_at_once(SearchCost cost, std::size_t conditions) {
  const std::size_t rows = cost == SearchCost::row ? kRowsAtOnce : kRowsWithSummary;
  return rows / (1 + conditions / kFewConditions) + 1;
}

}  // namespace

SearchWork::SearchWork(const mailbox::Reader& store, UserId user, MailboxId mailbox, SearchProgram program,
                       mailbox::UidSet uids, daemon::MemoryBudget& memory)
    : store_(store),
      memory_(memory),
      user_(user),
      mailbox_(mailbox),
      tests_(std::move(program.tests)),
      cost_(tests_.empty() ? SearchCost::row : tests_.back().cost),
      conditions_(program.conditions),
      rows_at_once_(rows_at_once(cost_, conditions_)),
      walk_(std::move(uids)) {}

std::expected<void, mailbox::StoreError> SearchWork::step() {
  auto rows = sift();
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return {};
  std::vector<mailbox::Blob> blobs;
  blobs.reserve(rows->size());
  for (const Row& row : *rows) blobs.push_back(row.blob);
  const auto run = store_.read_in_order(user_, std::move(blobs));
  for (const Row& row : *rows) {
    MessageReader reader{store_, user_, row.blob, run.get()};
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
  MessageReader no_reader{store_, user_, {}};
  FoundTexts no_texts;
  daemon::MemoryBudget::Share no_memory{memory_};
  bool no_failure = false;
  std::vector<Row> undecided;
  std::vector<mailbox::Message> candidates;
  for (const mailbox::Message& message : *messages) {
    SentDay sent;
    if (!passes({message, {}, no_reader, no_texts, sent, no_memory, no_failure}, SearchCost::row)) continue;
    if (cost_ == SearchCost::row) {
      note(message);
    } else {
      candidates.push_back(message);
    }
  }
  looked_at_ += messages->size();
  mailbox::HeaderCaches headers{*snapshot, candidates};
  std::uint64_t octets = 0;
  std::uint64_t header_octets = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const mailbox::Message& message = candidates[i];
    if (octets > kMessageOctetsAtOnce || header_octets * conditions_ > kHeaderOctetsAtOnce) {
      const auto rest = std::ranges::lower_bound(*messages, message.uid, {}, &mailbox::Message::uid);
      looked_at_ -= static_cast<std::uint64_t>(messages->end() - rest);
      walk_.go_on_from(message.uid);
      break;
    }
    const std::string_view header = headers.at(i).value_or("");
    header_octets += header.size();
    SentDay sent;
    const Candidate candidate{message, header, no_reader, no_texts, sent, no_memory, no_failure};
    if (!header.empty() && !passes(candidate, SearchCost::summary)) continue;
    if (cost_ == SearchCost::summary && !header.empty()) {
      note(message);
      continue;
    }
    undecided.push_back({message, std::string(header), snapshot->find_blob(message).value_or(mailbox::Blob{})});
    octets += message.octets;
  }
  return undecided;
}

}  // namespace posthaste::reading
