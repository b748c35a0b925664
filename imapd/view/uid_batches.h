// A set of UIDs cut into parts, so that a long change of a mailbox leaves room for others between its parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/mailbox/uid_set.h"
#include "imapd/view/selected_mailbox.h"

namespace posthaste::imapd {

class UidBatches {
 public:
  /// Parts of at most `count` UIDs each, in their order.
  UidBatches(mailbox::UidSet uids, std::uint64_t count) : uids_(std::move(uids)), count_(count) {}

  [[nodiscard]] bool done() const { return range_ == uids_.ranges().size(); }
  /// Those that come next; all batches together take as many steps as there are ranges and batches.
  [[nodiscard]] mailbox::UidSet next();

 private:
  const mailbox::UidSet uids_;
  const std::uint64_t count_;
  std::size_t range_ = 0;    // the one to go on with
  std::uint32_t taken_ = 0;  // UIDs of it that were given already
};

/// Parts of kChangedAtOnce UIDs.
[[nodiscard]] std::vector<mailbox::UidSet> batches_of(mailbox::UidSet uids);
/// All that are or will be in the mailbox, told or not: the last part has no end.
[[nodiscard]] std::vector<mailbox::UidSet> batches_of(const SelectedMailbox& mailbox);

}  // namespace posthaste::imapd
