// Reading a log again: what its index lacks after a crash, or all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "common/base/open_error.h"
#include "common/journal/log.h"
#include "common/journal/record.h"
#include "common/journal/scan.h"

namespace posthaste::journal {

/// Takes what a replay reads, in the log's order.
class ReplayTarget {
 public:
  virtual ~ReplayTarget() = default;

  virtual void enter_segment(const SegmentHeader& header) = 0;
  /// False when the record is not what its owner writes, or does not fit what came before it.
  [[nodiscard]] virtual bool apply(const ScannedRecord& record, std::uint32_t segment) = 0;
  /// A whole apply was taken; the log was read up to `tail`.
  virtual void reached(const LogPosition& tail) = 0;
  /// Whether it takes a record with this header although its body is damaged: then `apply` gets it as unsound.
  [[nodiscard]] virtual bool can_spare(const RecordHeader& /*header*/) const { return false; }
};

/// How much is taken at once: whole applies, until one of the two is used up.
struct ReplayShare {
  std::size_t applies = 10'000;
  std::uint64_t octets = std::uint64_t{64} << 20;  // of the log
};

/// A segment as the index knows it.
struct KnownSegment {
  std::uint32_t segment = 0;
  std::uint64_t octets = 0;
};

/// The numbers of the segments in `log`, from `first` when it is given, without a gap. A last file that did not get
/// as far as its header is left out. Errors: log_damaged, when one is missing or shorter than `known` says; io.
[[nodiscard]] std::expected<std::vector<std::uint32_t>, OpenError> segments_to_replay(
    const std::filesystem::path& log, const SegmentMagic& magic, std::optional<std::uint32_t> first,
    std::span<const KnownSegment> known);

/// The header of a segment. Errors: log_damaged, when it is not sound; io.
[[nodiscard]] std::expected<SegmentHeader, OpenError> read_segment_header(const std::filesystem::path& log,
                                                                          const SegmentMagic& magic,
                                                                          std::uint32_t segment);

/// Writes what lies behind `tail` in the last of `segments` over itself, and syncs it: the index must not know what
/// the disk does not have. Segments before the last were synced before it began. Errors: io.
[[nodiscard]] std::expected<void, OpenError> write_tail_again(const std::filesystem::path& log,
                                                              std::span<const std::uint32_t> segments,
                                                              const LogPosition& tail);

/// Replays from `tail`, which moves, until `share` is used up or the end of the log. True at the end. Errors:
/// log_damaged, when a segment holds what was synced once and does not read now, or what the target refuses; io.
[[nodiscard]] std::expected<bool, OpenError> replay(ReplayTarget& target, const std::filesystem::path& log,
                                                    const SegmentMagic& magic,
                                                    std::span<const std::uint32_t> segments, LogPosition& tail,
                                                    ReplayShare share);

/// Replays what lies between `from` and `until`, which is no further than what was written.
[[nodiscard]] std::expected<void, OpenError> replay_until(ReplayTarget& target, const std::filesystem::path& log,
                                                          LogPosition from, LogPosition until);

}  // namespace posthaste::journal
