// The log's records, format 1: what each says, and its octets. Pure: no file, no index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/journal/log_buffer.h"
#include "common/journal/record.h"
#include "common/mailbox/email_ids.h"
#include "common/store/blob_location.h"
#include "common/store/values.h"

namespace posthaste::store {

using mailbox::ObjectKey;

/// The front of each of its segments.
inline constexpr journal::SegmentMagic kSegmentMagic = {'P', 'O', 'H', 'S', 'E', 'G'};

/// Number in the record's header. Never reused for another meaning.
enum class RecordType : std::uint8_t {
  blob = 1,
  link = 2,
  flags = 3,
  expunge = 4,
  move = 5,
  keywords = 6,
  mailbox_create = 7,
  mailbox_rename = 8,
  mailbox_delete = 9,
  special_use = 10,
  subscription = 11,
  user_create = 12,
  user_delete = 13,
  quota = 14,
  delivery = 15,
  applied = 16,
  expire = 17,
  metadata = 18,
  object_key = 19,
  mailbox_bury = 20,
  copy_stage = 21,
  copy_finish = 22,
  clear = 23,
};

/// A message's octets with their summary; no user, no UID. Views into the record's body.
struct BlobRecord {
  BlobId blob{};
  Codec codec = Codec::none;
  std::string_view summary;  // as encode_summary() made it
  std::string_view octets;
  bool operator==(const BlobRecord&) const = default;
};

/// Messages that came into a mailbox, with all that their rows hold. Each has the record's modseq.
struct LinkRecord {
  UserId user{};
  MailboxId mailbox{};
  ModSeq modseq{};
  std::vector<Message> messages;
  bool operator==(const LinkRecord&) const = default;
};

/// Flags that changed on messages which are there.
struct FlagsRecord {
  UserId user{};
  MailboxId mailbox{};
  ModSeq modseq{};
  FlagMode mode = FlagMode::add;
  FlagSet flags;
  KeywordBits keywords;
  UidSet uids;
  bool operator==(const FlagsRecord&) const = default;
};

struct ExpungeRecord {
  UserId user{};
  MailboxId mailbox{};
  ModSeq modseq{};
  UidSet uids;
  bool operator==(const ExpungeRecord&) const = default;
};

/// Messages that left `from`, in the order of `source`, and their new rows in `to`.
struct MoveRecord {
  UserId user{};
  MailboxId from{};
  MailboxId to{};
  ModSeq modseq{};
  UidSet source;
  std::vector<Message> messages;
  bool operator==(const MoveRecord&) const = default;
};

/// Names that a mailbox learnt, at the next free positions.
struct KeywordsRecord {
  UserId user{};
  MailboxId mailbox{};
  std::vector<std::string> names;
  bool operator==(const KeywordsRecord&) const = default;
};

struct MailboxCreateRecord {
  UserId user{};
  MailboxId mailbox{};
  ModSeq modseq{};
  UidValidity uid_validity{};
  std::string name;
  std::optional<SpecialUse> special_use;
  bool operator==(const MailboxCreateRecord&) const = default;
};

struct MailboxRenameRecord {
  UserId user{};
  MailboxId mailbox{};
  ModSeq modseq{};
  std::string name;
  bool operator==(const MailboxRenameRecord&) const = default;
};

struct MailboxDeleteRecord {
  UserId user{};
  MailboxId mailbox{};
  ModSeq modseq{};
  bool operator==(const MailboxDeleteRecord&) const = default;
};

struct SpecialUseRecord {
  UserId user{};
  MailboxId mailbox{};
  ModSeq modseq{};
  std::optional<SpecialUse> special_use;
  bool operator==(const SpecialUseRecord&) const = default;
};

struct SubscriptionRecord {
  UserId user{};
  ModSeq modseq{};
  bool subscribed = false;
  std::string name;
  bool operator==(const SubscriptionRecord&) const = default;
};

struct UserCreateRecord {
  UserId user{};
  bool operator==(const UserCreateRecord&) const = default;
};

struct UserDeleteRecord {
  UserId user{};
  bool operator==(const UserDeleteRecord&) const = default;
};

struct QuotaRecord {
  UserId user{};
  QuotaLimits limits;
  bool operator==(const QuotaRecord&) const = default;
};

/// Days since the epoch, for what is forgotten by the day.
enum class Day : std::uint32_t {};

struct DeliveryRecord {
  DeliveryId delivery;
  Day expires{};
  Delivered result;
  bool operator==(const DeliveryRecord& other) const {
    return delivery.id == other.delivery.id && delivery.recipient == other.delivery.recipient &&
           expires == other.expires && result == other.result;
  }
};

/// An apply with an idempotency key was done.
struct AppliedRecord {
  UserId user{};
  std::string key;
  Day expires{};
  ApplyResult result;
  bool operator==(const AppliedRecord&) const = default;
};

/// The first `rows_max` deliveries and keys that expire before `day` were forgotten.
struct ExpireRecord {
  Day day{};
  std::uint32_t rows_max = 0;
  bool operator==(const ExpireRecord&) const = default;
};

/// Annotations that were set or, those without a value, removed; each once.
struct MetadataRecord {
  UserId user{};
  std::optional<MailboxId> mailbox;  // nothing: the server
  ModSeq modseq{};
  std::vector<Annotation> annotations;
  bool operator==(const MetadataRecord&) const = default;
};

/// The key of all EMAILIDs: in each store once, and of several the first.
struct ObjectKeyRecord {
  ObjectKey key;
  bool operator==(const ObjectKeyRecord&) const = default;
};

/// A mailbox was deleted, but for its rows: those are left over, and go by and by.
struct MailboxBuryRecord {
  UserId user{};
  MailboxId mailbox{};
  ModSeq modseq{};
  bool operator==(const MailboxBuryRecord&) const = default;
};

/// Some of the messages of a COPY lie in the mailbox, above its UIDNEXT, where nobody sees them. Each has the
/// record's modseq, which the user has not reached yet.
struct CopyStageRecord {
  UserId user{};
  MailboxId mailbox{};
  ModSeq modseq{};
  std::vector<Message> messages;
  bool operator==(const CopyStageRecord&) const = default;
};

/// All messages of a COPY lie in the mailbox: now they are there.
struct CopyFinishRecord {
  UserId user{};
  MailboxId mailbox{};
  bool operator==(const CopyFinishRecord&) const = default;
};

/// The first `rows_max` rows that are left over in the mailbox went; those of a COPY that ends here were never
/// there. Without a mailbox: the user is about to be deleted, and the first rows went that belong to no mailbox.
struct ClearRecord {
  UserId user{};
  std::optional<MailboxId> mailbox;
  std::uint32_t rows_max = 0;
  bool operator==(const ClearRecord&) const = default;
};

using Record = std::variant<BlobRecord, LinkRecord, FlagsRecord, ExpungeRecord, MoveRecord, KeywordsRecord,
                            MailboxCreateRecord, MailboxRenameRecord, MailboxDeleteRecord, SpecialUseRecord,
                            SubscriptionRecord, UserCreateRecord, UserDeleteRecord, QuotaRecord, DeliveryRecord,
                            AppliedRecord, ExpireRecord, MetadataRecord, ObjectKeyRecord, MailboxBuryRecord,
                            CopyStageRecord, CopyFinishRecord, ClearRecord>;

[[nodiscard]] RecordType type_of(const Record& record);

/// Appends the record's body to `out`.
void encode_body(const Record& record, std::string& out);

/// Adds a record to those of a group. Returns where its body will begin in the segment.
std::uint64_t add_record(journal::LogBuffer& buffer, const Record& record);

/// All of `body`. Nothing for what encode_body() does not write. A BlobRecord looks into `body`.
[[nodiscard]] std::optional<Record> decode_body(RecordType type, std::string_view body);

[[nodiscard]] std::string encode_summary(const Summary& summary);
/// Lies in `octets`.
[[nodiscard]] std::optional<SummaryView> decode_summary(std::string_view octets);
/// Its header cache alone; of the rest nothing is read when it comes first.
[[nodiscard]] std::optional<std::string_view> decode_header_cache(std::string_view summary);

/// Octets of a blob record's body before the summary, and with it before the message.
inline constexpr std::size_t kBlobPrefixOctets = 13;

void encode_result(const ApplyResult& result, std::string& out);
[[nodiscard]] std::optional<ApplyResult> decode_result(std::string_view octets);
void encode_delivered(const Delivered& delivered, std::string& out);
[[nodiscard]] std::optional<Delivered> decode_delivered(std::string_view octets);

inline constexpr std::size_t kMessageRowOctets = 48;

/// A message without its UID, kMessageRowOctets of them: the value of a hot row, and a part of link records.
void encode_message_row(const Message& message, std::string& out);
[[nodiscard]] std::optional<Message> decode_message_row(Uid uid, std::string_view row);

/// UIDs as ranges of two numbers.
void encode_uids(const UidSet& uids, std::string& out);
[[nodiscard]] std::optional<UidSet> decode_uids(std::string_view octets);

}  // namespace posthaste::store
