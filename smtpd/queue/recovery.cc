#include "smtpd/queue/recovery.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "common/ledger/recovery.h"
#include "common/ledger/segments.h"
#include "smtpd/queue/record.h"
#include "smtpd/queue/redo.h"

namespace posthaste::queue {
namespace {

using journal::KnownSegment;
using journal::LogPosition;
using Kind = OpenError::Kind;

// What a writer is about to write looks damaged for a moment, and what it gives up is gone.
constexpr int kLooks = 4;
constexpr std::chrono::milliseconds kLookAgain{200};

/// Unlinks what lies before the first segment that the index knows: it was given up, and the machine stopped before
/// its name was gone from the disk.
std::expected<void, OpenError> unlink_given_up(const std::filesystem::path& log,
                                               const std::vector<KnownSegment>& known) {
  const auto segments = journal::list_segments(log);
  if (!segments) return std::unexpected(OpenError{Kind::io, log.string() + ": cannot be listed"});
  for (const std::uint32_t segment : *segments) {
    if (known.empty() || segment >= known.front().segment) break;
    std::error_code failed;
    std::filesystem::remove(journal::segment_path(log, segment), failed);
    if (failed) {
      return std::unexpected(
          OpenError{Kind::io, journal::segment_path(log, segment).string() + ": " + failed.message()});
    }
  }
  return {};
}

/// An index that knows nothing is made anew from all segments that are there.
std::expected<ledger::Start, OpenError> start_of(const View& view, const std::filesystem::path& log) {
  const auto meta = find_meta(view);
  if (view.failure() != 0) return ledger::index_error(view.failure());
  const auto known = ledger::known_segments(view, Table::segments);
  if (!known) return std::unexpected(known.error());
  if (const auto unlinked = unlink_given_up(log, *known); !unlinked) return std::unexpected(unlinked.error());
  auto segments = journal::segments_to_replay(log, kSegmentMagic, std::nullopt, *known);
  if (!segments) return std::unexpected(segments.error());
  ledger::Start start{meta ? meta->tail : LogPosition{}, std::move(*segments)};
  if (!meta && !start.segments.empty()) {
    const auto header = journal::read_segment_header(log, kSegmentMagic, start.segments.front());
    if (!header) return std::unexpected(header.error());
    start.tail.sequence = header->first_sequence;
  }
  return start;
}

std::expected<RebuiltIndex, OpenError> counted(Environment& environment) {
  const auto txn = ReadTxn::begin(environment);
  if (!txn) return std::unexpected(OpenError{Kind::io, "index: cannot be read"});
  RebuiltIndex rebuilt;
  const View view = txn->view();
  Cursor cursor(view, Table::entries);
  for (bool there = cursor.seek(entry_key(EntryId{0})); there; there = cursor.next()) {
    const auto row = decode_entry(cursor.value());
    if (!row) view.fail_as_damaged();
    ++rebuilt.entries;
    rebuilt.recipients += row ? row->recipients : 0;
  }
  if (view.failure() != 0) return ledger::index_error(view.failure());
  return rebuilt;
}

/// Reads records, and keeps nothing of them.
class Reading final : public journal::ReplayTarget {
 public:
  void enter_segment(const journal::SegmentHeader& /*header*/) override {}
  bool apply(const journal::ScannedRecord& scanned, std::uint32_t /*segment*/) override {
    ++records_;
    return decode_body(scanned.header.type, scanned.body).has_value();
  }
  void reached(const LogPosition& /*tail*/) override {}
  [[nodiscard]] std::uint64_t records() const { return records_; }

 private:
  std::uint64_t records_ = 0;
};

/// What an index says of its log.
struct KnownLog {
  std::vector<KnownSegment> segments;
  std::optional<LogPosition> tail{};  // up to which it has it
};

std::expected<KnownLog, OpenError> log_known_to(Environment* index) {
  if (index == nullptr) return KnownLog{};
  const auto txn = ReadTxn::begin(*index);
  if (!txn) return std::unexpected(OpenError{Kind::io, "index: cannot be read"});
  KnownLog known;
  const View view = txn->view();
  if (const auto meta = find_meta(view)) known.tail = meta->tail;
  auto segments = ledger::known_segments(view, Table::segments);
  if (!segments) return std::unexpected(segments.error());
  known.segments = std::move(*segments);
  return known;
}

std::expected<std::uint64_t, OpenError> examine_once(Environment* index, const std::filesystem::path& log,
                                                     Extent extent) {
  const auto known = log_known_to(index);
  if (!known) return std::unexpected(known.error());
  const auto segments = journal::segments_to_replay(log, kSegmentMagic, std::nullopt, known->segments);
  if (!segments) return std::unexpected(segments.error());
  LogPosition tail;
  const std::optional<LogPosition> indexed = extent == Extent::what_the_index_lacks ? known->tail : std::nullopt;
  if (indexed) {
    tail = *indexed;
  } else if (!segments->empty()) {
    const auto header = journal::read_segment_header(log, kSegmentMagic, segments->front());
    if (!header) return std::unexpected(header.error());
    tail.sequence = header->first_sequence;
  }
  Reading reading;
  const journal::ReplayShare all{SIZE_MAX, UINT64_MAX};
  const auto ended = journal::replay(reading, log, kSegmentMagic, *segments, tail, all);
  if (!ended) return std::unexpected(ended.error());
  return reading.records();
}

}  // namespace

std::expected<LogPosition, OpenError> recover(Environment& environment, const std::filesystem::path& log,
                                              journal::ReplayShare share) {
  // Files go by what the index says: it must not say something else after a power failure.
  if (!environment.sync()) return std::unexpected(OpenError{Kind::io, "index: cannot be synced"});
  const auto start = [&log](const View& view) { return start_of(view, log); };
  const auto redo = [](WriteTxn& txn) { return std::make_unique<Redo>(txn); };
  return ledger::bring_up(environment, log, kSegmentMagic, start, redo, share);
}

std::expected<RebuiltIndex, OpenError> rebuild_index(const std::filesystem::path& log,
                                                     const std::filesystem::path& index, std::uint64_t map_octets) {
  const auto environment = ledger::begin_index(index, kTableNames, map_octets);
  if (!environment) return std::unexpected(environment.error());
  const auto tail = recover(**environment, log);
  if (!tail) return std::unexpected(tail.error());
  return counted(**environment);
}

std::expected<std::uint64_t, OpenError> examine_log(Environment* index, const std::filesystem::path& log,
                                                    Extent extent) {
  for (int look = 1;; ++look) {
    auto records = examine_once(index, log, extent);
    if (records || look == kLooks) return records;
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace posthaste::queue
