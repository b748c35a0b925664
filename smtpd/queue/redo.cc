#include "smtpd/queue/redo.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace posthaste::queue {

Redo::Redo(WriteTxn& txn) : txn_(txn) {
  const auto meta = find_meta(txn);
  is_anew_ = !meta;
  if (meta) meta_ = *meta;
}

void Redo::put_entry(EntryId id, const Envelope& envelope, std::span<const QueuedRecipient> recipients,
                     std::uint64_t message_octets, const BodyPlace& place) {
  if (const auto before = find_entry(txn_, id)) count_live(*before, -1);
  EntryRow row;
  row.segment = place.segment;
  row.record_offset = place.offset - journal::kRecordHeaderOctets;
  row.record_octets = journal::kRecordHeaderOctets + place.octets;
  row.message_octets = message_octets;
  row.recipients = static_cast<std::uint32_t>(recipients.size());
  row.envelope = envelope;
  txn_.put(Table::entries, entry_key(id), encode(row));
  std::uint32_t index = 0;
  for (const QueuedRecipient& recipient : recipients) {
    txn_.put(Table::recipients, recipient_key(id, index++), encode(recipient));
  }
  count_live(row, 1);
  meta_.next_entry = std::max(meta_.next_entry, next(id));
}

bool Redo::update(EntryId id, std::span<const Update::Change> changes) {
  if (!find_entry(txn_, id)) return id < meta_.unknown_below;
  for (const Update::Change& change : changes) {
    auto recipient = find_recipient(txn_, id, change.index);
    if (!recipient) return false;
    recipient->status = change.status;
    txn_.put(Table::recipients, recipient_key(id, change.index), encode(*recipient));
  }
  return true;
}

bool Redo::remove(EntryId id) {
  const auto row = find_entry(txn_, id);
  if (!row) return id < meta_.unknown_below;
  txn_.erase(Table::entries, entry_key(id));
  const Key prefix = entry_key(id);
  WriteCursor cursor(txn_, Table::recipients);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    cursor.erase();
  }
  count_live(*row, -1);
  return true;
}

void Redo::enter_segment(const journal::SegmentHeader& header) {
  if (std::exchange(is_anew_, false)) meta_.unknown_below = EntryId{header.next_id};
  meta_.next_entry = std::max(meta_.next_entry, EntryId{header.next_id});
}

bool Redo::apply(const journal::ScannedRecord& scanned, std::uint32_t segment) {
  const auto record = decode_body(scanned.header.type, scanned.body);
  if (!record) return false;
  if (const auto* changes = std::get_if<UpdateRecord>(&*record)) return update(changes->id, changes->changes);
  if (const auto* removed = std::get_if<RemoveRecord>(&*record)) return remove(removed->id);
  const auto& entry = std::get<EntryRecord>(*record);
  const BodyPlace place{segment, scanned.body_offset, scanned.body.size()};
  put_entry(entry.id, entry.envelope, entry.recipients, entry.message.size(), place);
  return true;
}

void Redo::reached(const journal::LogPosition& tail) {
  meta_.tail = tail;
  segments_.reached(tail);
}

void Redo::finish() {
  segments_.put_into(txn_, Table::segments);
  txn_.put(Table::meta, meta_key(), encode(meta_));
}

void Redo::count_live(const EntryRow& row, std::int64_t sign) {
  segments_.count_live(row.segment, sign * static_cast<std::int64_t>(row.record_octets));
}

}  // namespace posthaste::queue
