#include "common/memory_store/view.h"

#include <algorithm>
#include <array>

#include "common/mailbox/name.h"

namespace posthaste::memory_store {
namespace {

using mailbox::StoreError;

/// Calls `row` for what lies between two iterators, until it returns false.
template <typename Iterator, typename Row>
void walk(Iterator from, Iterator end, Row row) {
  while (from != end && row(from->second)) ++from;
}

mailbox::FoundSummary summary_of(const User& user, BlobId blob) {
  const auto held = user.blobs.find(blob);
  if (held == user.blobs.end()) return std::unexpected(StoreError::no_such_message);
  const mailbox::SummaryView summary{held->second.blob->summary};
  if (summary.octets() > kShortSummaryMaxOctets) return std::nullopt;
  return summary;
}

}  // namespace

mailbox::Blob to_blob(const StoredBlob& blob) {
  const auto summary_octets = static_cast<std::uint32_t>(mailbox::SummaryView{blob.summary}.octets());
  return {blob.id, blob.octets.size(), summary_octets, {}};
}

const Mailbox* MemoryView::find(MailboxId id) const {
  const auto found = user_->mailboxes.find(id);
  return found == user_->mailboxes.end() ? nullptr : &found->second;
}

std::expected<std::optional<mailbox::UserInfo>, StoreError> MemoryView::user() const {
  if (!is_known_) return std::nullopt;
  mailbox::UserInfo info{user_->modseq, 0, 0, user_->limits};
  for (const auto& [id, each] : user_->mailboxes) {
    info.used_octets += each.info.octets;
    info.used_messages += each.info.messages;
  }
  return info;
}

std::expected<mailbox::MailboxInfo, StoreError> MemoryView::mailbox(MailboxId id) const {
  const Mailbox* found = find(id);
  if (found == nullptr) return std::unexpected(StoreError::no_such_mailbox);
  return found->info;
}

std::expected<mailbox::MailboxInfo, StoreError> MemoryView::mailbox(std::string_view name) const {
  const auto id = user_->names.find(mailbox::canonical_name(name));
  if (id == user_->names.end()) return std::unexpected(StoreError::no_such_mailbox);
  return mailbox(id->second);
}

std::expected<std::vector<mailbox::MailboxInfo>, StoreError> MemoryView::mailboxes() const {
  std::vector<mailbox::MailboxInfo> mailboxes;
  for (const auto& [name, id] : user_->names) mailboxes.push_back(find(id)->info);
  return mailboxes;
}

std::expected<std::vector<mailbox::MailboxName>, StoreError> MemoryView::mailbox_names() const {
  std::vector<mailbox::MailboxName> names;
  for (const auto& [name, id] : user_->names) names.push_back({id, name});
  return names;
}

std::expected<bool, StoreError> MemoryView::has_mailbox_below(std::string_view name) const {
  const std::string prefix = std::string(name) + '/';
  const auto first = user_->names.lower_bound(prefix);
  return first != user_->names.end() && first->first.starts_with(prefix);
}

std::expected<std::vector<std::string>, StoreError> MemoryView::subscriptions() const {
  return std::vector<std::string>(user_->subscriptions.begin(), user_->subscriptions.end());
}

std::expected<bool, StoreError> MemoryView::is_subscribed(std::string_view name) const {
  return user_->subscriptions.contains(name);
}

std::expected<ModSeq, StoreError> MemoryView::metadata_modseq() const { return user_->metadata_modseq; }

std::expected<void, StoreError> MemoryView::scan_metadata(
    std::optional<MailboxId> mailbox, std::string_view from,
    const std::function<bool(const mailbox::AnnotationView&)>& annotation) const {
  const Mailbox* of = mailbox ? find(*mailbox) : nullptr;
  if (mailbox && of == nullptr) return {};
  const Annotations& annotations = of != nullptr ? of->annotations : user_->annotations;
  for (auto at = annotations.lower_bound(from); at != annotations.end(); ++at) {
    if (!annotation({mailbox, at->first, at->second.modseq, at->second.value})) return {};
  }
  return {};
}

std::expected<void, StoreError> MemoryView::scan_all_metadata(
    const std::function<void(const mailbox::AnnotationView&)>& annotation) const {
  const auto each = [&annotation](const mailbox::AnnotationView& one) {
    annotation(one);
    return true;
  };
  auto scanned = scan_metadata(std::nullopt, {}, each);
  for (const auto& [id, mailbox] : user_->mailboxes) scanned = scan_metadata(id, {}, each);
  return scanned;
}

std::expected<mailbox::Message, StoreError> MemoryView::message(MailboxId mailbox, Uid uid) const {
  const Mailbox* of = find(mailbox);
  if (of == nullptr) return std::unexpected(StoreError::no_such_message);
  const auto found = of->messages.find(uid);
  if (found == of->messages.end()) return std::unexpected(StoreError::no_such_message);
  return found->second;
}

std::expected<std::optional<Uid>, StoreError> MemoryView::scan(const mailbox::RowScan& wanted,
                                                               const Rows& rows) const {
  const Mailbox* of = find(wanted.mailbox);
  if (of == nullptr || wanted.uids.first > wanted.uids.last) return std::nullopt;
  std::optional<Uid> rest;
  std::vector<mailbox::Message> found;
  std::size_t looked_at = 0;
  const auto take = [&](const mailbox::Message& message) {
    if (looked_at++ == wanted.rows_max) {
      rest = message.uid;
      return false;
    }
    if (message.modseq > wanted.changed_after) found.push_back(message);
    return true;
  };
  const auto first = of->messages.lower_bound(wanted.uids.first);
  const auto end = of->messages.upper_bound(wanted.uids.last);
  if (wanted.direction == mailbox::RowScan::Direction::ascending) {
    walk(first, end, take);
  } else {
    walk(std::make_reverse_iterator(end), std::make_reverse_iterator(first), take);
  }
  const bool enough = !found.empty() && !rows(found);
  return enough ? std::nullopt : rest;
}

std::expected<std::optional<mailbox::UidSet>, StoreError> MemoryView::uids_without_rows(MailboxId mailbox) const {
  const Mailbox* of = find(mailbox);
  if (of == nullptr) return std::unexpected(StoreError::no_such_mailbox);
  mailbox::UidSet uids;
  for (const auto& [uid, message] : of->messages) uids.add(uid);
  return uids;
}

std::expected<std::optional<mailbox::UidSet>, StoreError> MemoryView::vanished(MailboxId mailbox,
                                                                               ModSeq since) const {
  const Mailbox* of = find(mailbox);
  if (of == nullptr) return std::unexpected(StoreError::no_such_mailbox);
  if (since < of->vanished.floor) return std::nullopt;
  mailbox::UidSet uids;
  for (const auto& [modseq, gone] : of->vanished.gone) {
    if (modseq <= since) continue;
    for (const mailbox::UidRange& range : gone.ranges()) uids.add(range);
  }
  return uids;
}

std::expected<std::optional<mailbox::MailboxChanges>, StoreError> MemoryView::changes(ModSeq since) const {
  if (since < user_->deleted.floor) return std::nullopt;
  mailbox::MailboxChanges changes{user_->modseq, {}, {}};
  for (const auto& [id, each] : user_->mailboxes) {
    if (each.info.highest_modseq > since) changes.changed.push_back(id);
  }
  for (const auto& [modseq, id] : user_->deleted.gone) {
    if (modseq > since) changes.gone.push_back(id);
  }
  std::ranges::sort(changes.gone);
  return changes;
}

void MemoryView::find_summaries(std::span<const BlobId> blobs, std::span<mailbox::FoundSummary> found) const {
  for (std::size_t i = 0; i < blobs.size(); ++i) found[i] = summary_of(*user_, blobs[i]);
}

void MemoryView::find_headers(std::span<const BlobId> blobs, std::span<mailbox::FoundHeader> found) const {
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    const auto summary = summary_of(*user_, blobs[i]);
    if (!summary) {
      found[i] = std::unexpected(summary.error());
    } else {
      found[i] = summary->value_or(mailbox::SummaryView{}).header_cache;
    }
  }
}

std::expected<mailbox::EmailIds, StoreError> MemoryView::email_ids() const { return mailbox::EmailIds{key_, id_}; }

std::expected<mailbox::Blob, StoreError> MemoryView::find_blob(BlobId blob) const {
  const auto held = user_->blobs.find(blob);
  if (held == user_->blobs.end()) return std::unexpected(StoreError::no_such_message);
  return to_blob(*held->second.blob);
}

std::expected<mailbox::Blob, StoreError> MemoryView::find_blob(const mailbox::Message& message) const {
  return find_blob(message.blob);
}

}  // namespace posthaste::memory_store
