#include "common/ledger/segments.h"

#include <utility>

namespace posthaste::ledger {

std::string encode(const SegmentRow& row) {
  std::string out;
  OctetWriter(out).put(row.total).put(row.live);
  return out;
}

std::optional<SegmentRow> decode_segment(std::string_view octets) {
  OctetReader reader(octets);
  SegmentRow row;
  row.total = reader.take<std::uint64_t>();
  row.live = reader.take<std::uint64_t>();
  return whole(reader, row);
}

std::optional<SegmentRow> find_segment(const lmdb::View& view, lmdb::TableId segments, std::uint32_t segment) {
  return lmdb::find_row(view, segments, segment_key(segment), decode_segment);
}

std::expected<std::vector<journal::KnownSegment>, OpenError> known_segments(const lmdb::View& view,
                                                                            lmdb::TableId segments) {
  std::vector<journal::KnownSegment> known;
  lmdb::Cursor cursor(view, segments);
  for (bool there = cursor.seek(segment_key(0)); there; there = cursor.next()) {
    const std::uint32_t segment = segment_of(cursor.key());
    const auto row = decode_segment(cursor.value());
    if (!row) {
      view.fail_as_damaged();
      return std::unexpected(OpenError{OpenError::Kind::damaged, "index: segment " + std::to_string(segment)});
    }
    known.push_back({segment, row->total});
  }
  if (view.failure() != 0) return index_error(view.failure());
  return known;
}

std::unexpected<OpenError> index_error(int code) {
  using Kind = OpenError::Kind;
  const Kind kind = lmdb::is_damage(code) ? Kind::damaged : lmdb::is_space(code) ? Kind::full : Kind::io;
  return std::unexpected(OpenError{kind, "index: " + lmdb::describe(code)});
}

void put_tail(OctetWriter& writer, const journal::LogPosition& tail) {
  writer.put(tail.segment).put(tail.offset).put(tail.sequence);
}

journal::LogPosition take_tail(OctetReader& reader) {
  journal::LogPosition tail;
  tail.segment = reader.take<std::uint32_t>();
  tail.offset = reader.take<std::uint64_t>();
  tail.sequence = reader.take<std::uint64_t>();
  return tail;
}

void SegmentTally::put_into(lmdb::WriteTxn& txn, lmdb::TableId segments) {
  for (const auto& [segment, total] : total_) live_.try_emplace(segment, 0);
  for (const auto& [segment, live] : live_) {
    SegmentRow row = find_segment(txn, segments, segment).value_or(SegmentRow{});
    row.live += static_cast<std::uint64_t>(live);  // modulo 2^64: a negative change subtracts
    if (const auto total = total_.find(segment); total != total_.end()) row.total = total->second;
    txn.put(segments, segment_key(segment), encode(row));
  }
  live_.clear();
  total_.clear();
}

}  // namespace posthaste::ledger
