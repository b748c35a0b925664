// Bringing an index up to its log: what it lacks after a crash, or all of it.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/base/open_error.h"
#include "common/journal/log.h"
#include "common/journal/replay.h"
#include "common/lmdb/transaction.h"

namespace posthaste::ledger {

/// Applies records to an index, in the log's order, in one transaction: the one place that changes it, for the
/// writer and for recovery alike. All that it does follows from the records and from what the index held before, so
/// that a replay makes the same rows.
class Redo : public journal::ReplayTarget {
 public:
  /// Puts what was counted on the way into its rows. Call it before the transaction is committed.
  virtual void finish() = 0;

  /// What the header of a new segment says: nothing added before it has this id or a higher one.
  [[nodiscard]] virtual std::uint64_t next_id() const = 0;
};

/// Where a replay begins, and what there is to read.
struct Start {
  journal::LogPosition tail;
  std::vector<std::uint32_t> segments;
};

/// Brings the index up to the end of the log, in transactions of a `share` each, and returns the log's tail: what
/// lies behind it was never synced as a whole. `start` is asked once, `redo` for each transaction. The log's octets
/// stay as they are; those of the last segment that the index lacks are written over themselves and synced first.
/// Errors: those of `start`; log_damaged, when a segment holds what was synced once and does not read now; damaged;
/// full; io.
[[nodiscard]] std::expected<journal::LogPosition, OpenError> bring_up(
    lmdb::Environment& index, const std::filesystem::path& log, const journal::SegmentMagic& magic,
    const std::function<std::expected<Start, OpenError>(const lmdb::View& view)>& start,
    const std::function<std::unique_ptr<Redo>(lmdb::WriteTxn& txn)>& redo, journal::ReplayShare share);

/// Begins an index in a directory that is empty or absent. Errors: unavailable, when it is neither; those of
/// lmdb::Environment::open().
[[nodiscard]] std::expected<std::shared_ptr<lmdb::Environment>, OpenError> begin_index(
    const std::filesystem::path& index, std::span<const char* const> tables, std::uint64_t map_octets);

}  // namespace posthaste::ledger
