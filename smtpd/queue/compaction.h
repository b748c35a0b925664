// Which segment is worth freeing, and what of it is still alive. The log is freed from its front alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "common/journal/log.h"
#include "smtpd/queue/change.h"
#include "smtpd/queue/index.h"

namespace posthaste::queue {

/// The log's first segment, when it or all of the sealed segments together are at most `live_percent` alive. The
/// one with `tail` is never due.
[[nodiscard]] std::optional<std::uint32_t> segment_due(const View& view, std::uint32_t tail,
                                                       std::uint64_t live_percent);

/// Where the reading of a segment has come to.
struct CompactionPlace {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;  // at 0, or within the segment's header, the first record follows
};

/// What one step of a compaction reads: whole records, until one of the two is used up.
struct CompactionShare {
  std::size_t records = 4096;
  std::uint64_t octets = std::uint64_t{1} << 20;  // of what is to be moved
};

/// An entry that is to be written again, with its present statuses.
struct LiveEntry {
  EntryId id{};
  EntryRow row;
  std::vector<QueuedRecipient> recipients;
  SharedOctets message;
};

struct CompactionStep {
  std::vector<LiveEntry> live;
  std::uint64_t next_offset = 0;
  bool at_end = false;
};

/// Reads on from `place`. Errors: io, when a record that is still needed cannot be read or is damaged; unavailable.
[[nodiscard]] std::expected<CompactionStep, QueueError> read_step(const View& view, journal::SegmentFiles& files,
                                                                  const CompactionPlace& place,
                                                                  CompactionShare share = {});

}  // namespace posthaste::queue
