// One user's mail in the index at one instant.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/snapshot.h"
#include "common/store/blob_location.h"
#include "common/store/values.h"

struct MDB_txn;

namespace posthaste::lmdb {
class Environment;
}

namespace posthaste::store {

class Blobs;

/// What mailbox::Snapshot asks: holds its instant while it lives, and with it every page freed since.
class SnapshotView final : public mailbox::UserView {
 public:
  SnapshotView(std::shared_ptr<lmdb::Environment> environment, std::shared_ptr<Blobs> blobs, MDB_txn* txn,
               UserId user);
  ~SnapshotView() override;

  [[nodiscard]] std::expected<std::optional<UserInfo>, StoreError> user() const override;
  [[nodiscard]] std::expected<MailboxInfo, StoreError> mailbox(MailboxId id) const override;
  [[nodiscard]] std::expected<MailboxInfo, StoreError> mailbox(std::string_view name) const override;
  [[nodiscard]] std::expected<std::vector<MailboxInfo>, StoreError> mailboxes() const override;
  [[nodiscard]] std::expected<std::vector<mailbox::MailboxName>, StoreError> mailbox_names() const override;
  [[nodiscard]] std::expected<bool, StoreError> has_mailbox_below(std::string_view name) const override;
  [[nodiscard]] std::expected<std::vector<std::string>, StoreError> subscriptions() const override;
  [[nodiscard]] std::expected<bool, StoreError> is_subscribed(std::string_view name) const override;
  [[nodiscard]] std::expected<ModSeq, StoreError> metadata_modseq() const override;
  [[nodiscard]] std::expected<void, StoreError> scan_metadata(
      std::optional<MailboxId> mailbox, std::string_view from,
      const std::function<bool(const mailbox::AnnotationView&)>& annotation) const override;
  [[nodiscard]] std::expected<void, StoreError> scan_all_metadata(
      const std::function<void(const mailbox::AnnotationView&)>& annotation) const override;
  [[nodiscard]] std::expected<Message, StoreError> message(MailboxId mailbox, Uid uid) const override;
  [[nodiscard]] std::expected<std::optional<Uid>, StoreError> scan(const mailbox::RowScan& wanted,
                                                                   const Rows& rows) const override;
  [[nodiscard]] std::expected<std::optional<UidSet>, StoreError> uids_without_rows(
      MailboxId mailbox) const override;
  [[nodiscard]] std::expected<std::optional<UidSet>, StoreError> vanished(MailboxId mailbox,
                                                                          ModSeq since) const override;
  [[nodiscard]] std::expected<std::optional<mailbox::MailboxChanges>, StoreError> changes(
      ModSeq since) const override;
  void find_summaries(std::span<const BlobId> blobs, std::span<mailbox::FoundSummary> found) const override;
  void find_headers(std::span<const BlobId> blobs, std::span<mailbox::FoundHeader> found) const override;
  [[nodiscard]] std::expected<mailbox::EmailIds, StoreError> email_ids() const override;
  [[nodiscard]] std::expected<mailbox::Blob, StoreError> find_blob(BlobId blob) const override;
  [[nodiscard]] std::expected<mailbox::Blob, StoreError> find_blob(const Message& message) const override;

 private:
  class Walk;
  struct Walks;
  [[nodiscard]] Walks& walks() const;
  [[nodiscard]] mailbox::FoundSummary find_summary(BlobId blob) const;
  [[nodiscard]] mailbox::FoundHeader find_header(BlobId blob) const;
  /// Errors: no_such_message, also when the blob is not this user's.
  [[nodiscard]] std::expected<BlobLocation, StoreError> locate(BlobId blob) const;
  [[nodiscard]] std::expected<BlobLocation, StoreError> location_of(BlobId blob) const;
  [[nodiscard]] std::expected<std::string_view, StoreError> cold_row(BlobId blob) const;

  const std::shared_ptr<lmdb::Environment> environment_;
  const std::shared_ptr<Blobs> blobs_;
  MDB_txn* const txn_;  // goes back to the environment's idle readers
  const UserId user_;
  mutable std::unique_ptr<Walks> walks_;  // once there is something to find
};

}  // namespace posthaste::store
