// What each record does to the index.
#pragma once

#include <cstdint>
#include <span>

#include "common/journal/log.h"
#include "common/ledger/recovery.h"
#include "common/ledger/segments.h"
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

/// False is: the record does not fit the index, which is damaged or not this log's.
class Redo final : public ledger::Redo {
 public:
  explicit Redo(WriteTxn& txn);

  /// A new entry, or one that moves.
  void put_entry(EntryId id, const Envelope& envelope, std::span<const QueuedRecipient> recipients,
                 std::uint64_t message_octets, const BodyPlace& place);
  [[nodiscard]] bool update(EntryId id, std::span<const Update::Change> changes);
  [[nodiscard]] bool remove(EntryId id);

  void enter_segment(const journal::SegmentHeader& header) override;
  [[nodiscard]] bool apply(const journal::ScannedRecord& scanned, std::uint32_t segment) override;
  void reached(const journal::LogPosition& tail) override;
  void finish() override;
  [[nodiscard]] std::uint64_t next_id() const override { return number(meta_.next_entry); }

  /// The id of the next new entry.
  [[nodiscard]] EntryId next_entry() const { return meta_.next_entry; }

 private:
  void count_live(const EntryRow& row, std::int64_t sign);

  WriteTxn& txn_;
  MetaRow meta_;
  bool is_anew_ = false;  // the index knows nothing yet, and the log may have lost its first segments
  ledger::SegmentTally segments_;
};

}  // namespace posthaste::queue
