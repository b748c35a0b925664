// A reader's view of one user's mail at one instant.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/blob.h"
#include "common/mailbox/email_ids.h"
#include "common/mailbox/message.h"
#include "common/mailbox/store_error.h"
#include "common/mailbox/uid_set.h"

namespace posthaste::mailbox {

/// An annotation that lies elsewhere, for as long as the call that tells of it.
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

/// What became of a user's mailboxes since some modseq. Of the messages in those that changed, Snapshot's
/// scan_changed() and vanished() say more. Annotations are no part of it (metadata_modseq() tells of these), nor are
/// subscriptions.
struct MailboxChanges {
  ModSeq modseq{};                 // of the user: all until here is told
  std::vector<MailboxId> changed;  // by id: in these something came, went or changed, or they were made or renamed
  std::vector<MailboxId> gone;     // by id: these were deleted; some perhaps before
  bool operator==(const MailboxChanges&) const = default;
};

/// Which rows of a mailbox's messages are read.
struct RowScan {
  enum class Direction { ascending, descending };

  MailboxId mailbox{};
  UidRange uids = kAllUids;
  std::size_t rows_max = 0;  // looked at
  ModSeq changed_after{};    // the others are passed over
  Direction direction = Direction::ascending;
};

/// A summary that lies elsewhere; nothing for one that is too long to be read within a snapshot.
using FoundSummary = std::expected<std::optional<SummaryView>, StoreError>;
using FoundHeader = std::expected<std::string_view, StoreError>;

/// What an engine answers to a snapshot; used by one thread at a time. snapshot.h's Snapshot has the contract of
/// each call. Rows are handed over several at once: no call here is made for each of them.
class UserView {
 public:
  UserView() = default;
  UserView(const UserView&) = delete;
  UserView& operator=(const UserView&) = delete;
  virtual ~UserView() = default;

  [[nodiscard]] virtual std::expected<std::optional<UserInfo>, StoreError> user() const = 0;
  [[nodiscard]] virtual std::expected<MailboxInfo, StoreError> mailbox(MailboxId id) const = 0;
  [[nodiscard]] virtual std::expected<MailboxInfo, StoreError> mailbox(std::string_view name) const = 0;
  [[nodiscard]] virtual std::expected<std::vector<MailboxInfo>, StoreError> mailboxes() const = 0;
  [[nodiscard]] virtual std::expected<std::vector<MailboxName>, StoreError> mailbox_names() const = 0;
  [[nodiscard]] virtual std::expected<bool, StoreError> has_mailbox_below(std::string_view name) const = 0;
  [[nodiscard]] virtual std::expected<std::vector<std::string>, StoreError> subscriptions() const = 0;
  [[nodiscard]] virtual std::expected<bool, StoreError> is_subscribed(std::string_view name) const = 0;
  [[nodiscard]] virtual std::expected<ModSeq, StoreError> metadata_modseq() const = 0;
  [[nodiscard]] virtual std::expected<void, StoreError> scan_metadata(
      std::optional<MailboxId> mailbox, std::string_view from,
      const std::function<bool(const AnnotationView&)>& annotation) const = 0;
  [[nodiscard]] virtual std::expected<void, StoreError> scan_all_metadata(
      const std::function<void(const AnnotationView&)>& annotation) const = 0;
  [[nodiscard]] virtual std::expected<Message, StoreError> message(MailboxId mailbox, Uid uid) const = 0;

  /// Hands over the rows `wanted` in its order, some at a time, until `rows` returns false. Returns the UID to go
  /// on from, or nothing when the range is done or `rows` has enough.
  using Rows = std::function<bool(std::span<const Message>)>;
  [[nodiscard]] virtual std::expected<std::optional<Uid>, StoreError> scan(const RowScan& wanted,
                                                                           const Rows& rows) const = 0;
  [[nodiscard]] virtual std::expected<std::optional<UidSet>, StoreError> uids_without_rows(
      MailboxId mailbox) const = 0;
  [[nodiscard]] virtual std::expected<std::optional<UidSet>, StoreError> vanished(MailboxId mailbox,
                                                                                  ModSeq since) const = 0;

  [[nodiscard]] virtual std::expected<std::optional<MailboxChanges>, StoreError> changes(ModSeq since) const = 0;

  /// Finds the nth of `found` for the nth of `blobs`; there are as many of both.
  virtual void find_summaries(std::span<const BlobId> blobs, std::span<FoundSummary> found) const = 0;
  virtual void find_headers(std::span<const BlobId> blobs, std::span<FoundHeader> found) const = 0;
  [[nodiscard]] virtual std::expected<EmailIds, StoreError> email_ids() const = 0;
  [[nodiscard]] virtual std::expected<Blob, StoreError> find_blob(BlobId blob) const = 0;
  [[nodiscard]] virtual std::expected<Blob, StoreError> find_blob(const Message& message) const = 0;
};

/// May hold up what others have changed since for as long as it lives: never keep one across an await, a socket
/// write, 100 ms, or work whose length somebody else decides: copy what you need, let it go, then think. Used by
/// one thread at a time, and never on a loop, but for what Reader::look() gives. All that it gives are copies, but
/// for summaries. Every call can say `io` when a row cannot be read.
class Snapshot {
 public:
  explicit Snapshot(std::unique_ptr<const UserView> view) : view_(std::move(view)) {}

  /// Nothing for a user whom the store has not met yet.
  [[nodiscard]] auto user() const { return view_->user(); }

  /// Errors: no_such_mailbox.
  [[nodiscard]] auto mailbox(MailboxId id) const { return view_->mailbox(id); }
  /// By name, INBOX in any case. Errors: no_such_mailbox.
  [[nodiscard]] auto mailbox(std::string_view name) const { return view_->mailbox(name); }
  /// All of them, by the octets of their names.
  [[nodiscard]] auto mailboxes() const { return view_->mailboxes(); }
  /// The same, without a look at their rows: for those who look at some of them later, few at a time.
  [[nodiscard]] auto mailbox_names() const { return view_->mailbox_names(); }
  /// Whether there is one below this name, which may be no mailbox itself.
  [[nodiscard]] auto has_mailbox_below(std::string_view name) const { return view_->has_mailbox_below(name); }
  /// Names on the subscription list, whether or not such mailboxes exist.
  [[nodiscard]] auto subscriptions() const { return view_->subscriptions(); }
  [[nodiscard]] auto is_subscribed(std::string_view name) const { return view_->is_subscribed(name); }

  /// Of the last change of any annotation; a mailbox that goes with its own is none.
  [[nodiscard]] auto metadata_modseq() const { return view_->metadata_modseq(); }
  /// Calls `annotation` for those of a mailbox, or of the server, by ascending entry from `from` on, until it
  /// returns false. Values may be long: not on a loop.
  [[nodiscard]] auto scan_metadata(std::optional<MailboxId> mailbox, std::string_view from,
                                   const std::function<bool(const AnnotationView&)>& annotation) const {
    return view_->scan_metadata(mailbox, from, annotation);
  }
  /// The same for all that the user has.
  [[nodiscard]] auto scan_all_metadata(const std::function<void(const AnnotationView&)>& annotation) const {
    return view_->scan_all_metadata(annotation);
  }

  /// Errors: no_such_message.
  [[nodiscard]] auto message(MailboxId mailbox, Uid uid) const { return view_->message(mailbox, uid); }

  /// Calls `row` with each message of `range` by ascending UID, for at most `rows_max` of them (256 on a loop).
  /// Returns the UID to go on from, or nothing when the range is done.
  template <typename Row>
  [[nodiscard]] std::expected<std::optional<Uid>, StoreError> scan(MailboxId mailbox, UidRange range,
                                                                   std::size_t rows_max, Row&& row) const {
    return scan_changed(mailbox, ModSeq{0}, range, rows_max, row);
  }
  /// The same for messages changed after `since` alone; `rows_max` counts the rows looked at.
  template <typename Row>
  [[nodiscard]] std::expected<std::optional<Uid>, StoreError> scan_changed(MailboxId mailbox, ModSeq since,
                                                                           UidRange range, std::size_t rows_max,
                                                                           Row&& row) const {
    const auto each = [&row](std::span<const Message> rows) {
      for (const Message& message : rows) row(message);
      return true;
    };
    return view_->scan({mailbox, range, rows_max, since, RowScan::Direction::ascending}, each);
  }
  /// Calls `row` with the messages of `range` by descending UID, for at most `rows_max` of them, until it returns
  /// false. Returns the UID to go on from, or nothing when the range is done or `row` has enough.
  template <typename Row>
  [[nodiscard]] std::expected<std::optional<Uid>, StoreError> scan_back(MailboxId mailbox, UidRange range,
                                                                        std::size_t rows_max, Row&& row) const {
    const auto each = [&row](std::span<const Message> rows) {
      for (const Message& message : rows) {
        if (!row(message)) return false;
      }
      return true;
    };
    return view_->scan({mailbox, range, rows_max, ModSeq{0}, RowScan::Direction::descending}, each);
  }

  /// The UIDs of all messages. Reads no row of a message while little was expunged. Errors: no_such_mailbox.
  [[nodiscard]] std::expected<UidSet, StoreError> uids(MailboxId mailbox) const;
  /// The same, or nothing where it would have to read the rows.
  [[nodiscard]] auto uids_without_rows(MailboxId mailbox) const { return view_->uids_without_rows(mailbox); }

  /// UIDs expunged after `since` (RFC 7162 §3.2.5.2). Nothing when `since` is below the mailbox's vanished floor:
  /// then whatever the client knows and we do not have has vanished. Errors: no_such_mailbox.
  [[nodiscard]] auto vanished(MailboxId mailbox, ModSeq since) const { return view_->vanished(mailbox, since); }

  /// What became of the user's mailboxes after `since`. Nothing when that is below the floor of what is on record:
  /// then anything may have changed. A look at each mailbox: not on a loop.
  [[nodiscard]] auto changes(ModSeq since) const { return view_->changes(since); }

  /// A summary of at most 256 KB; nothing for a longer one, which Reader::read_summary() is for. Valid until the
  /// next call of any of these, and while the snapshot lives. Errors: no_such_message.
  [[nodiscard]] FoundSummary short_summary(BlobId blob) const;
  /// Its header cache alone; likewise empty when the summary is so long.
  [[nodiscard]] FoundHeader header_cache(BlobId blob) const;

  /// The user's EMAILIDs, which outlive the snapshot. Errors: unavailable, when the store has no key yet: it was
  /// made by an earlier version, and its writer had no room for one.
  [[nodiscard]] auto email_ids() const { return view_->email_ids(); }

  /// Errors: no_such_message, also when the blob is not this user's.
  [[nodiscard]] auto find_blob(BlobId blob) const { return view_->find_blob(blob); }
  /// The same for a message that this snapshot has given, which is this user's.
  [[nodiscard]] auto find_blob(const Message& message) const { return view_->find_blob(message); }

 private:
  template <typename Found, void (UserView::*Find)(std::span<const BlobId>, std::span<Found>) const>
  friend class ReadAhead;

  std::unique_ptr<const UserView> view_;
};

/// What is found of one message after the other: some of those that follow come with each, for an engine finds them
/// together. What it gives lives until one is asked for that was not among them; the snapshot outlives it.
template <typename Found, void (UserView::*Find)(std::span<const BlobId>, std::span<Found>) const>
class ReadAhead {
 public:
  /// Most likely of all `messages`, which outlive it, by ascending index.
  ReadAhead(const Snapshot& snapshot, std::span<const Message> messages)
      : view_(*snapshot.view_), messages_(messages) {}

  /// Of messages[index].
  [[nodiscard]] const Found& at(std::size_t index) {
    if (index < begin_ || index >= end_) read(index);
    return found_[index - begin_];
  }

 private:
  static constexpr std::size_t kAtOnce = 16;

  void read(std::size_t index) {
    begin_ = index;
    end_ = std::min(index + kAtOnce, messages_.size());
    std::array<BlobId, kAtOnce> blobs;
    for (std::size_t i = begin_; i < end_; ++i) blobs[i - begin_] = messages_[i].blob;
    (view_.*Find)(std::span(blobs).first(end_ - begin_), std::span(found_).first(end_ - begin_));
  }

  const UserView& view_;
  const std::span<const Message> messages_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::array<Found, kAtOnce> found_;
};

using Summaries = ReadAhead<FoundSummary, &UserView::find_summaries>;
using HeaderCaches = ReadAhead<FoundHeader, &UserView::find_headers>;

}  // namespace posthaste::mailbox
