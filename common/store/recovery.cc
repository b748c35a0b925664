#include "common/store/recovery.h"

#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/store/rows.h"

namespace posthaste::store {
namespace {

using journal::KnownSegment;
using journal::LogPosition;
using Kind = OpenError::Kind;

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
    const auto record = decode_body(static_cast<RecordType>(scanned.header.type), scanned.body);
    return record && redo_.apply(*record, segment, scanned.body_offset);
  }
  void reached(const LogPosition& tail) override { redo_.reached(tail); }

 private:
  Redo& redo_;
};

std::expected<std::vector<KnownSegment>, OpenError> known_segments(const View& view) {
  std::vector<KnownSegment> known;
  Cursor cursor(view, Table::segments);
  for (bool there = cursor.seek(segment_key(0)); there; there = cursor.next()) {
    std::string_view key = cursor.key();
    const auto segment = take_key_part<std::uint32_t>(key);
    const auto row = decode_segment(cursor.value());
    if (!row) return std::unexpected(OpenError{Kind::damaged, "index: segment " + std::to_string(segment)});
    known.push_back({segment, row->total});
  }
  if (view.failure() != 0) return index_error(view.failure());
  return known;
}

/// The log's segments, which must be there without a gap from the first that the index needs.
std::expected<std::vector<std::uint32_t>, OpenError> segments_of(const View& view, const std::filesystem::path& log,
                                                                 const LogPosition& tail) {
  const auto known = known_segments(view);
  if (!known) return std::unexpected(known.error());
  const std::optional<std::uint32_t> first = tail.segment == 0 ? std::optional<std::uint32_t>(1) : std::nullopt;
  return journal::segments_to_replay(log, kSegmentMagic, first, *known);
}

}  // namespace

std::expected<LogPosition, OpenError> recover(Environment& environment, journal::SegmentFiles& files,
                                              journal::ReplayShare share) {
  std::optional<std::vector<std::uint32_t>> segments;
  LogPosition tail;
  while (true) {
    auto txn = WriteTxn::begin(environment);
    if (!txn) return index_error(txn.error());
    if (!segments) {
      const auto meta = find_meta(**txn);
      if ((*txn)->failure() != 0) return index_error((*txn)->failure());
      if (meta) tail = meta->tail;
      auto found = segments_of(**txn, files.log(), tail);
      if (!found) return std::unexpected(found.error());
      segments = std::move(*found);
      const auto written = journal::write_tail_again(files.log(), *segments, tail);
      if (!written) return std::unexpected(written.error());
    }
    const LogPosition before = tail;
    Redo redo(**txn, files);
    RedoTarget target(redo);
    const auto ended = journal::replay(target, files.log(), kSegmentMagic, *segments, tail, share);
    if ((*txn)->failure() != 0) return index_error((*txn)->failure());
    if (!ended) return std::unexpected(ended.error());
    if (tail == before) return tail;
    redo.finish();
    if (const int code = (*txn)->commit(); code != 0) return index_error(code);
    if (*ended) return tail;
  }
}

std::expected<void, OpenError> redo_until(Redo& redo, const std::filesystem::path& log, LogPosition from,
                                          LogPosition until) {
  RedoTarget target(redo);
  return journal::replay_until(target, log, from, until);
}

std::expected<void, OpenError> rebuild_index(const std::filesystem::path& log, const std::filesystem::path& index,
                                             std::uint64_t map_octets) {
  std::error_code failed;
  std::filesystem::create_directories(index, failed);
  if (failed || !std::filesystem::is_empty(index, failed) || failed) {
    return std::unexpected(OpenError{Kind::unavailable, index.string() + ": is not an empty directory"});
  }
  auto environment = open_index(index, Environment::Access::write, map_octets);
  if (!environment) return std::unexpected(environment.error());
  journal::SegmentFiles files(log);
  const auto tail = recover(**environment, files);
  if (!tail) return std::unexpected(tail.error());
  return {};
}

}  // namespace posthaste::store
