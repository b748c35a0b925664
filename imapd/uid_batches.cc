#include "imapd/uid_batches.h"

#include <algorithm>

#include "imapd/limits.h"

namespace posthaste::imapd {

store::UidSet UidBatches::next() {
  store::UidSet batch;
  for (std::uint64_t left = count_; left > 0 && !done();) {
    const store::UidRange& range = uids_.ranges()[range_];
    const Uid first{number(range.first) + taken_};
    const std::uint64_t size = std::uint64_t{number(range.last)} - number(first) + 1;
    const auto taken = static_cast<std::uint32_t>(std::min(size, left));
    batch.add(store::UidRange{first, Uid{number(first) + taken - 1}});
    left -= taken;
    taken_ += taken;
    if (taken < size) continue;
    ++range_;
    taken_ = 0;
  }
  return batch;
}

std::vector<store::UidSet> batches_of(store::UidSet uids) {
  std::vector<store::UidSet> parts;
  for (UidBatches batches{std::move(uids), kChangedAtOnce}; !batches.done();) parts.push_back(batches.next());
  return parts;
}

std::vector<store::UidSet> batches_of(const SelectedMailbox& mailbox) {
  auto parts = batches_of(mailbox.messages.all());
  if (parts.empty()) parts.emplace_back();
  parts.back().add(store::UidRange{mailbox.uid_next, store::kAllUids.last});
  return parts;
}

}  // namespace posthaste::imapd
