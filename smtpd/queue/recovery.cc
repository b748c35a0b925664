#include "smtpd/queue/recovery.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "smtpd/queue/record.h"

namespace posthaste::queue {
namespace {

using journal::KnownSegment;
using journal::LogPosition;
using Kind = OpenError::Kind;

// What a writer is about to write looks damaged for a moment, and what it gives up is gone.
constexpr int kLooks = 4;
constexpr std::chrono::milliseconds kLookAgain{200};

std::unexpected<OpenError> index_error(int code) {
  const Kind kind = lmdb::is_damage(code) ? Kind::damaged : lmdb::is_space(code) ? Kind::full : Kind::io;
  return std::unexpected(OpenError{kind, "index: " + lmdb::describe(code)});
}

/// Decodes what a replay reads and redoes it.
class RedoTarget final : public journal::ReplayTarget {
 public:
  explicit RedoTarget(Redo& redo) : redo_(redo) {}

  void enter_segment(const journal::SegmentHeader& header) override { redo_.enter_segment(header); }

  bool apply(const journal::ScannedRecord& scanned, std::uint32_t segment) override {
    const auto record = decode_body(scanned.header.type, scanned.body);
    if (!record) return false;
    if (const auto* update = std::get_if<UpdateRecord>(&*record)) return redo_.update(update->id, update->changes);
    if (const auto* remove = std::get_if<RemoveRecord>(&*record)) return redo_.remove(remove->id);
    const auto& entry = std::get<EntryRecord>(*record);
    const BodyPlace place{segment, scanned.body_offset, scanned.body.size()};
    redo_.put_entry(entry.id, entry.envelope, entry.recipients, entry.message.size(), place);
    return true;
  }

  void reached(const LogPosition& tail) override { redo_.reached(tail); }

 private:
  Redo& redo_;
};

std::expected<std::vector<KnownSegment>, OpenError> known_segments(const View& view) {
  std::vector<KnownSegment> known;
  Cursor cursor(view, Table::segments);
  for (bool there = cursor.seek(segment_key(0)); there; there = cursor.next()) {
    const auto row = decode_segment(cursor.value());
    if (!row) view.fail_as_damaged();
    if (row) known.push_back({segment_of(cursor.key()), row->total});
  }
  if (view.failure() != 0) return index_error(view.failure());
  return known;
}

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

/// Where a replay begins, and what there is to read.
struct Start {
  LogPosition tail;
  std::vector<std::uint32_t> segments;
  std::optional<journal::SegmentHeader> anew{};  // of the first segment, when the index knows nothing
};

std::expected<Start, OpenError> start_of(const View& view, const std::filesystem::path& log) {
  const auto meta = find_meta(view);
  if (view.failure() != 0) return index_error(view.failure());
  const auto known = known_segments(view);
  if (!known) return std::unexpected(known.error());
  if (const auto unlinked = unlink_given_up(log, *known); !unlinked) return std::unexpected(unlinked.error());
  auto segments = journal::segments_to_replay(log, kSegmentMagic, std::nullopt, *known);
  if (!segments) return std::unexpected(segments.error());
  Start start{meta ? meta->tail : LogPosition{}, std::move(*segments)};
  if (!meta && !start.segments.empty()) {
    const auto header = journal::read_segment_header(log, kSegmentMagic, start.segments.front());
    if (!header) return std::unexpected(header.error());
    start.anew = *header;
    start.tail.sequence = header->first_sequence;
  }
  const auto written = journal::write_tail_again(log, start.segments, start.tail);
  if (!written) return std::unexpected(written.error());
  return start;
}

std::expected<RebuiltIndex, OpenError> counted(Environment& environment) {
  const auto txn = environment.begin_read();
  if (!txn) return std::unexpected(OpenError{Kind::io, "index: cannot be read"});
  RebuiltIndex rebuilt;
  int failure = 0;
  {
    const View view(environment, *txn);
    Cursor cursor(view, Table::entries);
    for (bool there = cursor.seek(entry_key(EntryId{0})); there; there = cursor.next()) {
      const auto row = decode_entry(cursor.value());
      if (!row) view.fail_as_damaged();
      ++rebuilt.entries;
      rebuilt.recipients += row ? row->recipients : 0;
    }
    failure = view.failure();
  }
  environment.end_read(*txn);
  if (failure != 0) return index_error(failure);
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
  const auto txn = index->begin_read();
  if (!txn) return std::unexpected(OpenError{Kind::io, "index: cannot be read"});
  KnownLog known;
  std::expected<std::vector<KnownSegment>, OpenError> segments;
  {
    const View view(*index, *txn);
    if (const auto meta = find_meta(view)) known.tail = meta->tail;
    segments = known_segments(view);
  }
  index->end_read(*txn);
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
  std::optional<Start> start;
  while (true) {
    auto txn = WriteTxn::begin(environment);
    if (!txn) return index_error(txn.error());
    if (!start) {
      auto found = start_of(**txn, log);
      if (!found) return std::unexpected(found.error());
      start = std::move(*found);
    }
    const LogPosition before = start->tail;
    Redo redo(**txn);
    if (const auto first = std::exchange(start->anew, std::nullopt)) redo.begin_anew(*first);
    RedoTarget target(redo);
    const auto ended = journal::replay(target, log, kSegmentMagic, start->segments, start->tail, share);
    if ((*txn)->failure() != 0) return index_error((*txn)->failure());
    if (!ended) return std::unexpected(ended.error());
    if (start->tail == before) return start->tail;
    redo.finish();
    if (const int code = (*txn)->commit(); code != 0) return index_error(code);
    if (*ended) return start->tail;
  }
}

std::expected<RebuiltIndex, OpenError> rebuild_index(const std::filesystem::path& log,
                                                     const std::filesystem::path& index, std::uint64_t map_octets) {
  std::error_code failed;
  std::filesystem::create_directories(index, failed);
  if (failed || !std::filesystem::is_empty(index, failed) || failed) {
    return std::unexpected(OpenError{Kind::unavailable, index.string() + ": is not an empty directory"});
  }
  const auto environment = open_index(index, Environment::Access::write, map_octets);
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

std::expected<void, OpenError> redo_until(Redo& redo, const std::filesystem::path& log, LogPosition from,
                                          LogPosition until) {
  RedoTarget target(redo);
  return journal::replay_until(target, log, from, until);
}

}  // namespace posthaste::queue
