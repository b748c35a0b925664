#include "common/reading/row_walk.h"

#include <algorithm>

#include "common/reading/limits.h"

namespace posthaste::reading {

namespace {

constexpr std::uint32_t kGapMax = 32;  // UIDs between two ranges; more rows than these are not looked at in vain

}  // namespace

std::expected<std::vector<mailbox::Message>, mailbox::StoreError> RowWalk::next(const mailbox::Snapshot& snapshot,
                                                                                MailboxId mailbox,
                                                                                std::size_t rows_max) {
  std::vector<mailbox::Message> rows;
  const auto ranges = uids_.ranges();
  const auto note = [&](const mailbox::Message& message) {
    while (ranges[range_].last < message.uid) ++range_;
    if (ranges[range_].first <= message.uid) rows.push_back(message);
  };
  while (!done() && rows.size() < rows_max) {
    const std::size_t last = last_at_once();
    auto next_uid = snapshot.scan(mailbox, {from_, ranges[last].last}, rows_max - rows.size(), note);
    if (!next_uid) return std::unexpected(next_uid.error());
    if (*next_uid) {
      go_on_from(**next_uid);
    } else {
      range_ = last + 1;
      if (!done()) from_ = ranges[range_].first;
    }
  }
  return rows;
}

/// The last of the ranges that are scanned together: between two of them most often nothing is left but a gap.
std::size_t RowWalk::last_at_once() const {
  const auto ranges = uids_.ranges();
  std::size_t last = range_;
  while (last + 1 < ranges.size() && number(ranges[last + 1].first) - number(ranges[last].last) <= kGapMax) ++last;
  return last;
}

std::uint64_t RowWalk::passed() const {
  std::uint64_t passed = 0;
  for (const auto& range : uids_.ranges().first(range_)) passed += number(range.last) - number(range.first) + 1;
  if (!done()) passed += number(from_) - number(uids_.ranges()[range_].first);
  return passed;
}

void RowWalk::go_on_from(Uid uid) {
  const auto ranges = uids_.ranges();
  const auto range = std::ranges::lower_bound(ranges, uid, {}, &mailbox::UidRange::last);
  range_ = static_cast<std::size_t>(range - ranges.begin());
  if (!done()) from_ = std::max(uid, range->first);
}

std::expected<mailbox::UidSet, mailbox::StoreError> read_uids(const mailbox::Reader& store, UserId user,
                                                              MailboxId mailbox, mailbox::UidRange range) {
  mailbox::UidSet uids;
  const auto note = [&uids](const mailbox::Message& message) { uids.add(message.uid); };
  for (auto from = std::optional(range.first); from && *from <= range.last;) {
    const auto snapshot = store.read(user);
    if (!snapshot) return std::unexpected(snapshot.error());
    auto next_uid = snapshot->scan(mailbox, {*from, range.last}, kSliceRows, note);
    if (!next_uid) return std::unexpected(next_uid.error());
    from = *next_uid;
  }
  return uids;
}

std::expected<void, mailbox::StoreError> walk_back(const mailbox::Reader& store, UserId user, MailboxId mailbox,
                                                   const std::function<bool(const mailbox::Message&)>& row) {
  for (auto last = std::optional(mailbox::kAllUids.last); last;) {
    const auto snapshot = store.read(user);
    if (!snapshot) return std::unexpected(snapshot.error());
    auto next_uid = snapshot->scan_back(mailbox, {mailbox::kAllUids.first, *last}, kSliceRows, row);
    if (!next_uid) return std::unexpected(next_uid.error());
    last = *next_uid;
  }
  return {};
}

}  // namespace posthaste::reading
