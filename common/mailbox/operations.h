// What can be asked to be changed, as values, and what is answered.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/message.h"
#include "common/mailbox/store_error.h"
#include "common/mailbox/uid_set.h"

namespace posthaste::mailbox {

/// Wall-clock time, given by the caller: this room has no clock.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

inline constexpr std::size_t kMailboxNameMaxOctets = 400;  // the key of an index holds 511
inline constexpr std::uint32_t kMailboxesMax = 10'000;     // of one user, unless the operator says otherwise
inline constexpr std::size_t kKeywordMaxOctets = 128;
inline constexpr std::size_t kRenamedMessagesMax = 16'384;  // that go along with a renamed INBOX
inline constexpr std::size_t kDeliveryIdMaxOctets = 64;
inline constexpr std::size_t kRecipientMaxOctets = 384;
inline constexpr std::size_t kIdempotencyKeyMaxOctets = 64;
inline constexpr std::size_t kEntryMaxOctets = 255;           // an annotation's name
inline constexpr std::size_t kAnnotationMaxOctets = 65'536;   // its value
inline constexpr std::size_t kAnnotationsMax = 100;           // of one mailbox, or of the server
inline constexpr std::uint64_t kUserAnnotationsMax = 10'000;  // of all together
inline constexpr std::uint64_t kUserAnnotationsMaxOctets = std::uint64_t{16} << 20;  // their names and values
inline constexpr auto kDeliveriesKept = std::chrono::days{7};
inline constexpr auto kIdempotencyKeysKept = std::chrono::days{1};

/// A message's octets and summary on their way in. Made by put_blob(), shared by all operations that name it,
/// and written once, with the first of them. Its fields are constant once it is in an operation.
class PendingBlob {
 public:
  PendingBlob(std::string octets, Summary summary) : octets_(std::move(octets)), summary_(std::move(summary)) {}
  [[nodiscard]] const std::string& octets() const { return octets_; }
  [[nodiscard]] const Summary& summary() const { return summary_; }

  /// For engines: the blob as which it was written, once it was. Of the thread alone that writes.
  [[nodiscard]] const std::optional<BlobId>& written_as() const { return written_as_; }
  void note_written_as(std::optional<BlobId> blob) const { written_as_ = blob; }

 private:
  std::string octets_;
  Summary summary_;
  mutable std::optional<BlobId> written_as_;
};

using BlobHandle = std::shared_ptr<const PendingBlob>;

/// A message to be put.
struct NewBlob {
  std::string octets;
  Summary summary;
};

/// Durable no later than the first operation that names it.
[[nodiscard]] inline BlobHandle put_blob(std::string octets, Summary summary) {
  return std::make_shared<const PendingBlob>(std::move(octets), std::move(summary));
}

// --- Messages. Mailboxes are named by id: a deleted one is `no_such_mailbox`, never another of the same name.

/// Adds a message. Answer: Appended.
/// Errors: no_such_mailbox, conflict, over_quota, full, too_many_keywords, invalid_name.
struct Append {
  MailboxId mailbox{};
  BlobHandle blob;
  FlagSet flags;
  std::vector<std::string> keywords;
  InternalDate internal_date;
  std::optional<UidValidity> expected_uid_validity;
};

enum class FlagMode : std::uint8_t { add = 0, remove = 1, replace = 2 };

/// Changes flags and keywords (RFC 9051 §6.4.6). UIDs without a message are passed over. A message which already
/// has the flags asked for keeps its modseq. Answer: FlagsStored.
/// Errors: no_such_mailbox, too_many_keywords, invalid_name.
struct StoreFlags {
  MailboxId mailbox{};
  UidSet uids;
  FlagMode mode = FlagMode::add;
  FlagSet flags;
  std::vector<std::string> keywords;
  std::optional<ModSeq> unchanged_since;  // RFC 7162 §3.1.3
};

enum class ExpungeWhich : std::uint8_t { deleted = 0, all = 1 };

/// Removes messages for good: those with \Deleted, or all. Answer: Expunged. Errors: no_such_mailbox.
struct Expunge {
  MailboxId mailbox{};
  UidSet uids = {kAllUids};
  ExpungeWhich which = ExpungeWhich::deleted;
};

/// All or nothing (RFC 9051 §6.4.7). The copy's save date is the time of the commit. Alone in its batch, a COPY of
/// thousands of messages is made in steps, between which others are served; of one user there is one at
/// a time. Answer: Copied. Errors: no_such_mailbox, over_quota, full, too_many_keywords, unavailable (another COPY
/// is on its way into the mailbox, and what was kept for others meanwhile is used up).
struct Copy {
  MailboxId from{};
  UidSet uids;
  MailboxId to{};
};

/// All or nothing (RFC 6851). Within one mailbox the messages get new UIDs. Answer: Copied.
/// Errors: no_such_mailbox, too_many_keywords.
struct Move {
  MailboxId from{};
  UidSet uids;
  MailboxId to{};
};

// --- Mailboxes, by name: UTF-8, levels parted by '/', INBOX in any case.

/// Creates a mailbox and its missing parents. Answer: MailboxChanged.
/// Errors: already_exists (also when another mailbox has that special use), invalid_name, too_many_mailboxes, full.
struct CreateMailbox {
  std::string name;
  std::optional<SpecialUse> special_use;
};

/// Deletes a mailbox with its messages and annotations; children stay, and subscriptions too (RFC 9051 §6.3.4,
/// §6.3.7). Answer: MailboxChanged. Errors: no_such_mailbox, cannot (INBOX).
struct DeleteMailbox {
  std::string name;
};

/// Renames a mailbox and its children, or the children alone of a name that is no mailbox, and creates missing
/// parents. INBOX stays: its messages move into a new mailbox (RFC 9051 §6.3.6), which gets a copy of its
/// annotations (RFC 5464 §4.1); no more than kRenamedMessagesMax of them, the oldest: a caller who knows of more
/// moves the others, so that nobody's mail waits for all of it. Answer: MailboxChanged, of the mailbox that now has
/// the name, or of the first below it. Errors: no_such_mailbox, already_exists, invalid_name, cannot (below
/// itself), too_many_annotations, too_many_mailboxes, full.
struct RenameMailbox {
  std::string from;
  std::string to;
};

/// Puts a name on the subscription list or takes it off. The mailbox need not exist. Answer: Done.
/// Errors: invalid_name, too_many_mailboxes.
struct SetSubscribed {
  std::string name;
  bool subscribed = true;
};

/// An entry with its value; no value removes it (RFC 5464 §4.3).
struct Annotation {
  std::string entry;
  std::optional<std::string> value;
  bool operator==(const Annotation&) const = default;
};

/// Sets annotations of a mailbox, or of the server as this user sees it. Names are compared octet by octet: whoever
/// knows that they have no case gives them in one. Where an entry is named twice, the last value counts.
/// Annotations are not counted to the quota. Answer: Done. Errors: no_such_mailbox, too_many_annotations, full,
/// invalid_name (of an entry), cannot (a value that is too long).
struct SetMetadata {
  std::optional<MailboxId> mailbox;  // nothing: the server
  std::vector<Annotation> annotations;
};

/// Answer: MailboxChanged. Errors: no_such_mailbox, already_exists (another mailbox has that use).
struct SetSpecialUse {
  std::string name;
  std::optional<SpecialUse> special_use;
};

// --- Users

/// Creates INBOX, Drafts, Sent, Junk, Trash and Archive, with their special uses, subscribed. Any other operation
/// on a user unknown to the store does so too. Answer: Done, also when the user was there.
struct CreateUser {};

/// Removes all that the user has; a later operation would create the user anew. Alone in its batch it is done in
/// steps when there is much, between which others are served; from the first on the user is nobody. Answer: Done.
struct DeleteUser {};

/// Answer: Done. A limit below what is used refuses only what is added.
struct SetQuota {
  QuotaLimits limits;
};

using Operation = std::variant<Append, StoreFlags, Expunge, Copy, Move, CreateMailbox, DeleteMailbox, RenameMailbox,
                               SetSubscribed, SetSpecialUse, CreateUser, DeleteUser, SetQuota, SetMetadata>;

/// Operations on one user, all or none, in order: each sees what those before it did.
struct Batch {
  std::vector<Operation> operations;
};

/// The caller's name for one apply, so that a repeat after a broken connection is answered and not done again. At
/// most kIdempotencyKeyMaxOctets; empty: no repeat will come. Remembered for kIdempotencyKeysKept, successes only.
struct IdempotencyKey {
  std::string octets;
};

struct Appended {
  MailboxId mailbox{};
  UidValidity uid_validity{};
  Uid uid{};
  BlobId blob{};
  bool operator==(const Appended&) const = default;
};
struct FlagsStored {
  UidSet changed;   // these have the batch's modseq now
  UidSet modified;  // these had changed after `unchanged_since` and were left alone
  bool operator==(const FlagsStored&) const = default;
};
struct Expunged {
  UidSet uids;
  bool operator==(const Expunged&) const = default;
};
/// COPYUID (RFC 4315 §3): the nth UID of `source` became the nth of `destination`. Empty when nothing was copied.
struct Copied {
  UidValidity uid_validity{};
  UidSet source;
  UidSet destination;
  bool operator==(const Copied&) const = default;
};
struct MailboxChanged {
  MailboxId mailbox{};
  UidValidity uid_validity{};
  bool operator==(const MailboxChanged&) const = default;
};
struct Done {
  bool operator==(const Done&) const = default;
};

using OperationResult = std::variant<Appended, FlagsStored, Expunged, Copied, MailboxChanged, Done>;

struct ApplyResult {
  std::vector<OperationResult> results;  // one per operation, in order
  ModSeq modseq{};                       // the user's after the batch
  bool operator==(const ApplyResult&) const = default;
};

/// The name smtpd gave a message before its first attempt, and the recipient as it stood in RCPT: a repeat of both
/// is answered as the first time and stores nothing. Remembered for kDeliveriesKept. Nothing: no repeat will come.
struct DeliveryId {
  std::string id;
  std::string recipient;
};

/// A message for one user. INBOX takes it when there is no mailbox of that name, or when the user alone writes
/// there: it or one above it has the use Sent, Drafts or Trash. Errors: over_quota, full, too_many_keywords,
/// invalid_name.
struct Deliver {
  UserId user{};
  std::string mailbox = "INBOX";  // in any case, as written first
  BlobHandle blob;
  FlagSet flags;
  std::vector<std::string> keywords;
  InternalDate internal_date;
  std::optional<DeliveryId> delivery;
};

enum class Delivery : std::uint8_t { first = 0, repeated = 1 };

struct Delivered {
  Appended message;
  ModSeq modseq{};
  Delivery delivery = Delivery::first;
  bool operator==(const Delivered&) const = default;
};

/// Named by a change of what is no mailbox's: the subscription list, the server's annotations.
inline constexpr MailboxId kNoMailbox{0};

/// Sent after publication, when readers see it. The mailbox itself may be gone by then.
struct Change {
  UserId user{};
  MailboxId mailbox{};
  ModSeq modseq{};
  bool operator==(const Change&) const = default;
};

}  // namespace posthaste::mailbox
