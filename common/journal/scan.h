// Reading a segment's records one after the other, and telling a torn end from damage. Pure: no file.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "common/journal/record.h"

namespace posthaste::journal {

/// A record in a scanned segment. `body` looks into what was scanned.
struct ScannedRecord {
  RecordHeader header;
  std::string_view body;
  std::uint64_t body_offset = 0;
  bool is_sound = true;  // false: the body is not what was written, and the caller can spare it
};

enum class ScanEnd {
  clean,    // the last whole apply ends where the segment ends
  torn,     // nothing says that what follows it was ever synced as a whole
  damaged,  // what follows it does not read, and was synced: we wrote a later group, or the end of its own
  refused,  // `apply` returned false
};

struct ScanResult {
  ScanEnd end = ScanEnd::clean;
  std::uint64_t offset = 0;    // after the last whole apply
  std::uint64_t sequence = 0;  // of the record that would follow it
};

/// Calls `apply` for each whole apply in `segment` (a file's octets) from `offset`, where the record with
/// `sequence` must stand. Checks both checksums of every record. What stands behind an unsound record is judged by
/// headers that we wrote, never by what bodies hold; the work is in proportion to the octets. A record whose header
/// is sound and whose body was synced and is damaged goes to `apply` all the same, as unsound, if `can_spare` says
/// so of its header; format 1 tells no header of ours from a stranger's, and spares none.
[[nodiscard]] ScanResult scan_records(
    std::string_view segment, const Framing& framing, std::uint64_t offset, std::uint64_t sequence,
    const std::function<bool(std::span<const ScannedRecord>)>& apply,
    const std::function<bool(const RecordHeader&)>& can_spare = [](const RecordHeader&) { return false; });

}  // namespace posthaste::journal
