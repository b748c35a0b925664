// The index's keys and rows, and how one is found in a view.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/ids.h"
#include "common/base/octet_codec.h"
#include "common/journal/log.h"
#include "common/ledger/segments.h"
#include "common/lmdb/key.h"
#include "common/mailbox/name.h"
#include "common/store/blob_location.h"
#include "common/store/index.h"
#include "common/store/record.h"
#include "common/store/values.h"

namespace posthaste::store {

using ledger::decode_segment;
using ledger::encode;
using ledger::segment_key;
using ledger::segment_of;
using ledger::SegmentRow;
using lmdb::Key;
using lmdb::take_key_part;
using mailbox::canonical_name;
using mailbox::is_mailbox_name;

/// Summaries up to this size lie in the index; longer ones are read from the blob's record.
inline constexpr std::size_t kColdRowMaxOctets = 2048;

/// The index as a whole (table meta, one row).
struct MetaRow {
  journal::LogPosition tail;  // what lies before it in the log is in the index
  BlobId next_blob{1};
};

struct UserRow {
  ModSeq modseq{};
  UidValidity last_uid_validity{};
  MailboxId next_mailbox{1};
  std::uint64_t used_octets = 0;
  std::uint64_t used_messages = 0;
  QuotaLimits limits;
};

struct BlobRow {
  BlobLocation location;
  std::uint32_t references = 0;  // users who have it, each once
};

/// What a delivery id or an idempotency key was answered with, encoded, and when it is forgotten.
struct RememberedRow {
  Day expires{};
  std::string_view result;
};

/// What a user has of annotations (table metadata, the row that names no mailbox).
struct MetadataTally {
  ModSeq modseq{};  // of the last change; the deletion of a mailbox is none
  std::uint64_t annotations = 0;
  std::uint64_t octets = 0;  // of names and values
};

/// An annotation's value, where it lies.
struct AnnotationRow {
  ModSeq modseq{};
  std::string_view value;
};

/// Messages that lie in a mailbox's place and are not there: of a deleted mailbox, whose rows go by and by, or of a
/// COPY under way, which come all at once. Every message of the mailbox at `first` or above is one of them.
struct LeftoverRow {
  enum class Kind : std::uint8_t {
    buried = 1,    // the mailbox was deleted
    staged = 2,    // a COPY is under way; unless nobody goes on with it
    given_up = 3,  // a COPY that failed
    user = 4,      // no messages at all: the user is about to be deleted, and gets nothing any more
  };
  Kind kind = Kind::given_up;
  Uid first{};
  Uid next{};       // above the last
  ModSeq modseq{};  // of all that a COPY brings
  std::uint32_t messages = 0;
  std::uint32_t unseen = 0;
  std::uint32_t deleted = 0;
  std::uint64_t octets = 0;
};

enum class Remembered : std::uint8_t { delivery = 1, idempotency = 2 };

// --- Keys

[[nodiscard]] inline Key meta_key() { return Key().add_octets("state"); }
[[nodiscard]] inline Key object_key_key() { return Key().add_octets("object key"); }  // table meta, too
[[nodiscard]] inline Key user_key(UserId user) { return Key().add(user); }
[[nodiscard]] inline Key mailbox_key(UserId user, MailboxId mailbox) { return Key().add(user).add(mailbox); }
[[nodiscard]] inline Key name_key(UserId user, std::string_view name) { return Key().add(user).add_octets(name); }
[[nodiscard]] inline Key hot_key(UserId user, MailboxId mailbox, Uid uid) {
  return Key().add(user).add(mailbox).add(uid);
}
[[nodiscard]] inline Key user_blob_key(UserId user, BlobId blob) { return Key().add(user).add(blob); }
[[nodiscard]] inline Key blob_key(BlobId blob) { return Key().add(blob); }
[[nodiscard]] inline Key vanished_key(UserId user, MailboxId mailbox, ModSeq modseq) {
  return Key().add(user).add(mailbox).add(modseq);
}
[[nodiscard]] inline Key delivery_key(const DeliveryId& delivery) {
  return Key()
      .add(static_cast<std::uint8_t>(delivery.id.size()))
      .add_octets(delivery.id)
      .add_octets(delivery.recipient);
}
[[nodiscard]] inline Key idempotency_key(UserId user, std::string_view key) {
  return Key().add(user).add_octets(key);
}
[[nodiscard]] inline Key expiry_key(Day day, Remembered what, std::string_view key) {
  return Key().add(day).add(what).add_octets(key);
}

[[nodiscard]] inline Key metadata_key(UserId user, std::optional<MailboxId> mailbox) {
  return mailbox_key(user, mailbox.value_or(kNoMailbox));
}
[[nodiscard]] inline Key annotation_key(UserId user, std::optional<MailboxId> mailbox, std::string_view entry) {
  return metadata_key(user, mailbox).add_octets(entry);
}

/// Without a mailbox: of the user, who is about to be deleted.
[[nodiscard]] inline Key leftover_key(UserId user, std::optional<MailboxId> mailbox) {
  return mailbox_key(user, mailbox.value_or(kNoMailbox));
}

/// The UID at the end of a hot row's key.
[[nodiscard]] inline Uid uid_of(std::string_view key) {
  std::string_view uid = key.substr(key.size() - sizeof(Uid));
  return take_key_part<Uid>(uid);
}

// --- Rows. A decoder takes all of its octets, or gives nothing.

[[nodiscard]] std::string encode(const MetaRow& row);
[[nodiscard]] std::string encode(const ObjectKey& row);
[[nodiscard]] std::string encode(const UserRow& row);
[[nodiscard]] std::string encode(const MailboxInfo& row);
[[nodiscard]] std::string encode(const BlobRow& row);
[[nodiscard]] std::string encode(const RememberedRow& row);
[[nodiscard]] std::string encode(const MetadataTally& row);
[[nodiscard]] std::string encode(const AnnotationRow& row);
[[nodiscard]] std::string encode(const LeftoverRow& row);

[[nodiscard]] std::optional<MetaRow> decode_meta(std::string_view octets);
[[nodiscard]] std::optional<ObjectKey> decode_object_key(std::string_view octets);
[[nodiscard]] std::optional<UserRow> decode_user(std::string_view octets);
[[nodiscard]] std::optional<MailboxInfo> decode_mailbox(MailboxId id, std::string_view octets);
[[nodiscard]] std::optional<BlobRow> decode_blob(BlobId id, std::string_view octets);
[[nodiscard]] std::optional<RememberedRow> decode_remembered(std::string_view octets);
[[nodiscard]] std::optional<MetadataTally> decode_metadata_tally(std::string_view octets);
[[nodiscard]] std::optional<AnnotationRow> decode_annotation(std::string_view octets);
[[nodiscard]] std::optional<LeftoverRow> decode_leftover(std::string_view octets);

// --- Finding. Nothing when the row is not there; the view fails when it is damaged.

[[nodiscard]] std::optional<MetaRow> find_meta(const View& view);
[[nodiscard]] std::optional<ObjectKey> find_object_key(const View& view);
[[nodiscard]] std::optional<UserRow> find_user(const View& view, UserId user);
[[nodiscard]] std::optional<MailboxInfo> find_mailbox(const View& view, UserId user, MailboxId mailbox);
[[nodiscard]] std::optional<MailboxId> find_mailbox_id(const View& view, UserId user, std::string_view name);
[[nodiscard]] std::optional<BlobRow> find_blob(const View& view, BlobId blob);
/// What is live of a segment: the records of blobs that someone refers to.
[[nodiscard]] inline std::optional<SegmentRow> find_segment(const View& view, std::uint32_t segment) {
  return ledger::find_segment(view, Table::segments, segment);
}
[[nodiscard]] std::optional<MetadataTally> find_metadata_tally(const View& view, UserId user);
[[nodiscard]] std::optional<AnnotationRow> find_annotation(const View& view, std::string_view key);
[[nodiscard]] std::optional<LeftoverRow> find_leftover(const View& view, UserId user,
                                                       std::optional<MailboxId> mailbox);

/// How many names are on the user's subscription list. Rows are counted only where an older version kept no count.
[[nodiscard]] std::uint32_t count_subscriptions(const View& view, UserId user);
[[nodiscard]] std::string encode_subscription_count(std::uint32_t count);
[[nodiscard]] std::optional<std::uint32_t> decode_subscription_count(std::string_view octets);

/// A record's octets in the log, for a blob.
[[nodiscard]] inline std::uint64_t record_octets(const BlobLocation& location) {
  return journal::kRecordHeaderOctets + kBlobPrefixOctets + location.summary_octets + location.octets;
}

}  // namespace posthaste::store
