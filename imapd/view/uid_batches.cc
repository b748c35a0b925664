#include "imapd/view/uid_batches.h"

#include <algorithm>

#include "imapd/limits.h"

namespace posthaste::imapd {

mailbox::UidSet UidBatches::next() {
  mailbox::UidSet batch;
  for (std::uint64_t left = count_; left > 0 && !done();) {
    const mailbox::UidRange& range = uids_.ranges()[range_];
    const Uid first{number(range.first) + taken_};
    const std::uint64_t size = std::uint64_t{number(range.last)} - number(first) + 1;
    const auto taken = static_cast<std::uint32_t>(std::min(size, left));
    batch.add(mailbox::UidRange{first, Uid{number(first) + taken - 1}});
    left -= taken;
    taken_ += taken;
    if (taken < size) continue;
    ++range_;
    taken_ = 0;
  }
  return batch;
}

std::vector<mailbox::UidSet> batches_of(mailbox::UidSet uids) {
  std::vector<mailbox::UidSet> parts;
  for (UidBatches batches{std::move(uids), kChangedAtOnce}; !batches.done();) parts.push_back(batches.next());
  return parts;
}

std::vector<mailbox::UidSet> batches_of(const SelectedMailbox& mailbox) {
  auto parts = batches_of(mailbox.messages.all());
  if (parts.empty()) parts.emplace_back();
  parts.back().add(mailbox::UidRange{mailbox.uid_next, mailbox::kAllUids.last});
  return parts;
}

}  // namespace posthaste::imapd
