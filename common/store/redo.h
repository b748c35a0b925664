// What each record does to the index.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/ids.h"
#include "common/journal/log.h"
#include "common/ledger/recovery.h"
#include "common/ledger/segments.h"
#include "common/store/index.h"
#include "common/store/rebuilt_index.h"
#include "common/store/record.h"
#include "common/store/rows.h"

namespace posthaste::store {

class Redo final : public ledger::Redo {
 public:
  /// `files` gives summaries of blobs that were published before. A blob whose body is damaged is refused, or noted
  /// in `damaged`, where that is given and outlives this.
  Redo(WriteTxn& txn, journal::SegmentFiles& files, std::vector<DamagedBlob>* damaged = nullptr);

  /// Applies one record whose body lies at `body_offset` of `segment`. False when it does not fit the index: it is
  /// damaged, or the log is not this index's.
  [[nodiscard]] bool apply(const Record& record, std::uint32_t segment, std::uint64_t body_offset);

  void enter_segment(const journal::SegmentHeader& header) override;
  [[nodiscard]] bool can_spare(const journal::RecordHeader& header) const override;
  [[nodiscard]] bool apply(const journal::ScannedRecord& scanned, std::uint32_t segment) override;
  void reached(const journal::LogPosition& tail) override;
  void finish() override;
  [[nodiscard]] std::uint64_t next_id() const override { return number(meta_.next_blob); }

  [[nodiscard]] BlobId next_blob() const { return meta_.next_blob; }

  /// What is not in the transaction, for WriteTxn::mark() and take_back().
  struct Counted {
    BlobId next_blob{};
    ledger::SegmentTally::Live live_octets;
    std::size_t changes = 0;
  };
  [[nodiscard]] Counted counted() const { return {meta_.next_blob, segments_.live(), changes_.size()}; }
  void take_back(const Counted& counted);

  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }

 private:
  struct Place {
    std::uint32_t segment = 0;
    std::uint64_t body_offset = 0;
  };
  [[nodiscard]] bool redo(const BlobRecord& record);
  [[nodiscard]] bool redo(const LinkRecord& record);
  [[nodiscard]] bool redo(const FlagsRecord& record);
  [[nodiscard]] bool redo(const ExpungeRecord& record);
  [[nodiscard]] bool redo(const MoveRecord& record);
  [[nodiscard]] bool redo(const KeywordsRecord& record);
  [[nodiscard]] bool redo(const MailboxCreateRecord& record);
  [[nodiscard]] bool redo(const MailboxRenameRecord& record);
  [[nodiscard]] bool redo(const MailboxDeleteRecord& record);
  [[nodiscard]] bool redo(const SpecialUseRecord& record);
  [[nodiscard]] bool redo(const SubscriptionRecord& record);
  [[nodiscard]] bool redo(const UserCreateRecord& record);
  [[nodiscard]] bool redo(const UserDeleteRecord& record);
  [[nodiscard]] bool redo(const QuotaRecord& record);
  [[nodiscard]] bool redo(const DeliveryRecord& record);
  [[nodiscard]] bool redo(const AppliedRecord& record);
  [[nodiscard]] bool redo(const ExpireRecord& record);
  [[nodiscard]] bool redo(const MetadataRecord& record);
  [[nodiscard]] bool redo(const ObjectKeyRecord& record);
  [[nodiscard]] bool redo(const MailboxBuryRecord& record);
  [[nodiscard]] bool redo(const CopyStageRecord& record);
  [[nodiscard]] bool redo(const CopyFinishRecord& record);
  [[nodiscard]] bool redo(const ClearRecord& record);

  /// The record of a blob whose body is damaged: it has its place, and the next number. Nobody can read it; whether
  /// anybody would is known at the end.
  void pass_over(const journal::ScannedRecord& scanned, std::uint32_t segment);
  void put_blob(const BlobRow& row, std::string_view summary);
  void put_user(UserId id, const UserRow& user);
  void put_mailbox(UserId user, const MailboxInfo& mailbox);
  /// Both rows get `modseq`, and the change is noted.
  void changed(UserId user, UserRow& user_row, MailboxInfo& mailbox, ModSeq modseq);
  void put_hot_row(UserId user, MailboxId mailbox, const Message& message);
  [[nodiscard]] bool add_messages(UserId user, MailboxInfo& mailbox, const std::vector<Message>& messages);
  /// Removes the rows of `uids`, each of which must be there, and gives them.
  [[nodiscard]] bool take_messages(UserId user, MailboxInfo& mailbox, const UidSet& uids,
                                   std::vector<Message>& taken);
  void put_vanished(UserId user, MailboxId mailbox, ModSeq modseq, const UidSet& uids);
  void erase_mailbox(UserId user, UserRow& user_row, const MailboxInfo& mailbox);
  void erase_annotations(UserId user, MailboxId mailbox);
  void erase_rows(Table table, std::string_view prefix);
  /// At most so many. Returns how many it may be yet: none when there are more rows.
  std::uint32_t erase_some(Table table, std::string_view prefix, std::uint32_t rows_max);
  [[nodiscard]] bool has_leftovers(UserId user) const;
  /// Messages that are left over, and their references. What cannot be read goes too: nobody waits for an answer,
  /// and it would be met again and again.
  std::uint32_t clear_messages(UserId user, MailboxId mailbox, LeftoverRow& row, std::uint32_t rows_max);

  [[nodiscard]] bool add_reference(UserId user, BlobId blob);
  /// The user has one message less of it. A row that cannot be read fails the transaction, or is passed over.
  enum class Damage { fails, passed_over };
  void drop_reference(UserId user, BlobId blob, Damage damage = Damage::fails);
  [[nodiscard]] std::optional<std::string> cold_row(const BlobLocation& location);
  void remember(Table table, Remembered what, std::string_view key, const RememberedRow& row);

  WriteTxn& txn_;
  journal::SegmentFiles& files_;
  std::vector<DamagedBlob>* const damaged_;
  MetaRow meta_;
  Place place_;
  ledger::SegmentTally segments_;
  std::unordered_map<BlobId, std::string> fresh_summaries_;  // of this transaction: no file is asked for them
  std::vector<Change> changes_;
};

}  // namespace posthaste::store
