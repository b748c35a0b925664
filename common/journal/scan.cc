#include "common/journal/scan.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "common/base/crc32c.h"

namespace posthaste::journal {
namespace {

constexpr std::size_t kSectorOctets = 512;
constexpr std::uint64_t kFirstFormatShare = 4;

bool body_is_sound(const ScannedRecord& record) { return crc32c(record.body) == record.header.body_crc; }

std::uint64_t end_of(const ScannedRecord& record) { return record.body_offset + record.body.size(); }

/// A segment's octets, and how to read them.
class Segment {
 public:
  Segment(std::string_view octets, const Framing& framing) : octets_(octets), framing_(framing) {}

  [[nodiscard]] std::uint64_t size() const { return octets_.size(); }

  [[nodiscard]] std::optional<RecordHeader> header_at(std::uint64_t offset) const {
    return decode_header(framing_, offset, octets_.substr(offset));
  }

  /// The record at `offset` when its header is whole and its body lies within the segment, whether or not that is
  /// sound.
  [[nodiscard]] std::optional<ScannedRecord> record_at(std::uint64_t offset) const {
    const auto header = header_at(offset);
    const std::uint64_t body_offset = offset + kRecordHeaderOctets;
    if (!header || octets_.size() - body_offset < header->body_octets) return std::nullopt;
    return ScannedRecord{*header, octets_.substr(body_offset, header->body_octets), body_offset};
  }

  /// Where the octets that stand before each record stand, from `offset` on.
  [[nodiscard]] std::optional<std::uint64_t> mark_from(std::uint64_t offset) const {
    const std::string_view mark(reinterpret_cast<const char*>(&framing_.mark), sizeof(framing_.mark));
    const std::size_t place = octets_.find(mark, offset);
    return place == std::string_view::npos ? std::nullopt : std::optional<std::uint64_t>(place);
  }

  /// Whether the header at `offset` may never have been written. The log is only appended to, and what was cut off
  /// is given back: what no write reached reads as zeros, to the end of its sector at least.
  [[nodiscard]] bool may_be_unwritten(std::uint64_t offset) const {
    const std::uint64_t first_end = (offset / kSectorOctets + 1) * kSectorOctets;
    for (std::uint64_t start = offset, end = first_end; start < offset + kRecordHeaderOctets;
         start = end, end += kSectorOctets) {
      const auto sector = octets_.substr(std::min<std::uint64_t>(start, octets_.size()), end - start);
      if (sector.find_first_not_of('\0') == std::string_view::npos) return true;
    }
    return false;
  }

 private:
  const std::string_view octets_;
  const Framing& framing_;
};

/// Whether a record with this header was written after the group of the record with `sequence` had been synced:
/// groups are written and synced one after the other.
bool is_of_later_group(const RecordHeader& header, std::uint64_t sequence) {
  if (header.place_in_group == kPlaceUnknown || header.place_in_group > header.sequence) return false;
  return header.sequence - header.place_in_group > sequence;
}

/// Whether the unsound record at `offset`, which should have `sequence`, had been synced. It was when a header that
/// we wrote behind it belongs to a later group. Where its own header is neither right nor unwritten, while the end
/// of its group is there, no write that was cut short left it so.
bool was_synced(const Segment& segment, std::uint64_t offset, std::uint64_t sequence) {
  const auto own = segment.header_at(offset);
  if (own && own->sequence != sequence) return true;
  const bool spoilt = !own && !segment.may_be_unwritten(offset);
  for (auto place = segment.mark_from(offset + 1); place; place = segment.mark_from(*place + 1)) {
    const auto header = segment.header_at(*place);
    if (!header) continue;
    if (is_of_later_group(*header, sequence)) return true;
    if (!spoilt || header->end != RecordEnd::group) continue;
    if (const auto record = segment.record_at(*place); record && body_is_sound(*record)) return true;
  }
  return false;
}

// --- Format 1, whose headers anybody can write

/// The first sound record from `offset` on whose sequence is `sequence` or above. A message can hold headers
/// without end, each of a body that is long: `octets_max` of bodies are read, then a wrong one stands for all.
struct FirstFormatSearch {
  std::optional<ScannedRecord> found;
  bool given_up = false;
};

FirstFormatSearch search_first_format(const Segment& segment, std::uint64_t offset, std::uint64_t sequence) {
  std::uint64_t octets_left = kFirstFormatShare * (segment.size() - offset);
  for (auto place = segment.mark_from(offset); place; place = segment.mark_from(*place + 1)) {
    const auto record = segment.record_at(*place);
    if (!record || record->header.sequence < sequence) continue;
    if (record->body.size() > octets_left) return {std::nullopt, true};
    octets_left -= record->body.size();
    if (body_is_sound(*record)) return {record, false};
  }
  return {};
}

/// As was_synced(), by sound records behind: the best that format 1 allows. What cannot be told is an alarm.
bool was_synced_first_format(const Segment& segment, std::uint64_t offset, std::uint64_t sequence) {
  auto record = segment.record_at(offset);
  const bool lost = !record || record->header.sequence != sequence;
  if (lost) {
    const auto search = search_first_format(segment, offset, sequence + 1);
    if (search.given_up) return true;
    record = search.found;
  }
  bool group_ended = false;
  for (; record; record = segment.record_at(end_of(*record))) {
    if (group_ended && body_is_sound(*record)) return true;
    if (record->header.end == RecordEnd::group) group_ended = true;
  }
  return lost && group_ended && !segment.may_be_unwritten(offset);
}

}  // namespace

ScanResult scan_records(std::string_view octets, const Framing& framing, std::uint64_t offset,
                        std::uint64_t sequence, const std::function<bool(std::span<const ScannedRecord>)>& apply,
                        const std::function<bool(const RecordHeader&)>& can_spare) {
  ScanResult result{ScanEnd::clean, offset, sequence};
  if (offset > octets.size()) {
    result.end = ScanEnd::damaged;
    return result;
  }
  const Segment segment(octets, framing);
  std::vector<ScannedRecord> pending;
  while (offset < segment.size()) {
    auto record = segment.record_at(offset);
    const bool is_in_place = record && record->header.sequence == sequence;
    if (!is_in_place || !body_is_sound(*record)) {
      const bool synced = framing.format == 1 ? was_synced_first_format(segment, offset, sequence)
                                              : was_synced(segment, offset, sequence);
      if (!synced || !is_in_place || framing.format == 1 || !can_spare(record->header)) {
        result.end = synced ? ScanEnd::damaged : ScanEnd::torn;
        return result;
      }
      record->is_sound = false;
    }
    pending.push_back(*record);
    offset = end_of(*record);
    ++sequence;
    if (record->header.end == RecordEnd::none) continue;
    if (!apply(pending)) {
      result.end = ScanEnd::refused;
      return result;
    }
    pending.clear();
    result.offset = offset;
    result.sequence = sequence;
  }
  if (!pending.empty()) result.end = ScanEnd::torn;
  return result;
}

}  // namespace posthaste::journal
