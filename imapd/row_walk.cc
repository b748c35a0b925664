#include "imapd/row_walk.h"

#include <algorithm>

namespace posthaste::imapd {

std::expected<std::vector<store::Message>, store::StoreError> RowWalk::next(const store::Snapshot& snapshot,
                                                                            MailboxId mailbox,
                                                                            std::size_t rows_max) {
  std::vector<store::Message> rows;
  const auto note = [&rows](const store::Message& message) { rows.push_back(message); };
  const auto ranges = uids_.ranges();
  while (!done() && rows.size() < rows_max) {
    auto next_uid = snapshot.scan(mailbox, {from_, ranges[range_].last}, rows_max - rows.size(), note);
    if (!next_uid) return std::unexpected(next_uid.error());
    if (*next_uid) {
      from_ = **next_uid;
    } else if (++range_; !done()) {
      from_ = ranges[range_].first;
    }
  }
  return rows;
}

std::uint64_t RowWalk::passed() const {
  std::uint64_t passed = 0;
  for (const auto& range : uids_.ranges().first(range_)) passed += number(range.last) - number(range.first) + 1;
  if (!done()) passed += number(from_) - number(uids_.ranges()[range_].first);
  return passed;
}

void RowWalk::go_back_to(Uid uid) {
  const auto ranges = uids_.ranges();
  const auto range = std::ranges::find_if(ranges, [uid](const store::UidRange& each) { return uid <= each.last; });
  range_ = static_cast<std::size_t>(range - ranges.begin());
  from_ = uid;
}

}  // namespace posthaste::imapd
