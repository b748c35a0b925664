#include "smtpd/queue/redo.h"

#include <algorithm>
#include <utility>

namespace posthaste::queue {

Redo::Redo(WriteTxn& txn) : txn_(txn) {
  if (const auto meta = find_meta(txn)) meta_ = *meta;
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

void Redo::begin_anew(const journal::SegmentHeader& first) { meta_.unknown_below = EntryId{first.next_id}; }

void Redo::enter_segment(const journal::SegmentHeader& header) {
  meta_.next_entry = std::max(meta_.next_entry, EntryId{header.next_id});
}

void Redo::reached(const journal::LogPosition& tail) {
  meta_.tail = tail;
  total_octets_[tail.segment] = tail.offset;
}

void Redo::finish() {
  for (const auto& [segment, total] : total_octets_) live_octets_.try_emplace(segment, 0);
  for (const auto& [segment, live] : live_octets_) {
    SegmentRow row = find_segment(txn_, segment).value_or(SegmentRow{});
    row.live += static_cast<std::uint64_t>(live);  // modulo 2^64: a negative change subtracts
    if (const auto total = total_octets_.find(segment); total != total_octets_.end()) row.total = total->second;
    txn_.put(Table::segments, segment_key(segment), encode(row));
  }
  live_octets_.clear();
  total_octets_.clear();
  txn_.put(Table::meta, meta_key(), encode(meta_));
}

void Redo::count_live(const EntryRow& row, std::int64_t sign) {
  live_octets_[row.segment] += sign * static_cast<std::int64_t>(row.record_octets);
}

}  // namespace posthaste::queue
