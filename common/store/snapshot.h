// A reader's view of one user's mail at one instant.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/store/blob_location.h"
#include "common/store/values.h"

struct MDB_txn;

namespace posthaste::lmdb {
class Environment;
}

namespace posthaste::mailbox {
class EmailIds;
}

namespace posthaste::store {

class Blobs;

/// An annotation where it lies, for as long as the call that tells of it.
struct AnnotationView {
  std::optional<MailboxId> mailbox;  // nothing: the server
  std::string_view entry;
  ModSeq modseq{};  // of its last change
  std::string_view value;
};

/// A mailbox of which no more is known than this.
struct MailboxName {
  MailboxId id{};
  std::string name;
};

/// Holds its instant while it lives, and with it every page freed since: never keep one across an await, a socket
/// write, 100 ms, or work whose length somebody else decides: copy what you need, let it go, then think. Used by
/// one thread at a time. All that it gives are copies, but for summaries. Every call can say `io` when a row cannot
/// be read.
class Snapshot {
 public:
  Snapshot(Snapshot&& other) noexcept;
  Snapshot& operator=(Snapshot&&) = delete;
  ~Snapshot();

  /// Nothing for a user whom the store has not met yet.
  [[nodiscard]] std::expected<std::optional<UserInfo>, StoreError> user() const;

  /// Errors: no_such_mailbox.
  [[nodiscard]] std::expected<MailboxInfo, StoreError> mailbox(MailboxId id) const;
  /// By name, INBOX in any case. Errors: no_such_mailbox.
  [[nodiscard]] std::expected<MailboxInfo, StoreError> mailbox(std::string_view name) const;
  /// All of them, by the octets of their names.
  [[nodiscard]] std::expected<std::vector<MailboxInfo>, StoreError> mailboxes() const;
  /// The same, without a look at their rows: for those who look at some of them later, few at a time.
  [[nodiscard]] std::expected<std::vector<MailboxName>, StoreError> mailbox_names() const;
  /// Whether there is one below this name, which may be no mailbox itself.
  [[nodiscard]] std::expected<bool, StoreError> has_mailbox_below(std::string_view name) const;
  /// Names on the subscription list, whether or not such mailboxes exist.
  [[nodiscard]] std::expected<std::vector<std::string>, StoreError> subscriptions() const;
  [[nodiscard]] std::expected<bool, StoreError> is_subscribed(std::string_view name) const;

  /// Of the last change of any annotation; a mailbox that goes with its own is none.
  [[nodiscard]] std::expected<ModSeq, StoreError> metadata_modseq() const;
  /// Calls `annotation` for those of a mailbox, or of the server, by ascending entry from `from` on, until it
  /// returns false. Values may be long: not on a loop.
  [[nodiscard]] std::expected<void, StoreError> scan_metadata(
      std::optional<MailboxId> mailbox, std::string_view from,
      const std::function<bool(const AnnotationView&)>& annotation) const;
  /// The same for all that the user has.
  [[nodiscard]] std::expected<void, StoreError> scan_all_metadata(
      const std::function<void(const AnnotationView&)>& annotation) const;

  /// Errors: no_such_message.
  [[nodiscard]] std::expected<Message, StoreError> message(MailboxId mailbox, Uid uid) const;

  /// Calls `row` for the messages of `range` by ascending UID, for at most `rows_max` of them (256 on a loop).
  /// Returns the UID to go on from, or nothing when the range is done.
  [[nodiscard]] std::expected<std::optional<Uid>, StoreError> scan(
      MailboxId mailbox, UidRange range, std::size_t rows_max,
      const std::function<void(const Message&)>& row) const;

  /// The same for messages changed after `since` alone; `rows_max` counts the rows looked at.
  [[nodiscard]] std::expected<std::optional<Uid>, StoreError> scan_changed(
      MailboxId mailbox, ModSeq since, UidRange range, std::size_t rows_max,
      const std::function<void(const Message&)>& row) const;

  /// Calls `row` for the messages of `range` by descending UID, for at most `rows_max` of them, until it returns
  /// false. Returns the UID to go on from, or nothing when the range is done or `row` has enough.
  [[nodiscard]] std::expected<std::optional<Uid>, StoreError> scan_back(
      MailboxId mailbox, UidRange range, std::size_t rows_max,
      const std::function<bool(const Message&)>& row) const;

  /// The UIDs of all messages. Reads no row of a message while little was expunged. Errors: no_such_mailbox.
  [[nodiscard]] std::expected<UidSet, StoreError> uids(MailboxId mailbox) const;
  /// The same, or nothing where it would have to read the rows.
  [[nodiscard]] std::expected<std::optional<UidSet>, StoreError> uids_without_rows(MailboxId mailbox) const;

  /// UIDs expunged after `since` (RFC 7162 §3.2.5.2). Nothing when `since` is below the mailbox's vanished floor:
  /// then whatever the client knows and we do not have has vanished.
  [[nodiscard]] std::expected<std::optional<UidSet>, StoreError> vanished(MailboxId mailbox, ModSeq since) const;

  /// Valid until the next call, and while the snapshot lives. May read a segment: not on a loop. Errors:
  /// no_such_message.
  [[nodiscard]] std::expected<SummaryView, StoreError> summary(BlobId blob) const;
  /// The same, but nothing for one that is too long to be read within a snapshot: Store::read_summary() is for it.
  [[nodiscard]] std::expected<std::optional<SummaryView>, StoreError> short_summary(BlobId blob) const;
  /// Its header cache alone; likewise empty when the summary is so long.
  [[nodiscard]] std::expected<std::string_view, StoreError> header_cache(BlobId blob) const;

  /// The user's EMAILIDs, which outlive the snapshot. Errors: unavailable, when the store has no key yet: it was
  /// made by an earlier version, and its writer had no room for one.
  [[nodiscard]] std::expected<mailbox::EmailIds, StoreError> email_ids() const;

  /// Errors: no_such_message, also when the blob is not this user's.
  [[nodiscard]] std::expected<BlobLocation, StoreError> locate(BlobId blob) const;
  /// The same for a message that this snapshot has given, which is this user's.
  [[nodiscard]] std::expected<BlobLocation, StoreError> locate(const Message& message) const;

 private:
  friend class Store;
  Snapshot(std::shared_ptr<lmdb::Environment> environment, std::shared_ptr<Blobs> blobs, MDB_txn* txn, UserId user);
  class Walk;
  struct Walks;
  [[nodiscard]] Walks& walks() const;
  [[nodiscard]] std::expected<BlobLocation, StoreError> location_of(BlobId blob) const;
  [[nodiscard]] std::expected<std::string_view, StoreError> cold_row(BlobId blob) const;

  std::shared_ptr<lmdb::Environment> environment_;
  std::shared_ptr<Blobs> blobs_;
  MDB_txn* txn_;  // goes back to the environment's idle readers
  UserId user_;
  mutable std::unique_ptr<Walks> walks_;  // once there is something to find
};

}  // namespace posthaste::store
