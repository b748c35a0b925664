// What each record does to the index: the one place that changes it, for the writer and for recovery alike.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "common/journal/log.h"
#include "smtpd/queue/change.h"
#include "smtpd/queue/index.h"
#include "smtpd/queue/record.h"

namespace posthaste::queue {

/// Where a record's body lies in the log.
struct BodyPlace {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
  std::uint64_t octets = 0;
};

/// Applies records, in the log's order, in one write transaction. All that it does follows from the records and
/// from what the index held before, so that a replay makes the same rows. False is: it does not fit the index,
/// which is damaged or not this log's.
class Redo {
 public:
  explicit Redo(WriteTxn& txn);

  /// A new entry, or one that moves.
  void put_entry(EntryId id, const Envelope& envelope, std::span<const QueuedRecipient> recipients,
                 std::uint64_t message_octets, const BodyPlace& place);
  [[nodiscard]] bool update(EntryId id, std::span<const Update::Change> changes);
  [[nodiscard]] bool remove(EntryId id);

  /// An index is made anew from a log whose first segment has this header.
  void begin_anew(const journal::SegmentHeader& first);
  void enter_segment(const journal::SegmentHeader& header);
  /// The log is in the index up to `tail`.
  void reached(const journal::LogPosition& tail);

  /// Puts what was counted on the way into its rows. Call it before the transaction is committed.
  void finish();

  /// The id of the next new entry.
  [[nodiscard]] EntryId next_entry() const { return meta_.next_entry; }

 private:
  void count_live(const EntryRow& row, std::int64_t sign);

  WriteTxn& txn_;
  MetaRow meta_;
  std::map<std::uint32_t, std::int64_t> live_octets_;    // changes not yet in the segments' rows
  std::map<std::uint32_t, std::uint64_t> total_octets_;  // lengths not yet in the segments' rows
};

}  // namespace posthaste::queue
