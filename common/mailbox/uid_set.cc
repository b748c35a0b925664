#include "common/mailbox/uid_set.h"

#include <algorithm>

namespace posthaste::mailbox {
namespace {

std::uint64_t after(Uid uid) { return std::uint64_t{number(uid)} + 1; }

}  // namespace

UidSet::UidSet(std::vector<UidRange> ranges) {
  std::ranges::sort(ranges, {}, &UidRange::first);
  for (const UidRange& range : ranges) add(range);
}

void UidSet::add(UidRange range) {
  if (range.last < range.first) return;
  if (ranges_.empty() || after(ranges_.back().last) < number(range.first)) {
    ranges_.push_back(range);
    return;
  }
  // The first range that touches or follows `range`; it and its successors are swallowed as far as they touch.
  const auto begin = std::ranges::partition_point(
      ranges_, [&](const UidRange& other) { return after(other.last) < number(range.first); });
  auto end = begin;
  for (; end != ranges_.end() && number(end->first) <= after(range.last); ++end) {
    range.first = std::min(range.first, end->first);
    range.last = std::max(range.last, end->last);
  }
  ranges_.insert(ranges_.erase(begin, end), range);
}

bool UidSet::contains(Uid uid) const {
  const auto found = std::ranges::lower_bound(ranges_, uid, {}, &UidRange::last);
  return found != ranges_.end() && found->first <= uid;
}

std::uint64_t UidSet::size() const {
  std::uint64_t size = 0;
  for (const UidRange& range : ranges_) size += after(range.last) - number(range.first);
  return size;
}

}  // namespace posthaste::mailbox
