#include "common/store/recovery.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/ledger/recovery.h"
#include "common/ledger/segments.h"
#include "common/store/redo.h"
#include "common/store/rows.h"
#include "common/store/whereabouts.h"

namespace posthaste::store {
namespace {

using journal::LogPosition;
using Kind = OpenError::Kind;

/// The log's segments, which must be there without a gap from the first that the index needs.
std::expected<std::vector<std::uint32_t>, OpenError> segments_of(const KnownLog& known,
                                                                 const std::filesystem::path& log) {
  const bool from_the_first = known.meta.tail.segment == 0;
  const std::optional<std::uint32_t> first = from_the_first ? std::optional<std::uint32_t>(1) : std::nullopt;
  return journal::segments_to_replay(log, kSegmentMagic, first, known.segments);
}

/// A blob whose body is damaged is refused, or noted in `damaged`, if that is given.
std::expected<LogPosition, OpenError> bring_up(Environment& index, journal::SegmentFiles& files,
                                               journal::ReplayShare share, std::vector<DamagedBlob>* damaged) {
  const auto start = [&files](const View& view) -> std::expected<ledger::Start, OpenError> {
    const auto known = known_log(view);
    if (!known) return std::unexpected(known.error());
    auto segments = segments_of(*known, files.log());
    if (!segments) return std::unexpected(segments.error());
    return ledger::Start{known->meta.tail, std::move(*segments)};
  };
  const auto redo = [&](WriteTxn& txn) { return std::make_unique<Redo>(txn, files, damaged); };
  return ledger::bring_up(index, files.log(), kSegmentMagic, start, redo, share);
}

/// Of the index that was just made: who would miss what is damaged.
std::expected<RebuiltIndex, OpenError> weigh_up(Environment& index, const std::filesystem::path& log,
                                                std::vector<DamagedBlob> damaged) {
  const auto txn = ReadTxn::begin(index);
  if (!txn) return std::unexpected(OpenError{Kind::io, "index: cannot be read"});
  RebuiltIndex rebuilt;
  std::string lost;
  const View view = txn->view();
  for (const DamagedBlob& blob : damaged) {
    const auto places = find_blob(view, blob.blob) ? places_of(view, blob.blob) : std::vector<MessagePlace>{};
    if (!places.empty()) lost += (lost.empty() ? "" : "; ") + to_string(blob) + ": " + in_words(places);
  }
  for (const auto& [user, messages] : users_of(view)) {
    ++rebuilt.users;
    rebuilt.messages += messages;
  }
  if (view.failure() != 0) return ledger::index_error(view.failure());
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
  auto segments = ledger::known_segments(view, Table::segments);
  if (!segments) return std::unexpected(segments.error());
  KnownLog known{{}, std::move(*segments)};
  if (const auto meta = find_meta(view)) known.meta = *meta;
  if (view.failure() != 0) return ledger::index_error(view.failure());
  return known;
}

std::expected<LogPosition, OpenError> recover(Environment& environment, journal::SegmentFiles& files,
                                              journal::ReplayShare share) {
  // What is committed on the way stays: a damaged body may not get past.
  return bring_up(environment, files, share, nullptr);
}

std::expected<RebuiltIndex, OpenError> rebuild_index(const std::filesystem::path& log,
                                                     const std::filesystem::path& index, std::uint64_t map_octets) {
  const auto environment = ledger::begin_index(index, kTableNames, map_octets);
  if (!environment) return std::unexpected(environment.error());
  journal::SegmentFiles files(log);
  std::vector<DamagedBlob> damaged;
  const auto tail = bring_up(**environment, files, {}, &damaged);
  if (!tail) return std::unexpected(tail.error());
  return weigh_up(**environment, log, std::move(damaged));
}

}  // namespace posthaste::store
