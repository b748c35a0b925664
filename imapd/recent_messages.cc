#include "imapd/recent_messages.h"

#include <algorithm>

#include "imapd/limits.h"

namespace posthaste::imapd {

std::optional<Uid> RecentMessages::known_first(UserId user, MailboxId mailbox) const {
  const std::lock_guard lock{mutex_};
  const auto entry = first_.find({user, mailbox});
  if (entry == first_.end()) return std::nullopt;
  return entry->second;
}

Uid RecentMessages::first(UserId user, MailboxId mailbox, Uid otherwise) const {
  return known_first(user, mailbox).value_or(otherwise);
}

Uid RecentMessages::take(UserId user, MailboxId mailbox, Uid uid_next, Uid otherwise) {
  const std::lock_guard lock{mutex_};
  const auto [entry, is_first_look] = first_.try_emplace({user, mailbox}, otherwise);
  const Uid first = entry->second;
  entry->second = std::max(first, uid_next);
  // A message may become \Recent twice then, which RFC 3501 §2.3.2 prefers to never.
  if (is_first_look && first_.size() > kRecentMailboxesMax) first_.erase(first_.begin());
  return first;
}

std::expected<std::uint32_t, store::StoreError> RecentMessages::count(const store::Snapshot& snapshot, UserId user,
                                                                      const store::MailboxInfo& mailbox) const {
  const auto first = known_first(user, mailbox.id);
  std::uint32_t recent = 0;
  const auto note = [&](const store::Message& message) {
    if (first || is_new(message.save_date)) ++recent;
  };
  std::optional<Uid> from = first.value_or(Uid{1});
  while (from && *from < mailbox.uid_next) {
    auto next_uid = snapshot.scan(mailbox.id, {*from, Uid{number(mailbox.uid_next) - 1}}, kSliceRows, note);
    if (!next_uid) return std::unexpected(next_uid.error());
    from = *next_uid;
  }
  return recent;
}

}  // namespace posthaste::imapd
