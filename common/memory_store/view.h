// What a snapshot of a user in memory answers.
#pragma once

#include <memory>
#include <utility>

#include "common/mailbox/snapshot.h"
#include "common/memory_store/user.h"

namespace posthaste::memory_store {

/// Longer ones are not read within a snapshot.
inline constexpr std::size_t kShortSummaryMaxOctets = 262'144;

[[nodiscard]] mailbox::Blob to_blob(const StoredBlob& blob);

class MemoryView final : public mailbox::UserView {
 public:
  /// Of nobody, where the store has not met the user.
  MemoryView(UserId id, std::shared_ptr<const User> user, mailbox::ObjectKey key)
      : id_(id),
        user_(user ? std::move(user) : std::make_shared<const User>()),
        is_known_(user_->modseq != ModSeq{}),
        key_(key) {}

  [[nodiscard]] std::expected<std::optional<mailbox::UserInfo>, mailbox::StoreError> user() const override;
  [[nodiscard]] std::expected<mailbox::MailboxInfo, mailbox::StoreError> mailbox(MailboxId id) const override;
  [[nodiscard]] std::expected<mailbox::MailboxInfo, mailbox::StoreError> mailbox(
      std::string_view name) const override;
  [[nodiscard]] std::expected<std::vector<mailbox::MailboxInfo>, mailbox::StoreError> mailboxes() const override;
  [[nodiscard]] std::expected<std::vector<mailbox::MailboxName>, mailbox::StoreError> mailbox_names()
      const override;
  [[nodiscard]] std::expected<bool, mailbox::StoreError> has_mailbox_below(std::string_view name) const override;
  [[nodiscard]] std::expected<std::vector<std::string>, mailbox::StoreError> subscriptions() const override;
  [[nodiscard]] std::expected<bool, mailbox::StoreError> is_subscribed(std::string_view name) const override;
  [[nodiscard]] std::expected<ModSeq, mailbox::StoreError> metadata_modseq() const override;
  [[nodiscard]] std::expected<void, mailbox::StoreError> scan_metadata(
      std::optional<MailboxId> mailbox, std::string_view from,
      const std::function<bool(const mailbox::AnnotationView&)>& annotation) const override;
  [[nodiscard]] std::expected<void, mailbox::StoreError> scan_all_metadata(
      const std::function<void(const mailbox::AnnotationView&)>& annotation) const override;
  [[nodiscard]] std::expected<mailbox::Message, mailbox::StoreError> message(MailboxId mailbox,
                                                                             Uid uid) const override;
  [[nodiscard]] std::expected<std::optional<Uid>, mailbox::StoreError> scan(const mailbox::RowScan& wanted,
                                                                            const Rows& rows) const override;
  [[nodiscard]] std::expected<std::optional<mailbox::UidSet>, mailbox::StoreError> uids_without_rows(
      MailboxId mailbox) const override;
  [[nodiscard]] std::expected<std::optional<mailbox::UidSet>, mailbox::StoreError> vanished(
      MailboxId mailbox, ModSeq since) const override;
  [[nodiscard]] std::expected<std::optional<mailbox::MailboxChanges>, mailbox::StoreError> changes(
      ModSeq since) const override;
  void find_summaries(std::span<const BlobId> blobs, std::span<mailbox::FoundSummary> found) const override;
  void find_headers(std::span<const BlobId> blobs, std::span<mailbox::FoundHeader> found) const override;
  [[nodiscard]] std::expected<mailbox::EmailIds, mailbox::StoreError> email_ids() const override;
  [[nodiscard]] std::expected<mailbox::Blob, mailbox::StoreError> find_blob(BlobId blob) const override;
  [[nodiscard]] std::expected<mailbox::Blob, mailbox::StoreError> find_blob(
      const mailbox::Message& message) const override;

 private:
  [[nodiscard]] const Mailbox* find(MailboxId id) const;

  const UserId id_;
  const std::shared_ptr<const User> user_;
  const bool is_known_;
  const mailbox::ObjectKey key_;
};

}  // namespace posthaste::memory_store
