#include "common/store/recovery.h"

#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/store/rows.h"
#include "common/store/whereabouts.h"

namespace posthaste::store {
namespace {

using journal::LogPosition;
using Kind = OpenError::Kind;

std::unexpected<OpenError> index_error(int code) {
  const Kind kind = lmdb::is_damage(code) ? Kind::damaged : lmdb::is_space(code) ? Kind::full : Kind::io;
  return std::unexpected(OpenError{kind, "index: " + lmdb::describe(code)});
}

enum class DamagedBlobs { refused, noted };

/// Decodes what a replay reads and redoes it.
class RedoTarget final : public journal::ReplayTarget {
 public:
  explicit RedoTarget(Redo& redo, DamagedBlobs policy = DamagedBlobs::refused) : redo_(redo), policy_(policy) {}

  void enter_segment(const journal::SegmentHeader& header) override { redo_.enter_segment(header); }
  bool can_spare(const journal::RecordHeader& header) const override {
    return policy_ == DamagedBlobs::noted && header.type == number(RecordType::blob);
  }
  bool apply(const journal::ScannedRecord& scanned, std::uint32_t segment) override {
    if (!scanned.is_sound) {
      const BlobId blob = redo_.apply_damaged_blob(segment, scanned.body_offset, scanned.body.size());
      damaged_.push_back({blob, segment, scanned.body_offset});
      return true;
    }
    const auto record = decode_body(static_cast<RecordType>(scanned.header.type), scanned.body);
    return record && redo_.apply(*record, segment, scanned.body_offset);
  }
  void reached(const LogPosition& tail) override { redo_.reached(tail); }

  [[nodiscard]] const std::vector<DamagedBlob>& damaged() const { return damaged_; }

 private:
  Redo& redo_;
  const DamagedBlobs policy_;
  std::vector<DamagedBlob> damaged_;
};

/// The log's segments, which must be there without a gap from the first that the index needs.
std::expected<std::vector<std::uint32_t>, OpenError> segments_of(const KnownLog& known,
                                                                 const std::filesystem::path& log) {
  const bool from_the_first = known.meta.tail.segment == 0;
  const std::optional<std::uint32_t> first = from_the_first ? std::optional<std::uint32_t>(1) : std::nullopt;
  return journal::segments_to_replay(log, kSegmentMagic, first, known.segments);
}

struct Recovered {
  LogPosition tail;
  std::vector<DamagedBlob> damaged;
};

std::expected<Recovered, OpenError> bring_up(Environment& environment, journal::SegmentFiles& files,
                                             journal::ReplayShare share, DamagedBlobs policy) {
  std::optional<std::vector<std::uint32_t>> segments;
  Recovered recovered;
  LogPosition& tail = recovered.tail;
  while (true) {
    auto txn = WriteTxn::begin(environment);
    if (!txn) return index_error(txn.error());
    if (!segments) {
      const auto known = known_log(**txn);
      if (!known) return std::unexpected(known.error());
      tail = known->meta.tail;
      auto found = segments_of(*known, files.log());
      if (!found) return std::unexpected(found.error());
      segments = std::move(*found);
      const auto written = journal::write_tail_again(files.log(), *segments, tail);
      if (!written) return std::unexpected(written.error());
    }
    const LogPosition before = tail;
    Redo redo(**txn, files);
    RedoTarget target(redo, policy);
    const auto ended = journal::replay(target, files.log(), kSegmentMagic, *segments, tail, share);
    if ((*txn)->failure() != 0) return index_error((*txn)->failure());
    if (!ended) return std::unexpected(ended.error());
    recovered.damaged.insert(recovered.damaged.end(), target.damaged().begin(), target.damaged().end());
    if (tail == before) return recovered;
    redo.finish();
    if (const int code = (*txn)->commit(); code != 0) return index_error(code);
    if (*ended) return recovered;
  }
}

/// Of the index that was just made: who would miss what is damaged.
std::expected<RebuiltIndex, OpenError> weigh_up(Environment& index, const std::filesystem::path& log,
                                                std::vector<DamagedBlob> damaged) {
  const auto txn = index.begin_read();
  if (!txn) return std::unexpected(OpenError{Kind::io, "index: cannot be read"});
  RebuiltIndex rebuilt;
  std::string lost;
  int failure = 0;
  {
    const View view(index, *txn);
    for (const DamagedBlob& blob : damaged) {
      const auto places = find_blob(view, blob.blob) ? places_of(view, blob.blob) : std::vector<MessagePlace>{};
      if (!places.empty()) lost += (lost.empty() ? "" : "; ") + to_string(blob) + ": " + in_words(places);
    }
    for (const auto& [user, messages] : users_of(view)) {
      ++rebuilt.users;
      rebuilt.messages += messages;
    }
    failure = view.failure();
  }
  index.end_read(*txn);
  if (failure != 0) return index_error(failure);
  if (!lost.empty()) return std::unexpected(OpenError{Kind::log_damaged, log.string() + ": damaged: " + lost});
  rebuilt.passed_over = std::move(damaged);
  return rebuilt;
}

}  // namespace

std::string to_string(const DamagedBlob& damaged) {
  return "blob " + std::to_string(number(damaged.blob)) + " in segment " + std::to_string(damaged.segment) +
         " at octet " + std::to_string(damaged.offset);
}

std::expected<KnownLog, OpenError> known_log(const View& view) {
  KnownLog known;
  if (const auto meta = find_meta(view)) known.meta = *meta;
  Cursor cursor(view, Table::segments);
  for (bool there = cursor.seek(segment_key(0)); there; there = cursor.next()) {
    std::string_view key = cursor.key();
    const auto segment = take_key_part<std::uint32_t>(key);
    const auto row = decode_segment(cursor.value());
    if (!row) return std::unexpected(OpenError{Kind::damaged, "index: segment " + std::to_string(segment)});
    known.segments.push_back({segment, row->total});
  }
  if (view.failure() != 0) return index_error(view.failure());
  return known;
}

std::expected<LogPosition, OpenError> recover(Environment& environment, journal::SegmentFiles& files,
                                              journal::ReplayShare share) {
  // What is committed on the way stays: a damaged body may not get past.
  auto recovered = bring_up(environment, files, share, DamagedBlobs::refused);
  if (!recovered) return std::unexpected(recovered.error());
  return recovered->tail;
}

std::expected<void, OpenError> redo_until(Redo& redo, const std::filesystem::path& log, LogPosition from,
                                          LogPosition until) {
  RedoTarget target(redo);
  return journal::replay_until(target, log, from, until);
}

std::expected<RebuiltIndex, OpenError> rebuild_index(const std::filesystem::path& log,
                                                     const std::filesystem::path& index, std::uint64_t map_octets) {
  std::error_code failed;
  std::filesystem::create_directories(index, failed);
  if (failed || !std::filesystem::is_empty(index, failed) || failed) {
    return std::unexpected(OpenError{Kind::unavailable, index.string() + ": is not an empty directory"});
  }
  auto environment = open_index(index, Environment::Access::write, map_octets);
  if (!environment) return std::unexpected(environment.error());
  journal::SegmentFiles files(log);
  auto recovered = bring_up(**environment, files, {}, DamagedBlobs::noted);
  if (!recovered) return std::unexpected(recovered.error());
  return weigh_up(**environment, log, std::move(recovered->damaged));
}

}  // namespace posthaste::store
