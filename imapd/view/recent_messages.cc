#include "imapd/view/recent_messages.h"

#include <algorithm>

#include "common/reading/row_walk.h"
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

std::expected<Uid, mailbox::StoreError> RecentMessages::first_without_look(
    const mailbox::Reader& store, UserId user, const mailbox::MailboxInfo& mailbox) const {
  Uid first = mailbox.uid_next;
  const auto note = [&](const mailbox::Message& message) {
    if (!is_new(message.save_date)) return false;
    first = message.uid;
    return true;
  };
  auto scanned = reading::walk_back(store, user, mailbox.id, note);
  if (!scanned) return std::unexpected(scanned.error());
  return first;
}

std::expected<std::uint32_t, mailbox::StoreError> RecentMessages::count(const mailbox::Reader& store, UserId user,
                                                                        const mailbox::MailboxInfo& mailbox) const {
  const auto first = known_first(user, mailbox.id);
  std::uint32_t recent = 0;
  const auto note = [&](const mailbox::Message& message) {
    const bool is_recent = first ? message.uid >= *first : is_new(message.save_date);
    if (is_recent) ++recent;
    return is_recent;
  };
  auto scanned = reading::walk_back(store, user, mailbox.id, note);
  if (!scanned) return std::unexpected(scanned.error());
  return recent;
}

}  // namespace posthaste::imapd
