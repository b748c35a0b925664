#include "imapd/view/uid_runs.h"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace posthaste::imapd {

UidRuns::UidRuns(const mailbox::UidSet& uids) {
  for (const auto& range : uids.ranges()) append(number(range.first), number(range.last) - number(range.first) + 1);
}

std::uint32_t UidRuns::length(std::size_t run) const {
  const std::uint32_t next_number = run + 1 < runs_.size() ? runs_[run + 1].first_number : size_ + 1;
  return next_number - runs_[run].first_number;
}

void UidRuns::append(Uid uid) { append(number(uid), 1); }

void UidRuns::append(std::uint32_t first_uid, std::uint32_t count) {
  const auto end = last();
  assert(!end || number(*end) < first_uid);
  if (!end || number(*end) + 1 != first_uid) runs_.push_back({first_uid, size_ + 1});
  size_ += count;
}

std::optional<Uid> UidRuns::last() const {
  if (runs_.empty()) return std::nullopt;
  return Uid{runs_.back().first_uid + length(runs_.size() - 1) - 1};
}

std::optional<SequenceNumber> UidRuns::sequence_number(Uid uid) const {
  const auto after = std::ranges::upper_bound(runs_, number(uid), {}, &Run::first_uid);
  if (after == runs_.begin()) return std::nullopt;
  const auto run = static_cast<std::size_t>(after - runs_.begin()) - 1;
  const std::uint32_t offset = number(uid) - runs_[run].first_uid;
  if (offset >= length(run)) return std::nullopt;
  return SequenceNumber{runs_[run].first_number + offset};
}

imap::NumberSet UidRuns::uids() const {
  std::vector<imap::NumberRange> ranges;
  ranges.reserve(runs_.size());
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    ranges.push_back({runs_[i].first_uid, runs_[i].first_uid + length(i) - 1});
  }
  return imap::NumberSet{std::move(ranges)};
}

mailbox::UidSet UidRuns::by_sequence_number(const imap::NumberSet& numbers) const {
  mailbox::UidSet selected;
  if (size_ == 0) return selected;
  const imap::NumberSet present = numbers.within({1, size_});
  for (const auto& range : present.ranges()) {
    const auto after = std::ranges::upper_bound(runs_, range.first, {}, &Run::first_number);
    auto run = static_cast<std::size_t>(after - runs_.begin()) - 1;
    for (; run < runs_.size() && runs_[run].first_number <= range.last; ++run) {
      const Run& here = runs_[run];
      const std::uint32_t first = std::max(range.first, here.first_number) - here.first_number;
      const std::uint32_t last = std::min(range.last - here.first_number, length(run) - 1);
      selected.add(mailbox::UidRange{Uid{here.first_uid + first}, Uid{here.first_uid + last}});
    }
  }
  return selected;
}

mailbox::UidSet UidRuns::by_uid(const imap::NumberSet& numbers) const {
  mailbox::UidSet selected;
  for (const auto& range : numbers.ranges()) {
    const auto after = std::ranges::upper_bound(runs_, range.first, {}, &Run::first_uid);
    auto run = static_cast<std::size_t>(after - runs_.begin());
    if (run > 0) --run;
    for (; run < runs_.size() && runs_[run].first_uid <= range.last; ++run) {
      const std::uint32_t first = runs_[run].first_uid;
      const std::uint32_t last = first + length(run) - 1;
      selected.add(mailbox::UidRange{Uid{std::max(first, range.first)}, Uid{std::min(last, range.last)}});
    }
  }
  return selected;
}

Uid UidRuns::uid(std::uint32_t sequence_number) const {
  const Run& run = *std::prev(std::ranges::upper_bound(runs_, sequence_number, {}, &Run::first_number));
  return Uid{run.first_uid + (sequence_number - run.first_number)};
}

mailbox::UidSet UidRuns::reaches(const imap::NumberSet& numbers) const {
  mailbox::UidSet uids;
  if (size_ == 0) return uids;
  const imap::NumberSet present = numbers.within({1, size_});
  for (const auto& range : present.ranges()) uids.add(mailbox::UidRange{uid(range.first), uid(range.last)});
  return uids;
}

mailbox::UidSet UidRuns::select(imap::NumberedBy numbered_by, const imap::NumberSet& numbers) const {
  if (numbered_by == imap::NumberedBy::sequence_number) return by_sequence_number(numbers);
  return by_uid(numbers);
}

imap::NumberSet UidRuns::numbers(imap::NumberedBy numbered_by, const mailbox::UidSet& uids) const {
  if (numbered_by == imap::NumberedBy::uid) return to_number_set(uids);
  std::vector<imap::NumberRange> ranges;
  for (const auto& range : uids.ranges()) {  // its UIDs are neighbours, and so are their numbers
    ranges.push_back({number(*sequence_number(range.first)), number(*sequence_number(range.last))});
  }
  return imap::NumberSet{std::move(ranges)};
}

mailbox::UidSet UidRuns::all() const {
  mailbox::UidSet all;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    all.add(mailbox::UidRange{Uid{runs_[i].first_uid}, Uid{runs_[i].first_uid + length(i) - 1}});
  }
  return all;
}

std::vector<imap::NumberRange> UidRuns::remove(const mailbox::UidSet& gone) {
  std::vector<imap::NumberRange> removed;
  UidRuns left;
  const auto ranges = gone.ranges();
  auto range = ranges.begin();
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const std::uint32_t run_last = runs_[i].first_uid + length(i) - 1;
    std::uint64_t uid = runs_[i].first_uid;  // wide enough to stand behind the last UID
    while (uid <= run_last) {
      while (range != ranges.end() && number(range->last) < uid) ++range;
      if (range == ranges.end() || number(range->first) > run_last) {
        left.append(static_cast<std::uint32_t>(uid), static_cast<std::uint32_t>(run_last - uid + 1));
        break;
      }
      const std::uint64_t gone_first = std::max<std::uint64_t>(number(range->first), uid);
      const std::uint64_t gone_last = std::min(number(range->last), run_last);
      if (gone_first > uid) {
        left.append(static_cast<std::uint32_t>(uid), static_cast<std::uint32_t>(gone_first - uid));
      }
      const std::uint32_t first_number = runs_[i].first_number;
      removed.push_back({static_cast<std::uint32_t>(gone_first - runs_[i].first_uid) + first_number,
                         static_cast<std::uint32_t>(gone_last - runs_[i].first_uid) + first_number});
      uid = gone_last + 1;
    }
  }
  *this = std::move(left);
  return removed;
}

mailbox::UidSet to_uid_set(const imap::NumberSet& numbers) {
  mailbox::UidSet uids;
  for (const auto& range : numbers.ranges()) uids.add(mailbox::UidRange{Uid{range.first}, Uid{range.last}});
  return uids;
}

imap::NumberSet to_number_set(const mailbox::UidSet& uids) {
  std::vector<imap::NumberRange> ranges;
  for (const auto& range : uids.ranges()) ranges.push_back({number(range.first), number(range.last)});
  return imap::NumberSet{std::move(ranges)};
}

}  // namespace posthaste::imapd
