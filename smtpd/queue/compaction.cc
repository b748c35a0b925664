#include "smtpd/queue/compaction.h"

#include <algorithm>
#include <utility>

#include "common/base/crc32c.h"
#include "common/base/octet_codec.h"
#include "smtpd/queue/record.h"

namespace posthaste::queue {
namespace {

using journal::kRecordHeaderOctets;
using journal::SegmentFiles;

QueueError error_of(SegmentFiles::Failure failure) {
  return failure == SegmentFiles::Failure::unavailable ? QueueError::unavailable : QueueError::io;
}

bool is_due(const SegmentRow& row, std::uint64_t live_percent) {
  return row.live * 100 <= row.total * live_percent;
}

/// The entry whose record is at `place`, when that is the one that counts.
std::expected<std::optional<LiveEntry>, QueueError> live_entry(const View& view, SegmentFiles& files,
                                                               const CompactionPlace& place,
                                                               const journal::RecordHeader& header) {
  if (header.type != std::to_underlying(RecordType::entry)) return std::nullopt;
  const auto id_octets = files.read(place.segment, place.offset + kRecordHeaderOctets, sizeof(EntryId));
  if (!id_octets) return std::unexpected(error_of(id_octets.error()));
  const auto id = OctetReader(*id_octets).take<EntryId>();
  auto row = find_entry(view, id);
  if (view.failure() != 0) return std::unexpected(QueueError::io);
  if (!row || row->segment != place.segment || row->record_offset != place.offset) return std::nullopt;

  auto body = files.read(place.segment, place.offset + kRecordHeaderOctets, header.body_octets);
  if (!body) return std::unexpected(error_of(body.error()));
  if (crc32c(*body) != header.body_crc || row->message_octets > body->size())
    return std::unexpected(QueueError::io);
  SharedOctets message = share(std::move(*body));
  message.octets.remove_prefix(message.octets.size() - row->message_octets);
  auto recipients = find_recipients(view, id, row->recipients);
  if (view.failure() != 0) return std::unexpected(QueueError::io);
  return LiveEntry{id, std::move(*row), std::move(recipients), std::move(message)};
}

}  // namespace

std::optional<std::uint32_t> segment_due(const View& view, std::uint32_t tail, std::uint64_t live_percent) {
  std::optional<std::uint32_t> first;
  SegmentRow sealed;
  Cursor cursor(view, Table::segments);
  for (bool there = cursor.seek(segment_key(0)); there; there = cursor.next()) {
    const auto row = decode_segment(cursor.value());
    const std::uint32_t segment = segment_of(cursor.key());
    if (!row || segment >= tail) break;
    sealed.total += row->total;
    sealed.live += row->live;
    if (!first && is_due(*row, live_percent)) return segment;
    if (!first) first = segment;
  }
  return first && is_due(sealed, live_percent) ? first : std::nullopt;
}

std::expected<CompactionStep, QueueError> read_step(const View& view, SegmentFiles& files,
                                                    const CompactionPlace& place, CompactionShare share) {
  const auto segment = find_segment(view, place.segment);
  if (!segment) return std::unexpected(QueueError::io);
  const auto front = files.header(place.segment);
  if (!front) return std::unexpected(error_of(front.error()));
  CompactionStep step;
  step.next_offset = std::max(place.offset, front->octets());
  while (step.next_offset < segment->total && share.records != 0 && share.octets != 0) {
    const auto octets = files.read(place.segment, step.next_offset, kRecordHeaderOctets);
    if (!octets) return std::unexpected(error_of(octets.error()));
    const auto header = journal::decode_header(front->framing, step.next_offset, *octets);
    if (!header) return std::unexpected(QueueError::io);
    auto entry = live_entry(view, files, {place.segment, step.next_offset}, *header);
    if (!entry) return std::unexpected(entry.error());
    if (*entry) {
      share.octets -= std::min(share.octets, (*entry)->row.record_octets);
      step.live.push_back(std::move(**entry));
    }
    --share.records;
    step.next_offset += kRecordHeaderOctets + header->body_octets;
  }
  step.at_end = step.next_offset >= segment->total;
  return step;
}

}  // namespace posthaste::queue
