#include "common/store/record.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/octet_codec.h"

namespace posthaste::store {
namespace {

/// Before a summary whose header comes first: a search reads nothing else. Those written by the first versions
/// begin with the length of the envelope, and end with the header.
constexpr std::uint32_t kHeaderFirst = 0xFFFF'FFFF;

bool begins_with_header(std::string_view summary) {
  return OctetReader(summary).take<std::uint32_t>() == kHeaderFirst;
}

constexpr std::size_t kUidRangeOctets = 8;
constexpr std::size_t kLinkedMessageOctets = sizeof(Uid) + kMessageRowOctets;

// --- Parts that several records share

void put_uids(OctetWriter& writer, const UidSet& uids) {
  writer.put(static_cast<std::uint32_t>(uids.ranges().size()));
  for (const UidRange& range : uids.ranges()) writer.put(range.first).put(range.last);
}

/// Ranges as UidSet keeps them; anything else is refused, so that what was decoded encodes as it was.
UidSet take_uids(OctetReader& reader) {
  const std::uint32_t count = reader.take_count(kUidRangeOctets);
  UidSet uids;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto first = reader.take<Uid>();
    const auto last = reader.take<Uid>();
    if (last < first) reader.refuse();
    uids.add(UidRange{first, last});
    if (uids.ranges().size() != i + 1 || uids.ranges().back() != UidRange{first, last}) reader.refuse();
    if (!reader.ok()) return {};
  }
  return uids;
}

void put_message(std::string& out, const Message& message) {
  OctetWriter(out).put(message.uid);
  encode_message_row(message, out);
}

void put_messages(std::string& out, const std::vector<Message>& messages) {
  OctetWriter(out).put(static_cast<std::uint32_t>(messages.size()));
  for (const Message& message : messages) put_message(out, message);
}

std::vector<Message> take_messages(OctetReader& reader) {
  const std::uint32_t count = reader.take_count(kLinkedMessageOctets);
  std::vector<Message> messages;
  messages.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto uid = reader.take<Uid>();
    const auto message = decode_message_row(uid, reader.take_octets(kMessageRowOctets));
    if (!message) {
      reader.refuse();
      return {};
    }
    messages.push_back(*message);
  }
  return messages;
}

void put_use(OctetWriter& writer, std::optional<SpecialUse> use) {
  writer.put(use ? number(*use) : std::uint8_t{0});
}

std::optional<SpecialUse> take_use(OctetReader& reader) {
  const auto use = reader.take_enum(SpecialUse::important);
  return number(use) == 0 ? std::nullopt : std::optional(use);
}

void put_limit(OctetWriter& writer, const std::optional<std::uint64_t>& limit) {
  writer.put(static_cast<std::uint8_t>(limit.has_value())).put(limit.value_or(0));
}

std::optional<std::uint64_t> take_limit(OctetReader& reader) {
  const bool limited = reader.take_bool();
  const auto limit = reader.take<std::uint64_t>();
  if (!limited && limit != 0) reader.refuse();
  return limited ? std::optional(limit) : std::nullopt;
}

void put_annotations(OctetWriter& writer, const std::vector<Annotation>& annotations) {
  writer.put(static_cast<std::uint32_t>(annotations.size()));
  for (const Annotation& annotation : annotations) {
    writer.put_string(annotation.entry).put(static_cast<std::uint8_t>(annotation.value.has_value()));
    if (annotation.value) writer.put_string(*annotation.value);
  }
}

std::vector<Annotation> take_annotations(OctetReader& reader) {
  const std::uint32_t count = reader.take_count(sizeof(std::uint32_t) + sizeof(std::uint8_t));
  std::vector<Annotation> annotations;
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    Annotation& annotation = annotations.emplace_back();
    annotation.entry = reader.take_string();
    if (reader.take_bool()) annotation.value = reader.take_string();
  }
  return annotations;
}

FlagSet take_flags(OctetReader& reader) {
  const auto bits = reader.take<std::uint8_t>();
  const FlagSet flags = FlagSet::from_bits(bits);
  if (flags.bits() != bits) reader.refuse();
  return flags;
}

void put_appended(OctetWriter& writer, const Appended& appended) {
  writer.put(appended.mailbox).put(appended.uid_validity).put(appended.uid).put(appended.blob);
}

Appended take_appended(OctetReader& reader) {
  Appended appended;
  appended.mailbox = reader.take<MailboxId>();
  appended.uid_validity = reader.take<UidValidity>();
  appended.uid = reader.take<Uid>();
  appended.blob = reader.take<BlobId>();
  return appended;
}

void put_object_key(std::string& out, const ObjectKey& key) { out.append(key.octets.data(), key.octets.size()); }

ObjectKey take_object_key(OctetReader& reader) {
  ObjectKey key;
  std::ranges::copy(reader.take_octets(key.octets.size()), key.octets.begin());
  return key;
}

// --- Results of operations, by their place in the variant

struct PutResult {
  OctetWriter& writer;
  void operator()(const Appended& result) { put_appended(writer, result); }
  void operator()(const FlagsStored& result) {
    put_uids(writer, result.changed);
    put_uids(writer, result.modified);
  }
  void operator()(const Expunged& result) { put_uids(writer, result.uids); }
  void operator()(const Copied& result) {
    writer.put(result.uid_validity);
    put_uids(writer, result.source);
    put_uids(writer, result.destination);
  }
  void operator()(const MailboxChanged& result) { writer.put(result.mailbox).put(result.uid_validity); }
  void operator()(const Done&) {}
};

OperationResult take_result(OctetReader& reader) {
  switch (reader.take<std::uint8_t>()) {
    case 0: return take_appended(reader);
    case 1: {
      FlagsStored stored;
      stored.changed = take_uids(reader);
      stored.modified = take_uids(reader);
      return stored;
    }
    case 2: return Expunged{take_uids(reader)};
    case 3: {
      Copied copied;
      copied.uid_validity = reader.take<UidValidity>();
      copied.source = take_uids(reader);
      copied.destination = take_uids(reader);
      return copied;
    }
    case 4: {
      MailboxChanged changed;
      changed.mailbox = reader.take<MailboxId>();
      changed.uid_validity = reader.take<UidValidity>();
      return changed;
    }
    case 5: return Done{};
    default: reader.refuse(); return Done{};
  }
}

ApplyResult take_apply_result(OctetReader& reader) {
  ApplyResult result;
  result.modseq = reader.take<ModSeq>();
  const std::uint32_t count = reader.take_count(1);
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) result.results.push_back(take_result(reader));
  return result;
}

Delivered take_delivered(OctetReader& reader) {
  Delivered delivered;
  delivered.message = take_appended(reader);
  delivered.modseq = reader.take<ModSeq>();
  delivered.delivery = reader.take_enum(Delivery::repeated);
  return delivered;
}

// --- Bodies

struct PutBody {
  std::string& out;
  OctetWriter writer{out};

  void operator()(const BlobRecord& record) {
    writer.put(record.blob).put(record.codec).put_string(record.summary);
    out.append(record.octets);
  }
  void operator()(const LinkRecord& record) {
    writer.put(record.user).put(record.mailbox).put(record.modseq);
    put_messages(out, record.messages);
  }
  void operator()(const FlagsRecord& record) {
    writer.put(record.user).put(record.mailbox).put(record.modseq).put(record.mode).put(record.flags.bits());
    writer.put(static_cast<std::uint64_t>(record.keywords.to_ullong()));
    put_uids(writer, record.uids);
  }
  void operator()(const ExpungeRecord& record) {
    writer.put(record.user).put(record.mailbox).put(record.modseq);
    put_uids(writer, record.uids);
  }
  void operator()(const MoveRecord& record) {
    writer.put(record.user).put(record.from).put(record.to).put(record.modseq);
    put_uids(writer, record.source);
    put_messages(out, record.messages);
  }
  void operator()(const KeywordsRecord& record) {
    writer.put(record.user).put(record.mailbox).put(static_cast<std::uint32_t>(record.names.size()));
    for (const std::string& name : record.names) writer.put_string(name);
  }
  void operator()(const MailboxCreateRecord& record) {
    writer.put(record.user).put(record.mailbox).put(record.modseq).put(record.uid_validity);
    put_use(writer, record.special_use);
    writer.put_string(record.name);
  }
  void operator()(const MailboxRenameRecord& record) {
    writer.put(record.user).put(record.mailbox).put(record.modseq).put_string(record.name);
  }
  void operator()(const MailboxDeleteRecord& record) {
    writer.put(record.user).put(record.mailbox).put(record.modseq);
  }
  void operator()(const SpecialUseRecord& record) {
    writer.put(record.user).put(record.mailbox).put(record.modseq);
    put_use(writer, record.special_use);
  }
  void operator()(const SubscriptionRecord& record) {
    writer.put(record.user).put(record.modseq).put(static_cast<std::uint8_t>(record.subscribed));
    writer.put_string(record.name);
  }
  void operator()(const UserCreateRecord& record) { writer.put(record.user); }
  void operator()(const UserDeleteRecord& record) { writer.put(record.user); }
  void operator()(const QuotaRecord& record) {
    writer.put(record.user);
    put_limit(writer, record.limits.octets);
    put_limit(writer, record.limits.messages);
  }
  void operator()(const DeliveryRecord& record) {
    writer.put_string(record.delivery.id).put_string(record.delivery.recipient).put(record.expires);
    encode_delivered(record.result, out);
  }
  void operator()(const AppliedRecord& record) {
    writer.put(record.user).put_string(record.key).put(record.expires);
    encode_result(record.result, out);
  }
  void operator()(const ExpireRecord& record) { writer.put(record.day).put(record.rows_max); }
  void operator()(const MetadataRecord& record) {
    writer.put(record.user).put(record.mailbox.value_or(kNoMailbox)).put(record.modseq);
    put_annotations(writer, record.annotations);
  }
  void operator()(const ObjectKeyRecord& record) { put_object_key(out, record.key); }
  void operator()(const MailboxBuryRecord& record) {
    writer.put(record.user).put(record.mailbox).put(record.modseq);
  }
  void operator()(const CopyStageRecord& record) {
    writer.put(record.user).put(record.mailbox).put(record.modseq);
    put_messages(out, record.messages);
  }
  void operator()(const CopyFinishRecord& record) { writer.put(record.user).put(record.mailbox); }
  void operator()(const ClearRecord& record) {
    writer.put(record.user).put(record.mailbox.value_or(kNoMailbox)).put(record.rows_max);
  }
};

Record take_body(RecordType type, OctetReader& reader) {
  switch (type) {
    case RecordType::blob: {
      BlobRecord record;
      record.blob = reader.take<BlobId>();
      record.codec = reader.take_enum(Codec::none);
      record.summary = reader.take_string();
      record.octets = reader.take_octets(reader.rest().size());
      return record;
    }
    case RecordType::link: {
      LinkRecord record;
      record.user = reader.take<UserId>();
      record.mailbox = reader.take<MailboxId>();
      record.modseq = reader.take<ModSeq>();
      record.messages = take_messages(reader);
      return record;
    }
    case RecordType::flags: {
      FlagsRecord record;
      record.user = reader.take<UserId>();
      record.mailbox = reader.take<MailboxId>();
      record.modseq = reader.take<ModSeq>();
      record.mode = reader.take_enum(FlagMode::replace);
      record.flags = take_flags(reader);
      record.keywords = KeywordBits(reader.take<std::uint64_t>());
      record.uids = take_uids(reader);
      return record;
    }
    case RecordType::expunge: {
      ExpungeRecord record;
      record.user = reader.take<UserId>();
      record.mailbox = reader.take<MailboxId>();
      record.modseq = reader.take<ModSeq>();
      record.uids = take_uids(reader);
      return record;
    }
    case RecordType::move: {
      MoveRecord record;
      record.user = reader.take<UserId>();
      record.from = reader.take<MailboxId>();
      record.to = reader.take<MailboxId>();
      record.modseq = reader.take<ModSeq>();
      record.source = take_uids(reader);
      record.messages = take_messages(reader);
      if (record.source.size() != record.messages.size()) reader.refuse();
      return record;
    }
    case RecordType::keywords: {
      KeywordsRecord record;
      record.user = reader.take<UserId>();
      record.mailbox = reader.take<MailboxId>();
      const std::uint32_t count = reader.take_count(sizeof(std::uint32_t));
      for (std::uint32_t i = 0; i < count && reader.ok(); ++i) record.names.emplace_back(reader.take_string());
      return record;
    }
    case RecordType::mailbox_create: {
      MailboxCreateRecord record;
      record.user = reader.take<UserId>();
      record.mailbox = reader.take<MailboxId>();
      record.modseq = reader.take<ModSeq>();
      record.uid_validity = reader.take<UidValidity>();
      record.special_use = take_use(reader);
      record.name = reader.take_string();
      return record;
    }
    case RecordType::mailbox_rename: {
      MailboxRenameRecord record;
      record.user = reader.take<UserId>();
      record.mailbox = reader.take<MailboxId>();
      record.modseq = reader.take<ModSeq>();
      record.name = reader.take_string();
      return record;
    }
    case RecordType::mailbox_delete: {
      MailboxDeleteRecord record;
      record.user = reader.take<UserId>();
      record.mailbox = reader.take<MailboxId>();
      record.modseq = reader.take<ModSeq>();
      return record;
    }
    case RecordType::special_use: {
      SpecialUseRecord record;
      record.user = reader.take<UserId>();
      record.mailbox = reader.take<MailboxId>();
      record.modseq = reader.take<ModSeq>();
      record.special_use = take_use(reader);
      return record;
    }
    case RecordType::subscription: {
      SubscriptionRecord record;
      record.user = reader.take<UserId>();
      record.modseq = reader.take<ModSeq>();
      record.subscribed = reader.take_bool();
      record.name = reader.take_string();
      return record;
    }
    case RecordType::user_create: return UserCreateRecord{reader.take<UserId>()};
    case RecordType::user_delete: return UserDeleteRecord{reader.take<UserId>()};
    case RecordType::quota: {
      QuotaRecord record;
      record.user = reader.take<UserId>();
      record.limits.octets = take_limit(reader);
      record.limits.messages = take_limit(reader);
      return record;
    }
    case RecordType::delivery: {
      DeliveryRecord record;
      record.delivery.id = reader.take_string();
      record.delivery.recipient = reader.take_string();
      record.expires = reader.take<Day>();
      record.result = take_delivered(reader);
      return record;
    }
    case RecordType::applied: {
      AppliedRecord record;
      record.user = reader.take<UserId>();
      record.key = reader.take_string();
      record.expires = reader.take<Day>();
      record.result = take_apply_result(reader);
      return record;
    }
    case RecordType::expire: {
      ExpireRecord record;
      record.day = reader.take<Day>();
      record.rows_max = reader.take<std::uint32_t>();
      return record;
    }
    case RecordType::metadata: {
      MetadataRecord record;
      record.user = reader.take<UserId>();
      const auto mailbox = reader.take<MailboxId>();
      if (mailbox != kNoMailbox) record.mailbox = mailbox;
      record.modseq = reader.take<ModSeq>();
      record.annotations = take_annotations(reader);
      return record;
    }
    case RecordType::object_key: return ObjectKeyRecord{take_object_key(reader)};
    case RecordType::mailbox_bury: {
      MailboxBuryRecord record;
      record.user = reader.take<UserId>();
      record.mailbox = reader.take<MailboxId>();
      record.modseq = reader.take<ModSeq>();
      return record;
    }
    case RecordType::copy_stage: {
      CopyStageRecord record;
      record.user = reader.take<UserId>();
      record.mailbox = reader.take<MailboxId>();
      record.modseq = reader.take<ModSeq>();
      record.messages = take_messages(reader);
      return record;
    }
    case RecordType::copy_finish: {
      CopyFinishRecord record;
      record.user = reader.take<UserId>();
      record.mailbox = reader.take<MailboxId>();
      return record;
    }
    case RecordType::clear: {
      ClearRecord record;
      record.user = reader.take<UserId>();
      const auto mailbox = reader.take<MailboxId>();
      if (mailbox != kNoMailbox) record.mailbox = mailbox;
      record.rows_max = reader.take<std::uint32_t>();
      return record;
    }
  }
  reader.refuse();
  return ExpireRecord{};
}

}  // namespace

RecordType type_of(const Record& record) {
  // In the order of the variant.
  constexpr std::array kTypes = {
      RecordType::blob,           RecordType::link,        RecordType::flags,          RecordType::expunge,
      RecordType::move,           RecordType::keywords,    RecordType::mailbox_create, RecordType::mailbox_rename,
      RecordType::mailbox_delete, RecordType::special_use, RecordType::subscription,   RecordType::user_create,
      RecordType::user_delete,    RecordType::quota,       RecordType::delivery,       RecordType::applied,
      RecordType::expire,         RecordType::metadata,    RecordType::object_key,     RecordType::mailbox_bury,
      RecordType::copy_stage,     RecordType::copy_finish, RecordType::clear};
  static_assert(kTypes.size() == std::variant_size_v<Record>);
  return kTypes[record.index()];
}

void encode_body(const Record& record, std::string& out) { std::visit(PutBody{out}, record); }

std::uint64_t add_record(journal::LogBuffer& buffer, const Record& record) {
  return buffer.add(number(type_of(record)), [&record](std::string& out) { encode_body(record, out); });
}

std::optional<Record> decode_body(RecordType type, std::string_view body) {
  OctetReader reader(body);
  Record record = take_body(type, reader);
  if (!reader.done()) return std::nullopt;
  return record;
}

std::string encode_summary(const Summary& summary) {
  std::string out;
  OctetWriter(out)
      .put(kHeaderFirst)
      .put_string(summary.header_cache)
      .put_string(summary.envelope)
      .put_string(summary.body_structure);
  return out;
}

std::optional<SummaryView> decode_summary(std::string_view octets) {
  OctetReader reader(octets);
  SummaryView summary;
  const bool header_first = begins_with_header(octets);
  if (header_first) {
    reader.take<std::uint32_t>();
    summary.header_cache = reader.take_string();
  }
  summary.envelope = reader.take_string();
  summary.body_structure = reader.take_string();
  if (!header_first) summary.header_cache = reader.take_string();
  if (!reader.done()) return std::nullopt;
  return summary;
}

std::optional<std::string_view> decode_header_cache(std::string_view summary) {
  if (!begins_with_header(summary)) {
    const auto all = decode_summary(summary);
    return all ? std::optional(all->header_cache) : std::nullopt;
  }
  OctetReader reader(summary);
  reader.take<std::uint32_t>();
  const std::string_view header_cache = reader.take_string();
  return reader.ok() ? std::optional(header_cache) : std::nullopt;
}

void encode_result(const ApplyResult& result, std::string& out) {
  OctetWriter writer(out);
  writer.put(result.modseq).put(static_cast<std::uint32_t>(result.results.size()));
  for (const OperationResult& operation : result.results) {
    writer.put(static_cast<std::uint8_t>(operation.index()));
    std::visit(PutResult{writer}, operation);
  }
}

std::optional<ApplyResult> decode_result(std::string_view octets) {
  OctetReader reader(octets);
  ApplyResult result = take_apply_result(reader);
  if (!reader.done()) return std::nullopt;
  return result;
}

void encode_delivered(const Delivered& delivered, std::string& out) {
  OctetWriter writer(out);
  put_appended(writer, delivered.message);
  writer.put(delivered.modseq).put(delivered.delivery);
}

std::optional<Delivered> decode_delivered(std::string_view octets) {
  OctetReader reader(octets);
  Delivered delivered = take_delivered(reader);
  if (!reader.done()) return std::nullopt;
  return delivered;
}

void encode_message_row(const Message& message, std::string& out) {
  OctetWriter writer(out);
  writer.put(message.modseq).put(static_cast<std::uint64_t>(message.keywords.to_ullong()));
  writer.put(static_cast<std::int64_t>(message.internal_date.at.time_since_epoch().count()));
  writer.put(static_cast<std::int64_t>(message.save_date.time_since_epoch().count()));
  writer.put(message.blob).put(message.octets).put(message.internal_date.zone_minutes);
  writer.put(message.flags.bits()).put(std::uint8_t{0});
}

std::optional<Message> decode_message_row(Uid uid, std::string_view row) {
  OctetReader reader(row);
  Message message;
  message.uid = uid;
  message.modseq = reader.take<ModSeq>();
  message.keywords = KeywordBits(reader.take<std::uint64_t>());
  message.internal_date.at = std::chrono::sys_seconds{std::chrono::seconds{reader.take<std::int64_t>()}};
  message.save_date = std::chrono::sys_seconds{std::chrono::seconds{reader.take<std::int64_t>()}};
  message.blob = reader.take<BlobId>();
  message.octets = reader.take<std::uint32_t>();
  message.internal_date.zone_minutes = reader.take<std::int16_t>();
  message.flags = take_flags(reader);
  if (reader.take<std::uint8_t>() != 0) reader.refuse();
  if (!reader.done()) return std::nullopt;
  return message;
}

void encode_uids(const UidSet& uids, std::string& out) {
  OctetWriter writer(out);
  put_uids(writer, uids);
}

std::optional<UidSet> decode_uids(std::string_view octets) {
  OctetReader reader(octets);
  UidSet uids = take_uids(reader);
  if (!reader.done()) return std::nullopt;
  return uids;
}

}  // namespace posthaste::store
