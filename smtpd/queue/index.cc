#include "smtpd/queue/index.h"

#include <utility>

#include "common/base/octet_codec.h"
#include "smtpd/queue/envelope.h"
#include "smtpd/queue/record.h"

namespace posthaste::queue {
namespace {

using lmdb::find_row;

constexpr std::uint32_t kIndexFormat = 1;

}  // namespace

EntryId entry_of(std::string_view key) { return lmdb::take_key_part<EntryId>(key); }

std::string encode(const MetaRow& row) {
  std::string out;
  OctetWriter writer(out);
  writer.put(kIndexFormat);
  ledger::put_tail(writer, row.tail);
  writer.put(row.next_entry).put(row.unknown_below);
  return out;
}

std::optional<MetaRow> decode_meta(std::string_view octets) {
  OctetReader reader(octets);
  if (reader.take<std::uint32_t>() != kIndexFormat) return std::nullopt;
  MetaRow row;
  row.tail = ledger::take_tail(reader);
  row.next_entry = reader.take<EntryId>();
  row.unknown_below = reader.take<EntryId>();
  return whole(reader, row);
}

std::string encode(const EntryRow& row) {
  std::string out;
  OctetWriter writer(out);
  writer.put(row.segment).put(row.record_offset).put(row.record_octets).put(row.message_octets);
  writer.put(row.recipients);
  put_envelope(writer, row.envelope);
  return out;
}

std::optional<EntryRow> decode_entry(std::string_view octets) {
  OctetReader reader(octets);
  EntryRow row;
  row.segment = reader.take<std::uint32_t>();
  row.record_offset = reader.take<std::uint64_t>();
  row.record_octets = reader.take<std::uint64_t>();
  row.message_octets = reader.take<std::uint64_t>();
  row.recipients = reader.take<std::uint32_t>();
  row.envelope = take_envelope(reader);
  if (row.message_octets > row.record_octets) reader.refuse();
  return whole(reader, std::move(row));
}

std::string encode(const QueuedRecipient& row) {
  std::string out;
  OctetWriter writer(out);
  put_recipient(writer, row);
  return out;
}

std::optional<QueuedRecipient> decode_recipient(std::string_view octets) {
  OctetReader reader(octets);
  QueuedRecipient row = take_recipient(reader);
  return whole(reader, std::move(row));
}

std::optional<MetaRow> find_meta(const View& view) { return find_row(view, Table::meta, meta_key(), decode_meta); }

std::optional<EntryRow> find_entry(const View& view, EntryId entry) {
  return find_row(view, Table::entries, entry_key(entry), decode_entry);
}

std::optional<QueuedRecipient> find_recipient(const View& view, EntryId entry, std::uint32_t index) {
  return find_row(view, Table::recipients, recipient_key(entry, index), decode_recipient);
}

std::vector<QueuedRecipient> find_recipients(const View& view, EntryId entry, std::uint32_t count) {
  const Key prefix = entry_key(entry);
  std::vector<QueuedRecipient> recipients;
  Cursor cursor(view, Table::recipients);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    auto recipient = decode_recipient(cursor.value());
    if (!recipient) break;
    recipients.push_back(std::move(*recipient));
  }
  if (view.failure() == 0 && recipients.size() != count) view.fail_as_damaged();
  return recipients;
}

}  // namespace posthaste::queue
