#include "common/mailbox/snapshot.h"

#include <limits>
#include <optional>
#include <utility>

namespace posthaste::mailbox {

std::expected<UidSet, StoreError> Snapshot::uids(MailboxId mailbox) const {
  auto known = uids_without_rows(mailbox);
  if (!known) return std::unexpected(known.error());
  std::optional<UidSet> without_rows = std::move(*known);
  if (without_rows) return std::move(*without_rows);
  UidSet uids;
  const auto note = [&uids](const Message& message) { uids.add(message.uid); };
  const auto rest = scan(mailbox, kAllUids, std::numeric_limits<std::size_t>::max(), note);
  if (!rest) return std::unexpected(rest.error());
  return uids;
}

FoundSummary Snapshot::short_summary(BlobId blob) const {
  FoundSummary found;
  view_->find_summaries({&blob, 1}, {&found, 1});
  return found;
}

FoundHeader Snapshot::header_cache(BlobId blob) const {
  FoundHeader found;
  view_->find_headers({&blob, 1}, {&found, 1});
  return found;
}

}  // namespace posthaste::mailbox
