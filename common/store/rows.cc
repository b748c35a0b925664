#include "common/store/rows.h"

#include <algorithm>

namespace posthaste::store {
namespace {

using lmdb::find_row;

constexpr std::uint32_t kIndexFormat = 1;

void put_limit(OctetWriter& writer, const std::optional<std::uint64_t>& limit) {
  writer.put(static_cast<std::uint8_t>(limit.has_value())).put(limit.value_or(0));
}

std::optional<std::uint64_t> take_limit(OctetReader& reader) {
  const bool limited = reader.take<std::uint8_t>() != 0;
  const auto limit = reader.take<std::uint64_t>();
  return limited ? std::optional(limit) : std::nullopt;
}

}  // namespace

std::string encode(const MetaRow& row) {
  std::string out;
  OctetWriter writer(out);
  writer.put(kIndexFormat);
  ledger::put_tail(writer, row.tail);
  writer.put(row.next_blob);
  return out;
}

std::optional<MetaRow> decode_meta(std::string_view octets) {
  OctetReader reader(octets);
  if (reader.take<std::uint32_t>() != kIndexFormat) return std::nullopt;
  MetaRow row;
  row.tail = ledger::take_tail(reader);
  row.next_blob = reader.take<BlobId>();
  return whole(reader, row);
}

std::string encode(const ObjectKey& row) { return {row.octets.data(), row.octets.size()}; }

std::optional<ObjectKey> decode_object_key(std::string_view octets) {
  ObjectKey row;
  if (octets.size() != row.octets.size()) return std::nullopt;
  std::ranges::copy(octets, row.octets.begin());
  return row;
}

std::string encode(const UserRow& row) {
  std::string out;
  OctetWriter writer(out);
  writer.put(row.modseq)
      .put(row.last_uid_validity)
      .put(row.next_mailbox)
      .put(row.used_octets)
      .put(row.used_messages);
  put_limit(writer, row.limits.octets);
  put_limit(writer, row.limits.messages);
  return out;
}

std::optional<UserRow> decode_user(std::string_view octets) {
  OctetReader reader(octets);
  UserRow row;
  row.modseq = reader.take<ModSeq>();
  row.last_uid_validity = reader.take<UidValidity>();
  row.next_mailbox = reader.take<MailboxId>();
  row.used_octets = reader.take<std::uint64_t>();
  row.used_messages = reader.take<std::uint64_t>();
  row.limits.octets = take_limit(reader);
  row.limits.messages = take_limit(reader);
  return whole(reader, row);
}

std::string encode(const MailboxInfo& row) {
  std::string out;
  OctetWriter writer(out);
  writer.put(row.uid_validity).put(row.uid_next).put(row.highest_modseq).put(row.vanished_floor);
  writer.put(row.messages).put(row.unseen).put(row.deleted).put(row.octets);
  writer.put(row.special_use ? number(*row.special_use) : std::uint8_t{0}).put_string(row.name);
  writer.put(static_cast<std::uint32_t>(row.keywords.size()));
  for (const std::string& keyword : row.keywords) writer.put_string(keyword);
  return out;
}

std::optional<MailboxInfo> decode_mailbox(MailboxId id, std::string_view octets) {
  OctetReader reader(octets);
  MailboxInfo row;
  row.id = id;
  row.uid_validity = reader.take<UidValidity>();
  row.uid_next = reader.take<Uid>();
  row.highest_modseq = reader.take<ModSeq>();
  row.vanished_floor = reader.take<ModSeq>();
  row.messages = reader.take<std::uint32_t>();
  row.unseen = reader.take<std::uint32_t>();
  row.deleted = reader.take<std::uint32_t>();
  row.octets = reader.take<std::uint64_t>();
  const auto use = reader.take<std::uint8_t>();
  if (use > number(SpecialUse::important)) reader.refuse();
  if (use != 0) row.special_use = static_cast<SpecialUse>(use);
  row.name = reader.take_string();
  const std::uint32_t keywords = reader.take_count(sizeof(std::uint32_t));
  if (keywords > kKeywordsMax) reader.refuse();
  for (std::uint32_t i = 0; i < keywords && reader.ok(); ++i) row.keywords.emplace_back(reader.take_string());
  return whole(reader, std::move(row));
}

std::string encode(const BlobRow& row) {
  std::string out;
  const BlobLocation& location = row.location;
  OctetWriter(out)
      .put(location.segment)
      .put(location.offset)
      .put(location.octets)
      .put(location.summary_octets)
      .put(row.references)
      .put(location.codec);
  return out;
}

std::optional<BlobRow> decode_blob(BlobId id, std::string_view octets) {
  OctetReader reader(octets);
  BlobRow row;
  row.location.blob = id;
  row.location.segment = reader.take<std::uint32_t>();
  row.location.offset = reader.take<std::uint64_t>();
  row.location.octets = reader.take<std::uint64_t>();
  row.location.summary_octets = reader.take<std::uint32_t>();
  row.references = reader.take<std::uint32_t>();
  row.location.codec = reader.take<Codec>();
  if (row.location.codec > Codec::none) reader.refuse();
  return whole(reader, row);
}

std::string encode(const RememberedRow& row) {
  std::string out;
  OctetWriter(out).put(row.expires);
  return out.append(row.result);
}

std::optional<RememberedRow> decode_remembered(std::string_view octets) {
  OctetReader reader(octets);
  RememberedRow row;
  row.expires = reader.take<Day>();
  row.result = reader.rest();
  return reader.ok() ? std::optional(row) : std::nullopt;
}

std::string encode(const MetadataTally& row) {
  std::string out;
  OctetWriter(out).put(row.modseq).put(row.annotations).put(row.octets);
  return out;
}

std::optional<MetadataTally> decode_metadata_tally(std::string_view octets) {
  OctetReader reader(octets);
  MetadataTally row;
  row.modseq = reader.take<ModSeq>();
  row.annotations = reader.take<std::uint64_t>();
  row.octets = reader.take<std::uint64_t>();
  return whole(reader, row);
}

std::string encode(const AnnotationRow& row) {
  std::string out;
  OctetWriter(out).put(row.modseq);
  return out.append(row.value);
}

std::optional<AnnotationRow> decode_annotation(std::string_view octets) {
  OctetReader reader(octets);
  AnnotationRow row;
  row.modseq = reader.take<ModSeq>();
  row.value = reader.rest();
  return reader.ok() ? std::optional(row) : std::nullopt;
}

std::string encode(const LeftoverRow& row) {
  std::string out;
  OctetWriter(out)
      .put(row.kind)
      .put(row.first)
      .put(row.next)
      .put(row.modseq)
      .put(row.messages)
      .put(row.unseen)
      .put(row.deleted)
      .put(row.octets);
  return out;
}

std::optional<LeftoverRow> decode_leftover(std::string_view octets) {
  OctetReader reader(octets);
  LeftoverRow row;
  row.kind = reader.take_enum(LeftoverRow::Kind::user);
  if (number(row.kind) == 0) reader.refuse();
  row.first = reader.take<Uid>();
  row.next = reader.take<Uid>();
  row.modseq = reader.take<ModSeq>();
  row.messages = reader.take<std::uint32_t>();
  row.unseen = reader.take<std::uint32_t>();
  row.deleted = reader.take<std::uint32_t>();
  row.octets = reader.take<std::uint64_t>();
  return whole(reader, row);
}

std::optional<MetaRow> find_meta(const View& view) { return find_row(view, Table::meta, meta_key(), decode_meta); }

std::optional<ObjectKey> find_object_key(const View& view) {
  return find_row(view, Table::meta, object_key_key(), decode_object_key);
}

std::optional<UserRow> find_user(const View& view, UserId user) {
  return find_row(view, Table::users, user_key(user), decode_user);
}

std::optional<MailboxInfo> find_mailbox(const View& view, UserId user, MailboxId mailbox) {
  auto decode = [mailbox](std::string_view octets) { return decode_mailbox(mailbox, octets); };
  return find_row(view, Table::mailboxes, mailbox_key(user, mailbox), decode);
}

std::optional<MailboxId> find_mailbox_id(const View& view, UserId user, std::string_view name) {
  auto decode = [](std::string_view octets) {
    OctetReader reader(octets);
    const auto id = reader.take<MailboxId>();
    return whole(reader, id);
  };
  return find_row(view, Table::mailbox_names, name_key(user, name), decode);
}

std::optional<BlobRow> find_blob(const View& view, BlobId blob) {
  auto decode = [blob](std::string_view octets) { return decode_blob(blob, octets); };
  return find_row(view, Table::blobs, blob_key(blob), decode);
}

std::optional<MetadataTally> find_metadata_tally(const View& view, UserId user) {
  return find_row(view, Table::metadata, user_key(user), decode_metadata_tally);
}

std::optional<AnnotationRow> find_annotation(const View& view, std::string_view key) {
  return find_row(view, Table::metadata, key, decode_annotation);
}

std::optional<LeftoverRow> find_leftover(const View& view, UserId user, std::optional<MailboxId> mailbox) {
  return find_row(view, Table::leftovers, leftover_key(user, mailbox), decode_leftover);
}

std::string encode_subscription_count(std::uint32_t count) {
  std::string out;
  OctetWriter(out).put(count);
  return out;
}

std::optional<std::uint32_t> decode_subscription_count(std::string_view octets) {
  OctetReader reader(octets);
  const auto count = reader.take<std::uint32_t>();
  return whole(reader, count);
}

std::uint32_t count_subscriptions(const View& view, UserId user) {
  const Key prefix = user_key(user);
  if (const auto count = find_row(view, Table::subscriptions, prefix, decode_subscription_count)) return *count;
  std::uint32_t rows = 0;
  Cursor cursor(view, Table::subscriptions);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) ++rows;
  return rows;
}

}  // namespace posthaste::store
