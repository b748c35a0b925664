// Operations against the index as it stands: checked first, then turned into records, each applied at once.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/journal/log_buffer.h"
#include "common/store/index.h"
#include "common/store/progress.h"
#include "common/store/redo.h"
#include "common/store/rows.h"
#include "common/store/step_sizes.h"
#include "common/store/values.h"

namespace posthaste::store {

/// What one more message, mailbox or annotation takes in the index, generously, without octets of its own.
inline constexpr std::uint64_t kNewRowsOctets = 1024;

/// Of each user, the mailbox into which a COPY is under way that somebody goes on with.
using RunningCopies = std::map<UserId, MailboxId>;

/// Asked before a user gets rows whom the store has not met. Errors: no_such_mailbox, when there is no such user;
/// unavailable.
using Admit = std::function<std::expected<void, StoreError>(UserId)>;

/// One group's requests in one transaction. A request that fails leaves nothing in the transaction or the buffer.
/// One that meets a row it cannot decode answers `io`, and the others go on. After each, the caller asks the
/// transaction for its failure(): LMDB's own, or a record that does not fit.
class Execution {
 public:
  /// `room` octets may be added; operations that add when there is no room answer `full`.
  Execution(WriteTxn& txn, Redo& redo, journal::LogBuffer& buffer, Time now, std::uint64_t room,
            std::uint32_t mailboxes_max, RunningCopies running, const Admit& admit, const StepSizes& sizes)
      : txn_(txn),
        redo_(redo),
        buffer_(buffer),
        now_(now),
        room_(room),
        mailboxes_max_(mailboxes_max),
        running_(std::move(running)),
        admit_(admit),
        sizes_(sizes) {}

  using Applied = std::variant<ApplyResult, Unfinished>;
  /// `so_far` is what an Unfinished of the same request said.
  [[nodiscard]] std::expected<Applied, StoreError> apply(UserId user, const Batch& batch, const IdempotencyKey& key,
                                                         const std::optional<CopyProgress>& so_far);
  [[nodiscard]] std::expected<Delivered, StoreError> deliver(const Deliver& message);

  /// Forgets some of the deliveries and keys whose day is over, if there are any.
  void expire();

  /// The store gets the key that it lacks.
  void keep_object_key(const ObjectKey& key);
  /// Removes some of what is left over. True when there is more, and nobody has to ask for it.
  [[nodiscard]] bool clear_some();

  /// What was stored in this group, for forget() if it does not last.
  [[nodiscard]] const std::vector<BlobHandle>& blobs() const { return blobs_; }

  /// `blobs` are not in the log: they are as if nobody had named them.
  static void forget(const std::vector<BlobHandle>& blobs);

 private:
  using Result = std::expected<OperationResult, StoreError>;

  /// What to take back when a request fails.
  struct Savepoint {
    journal::LogBuffer::Mark buffer;
    Redo::Counted counted;
    std::size_t blobs = 0;
  };
  /// Changes are taken back only when a savepoint is held: a single operation on a known user fails before it
  /// emits.
  enum class Undo { needless, needed };
  [[nodiscard]] Savepoint begin(Undo undo);
  void end(const Savepoint& savepoint, Undo undo, bool success);
  /// When the request met a damaged row. False with Undo::needless once it has emitted: then the transaction fails.
  [[nodiscard]] bool forgive_damaged_row(const Savepoint& savepoint, Undo undo);

  [[nodiscard]] std::expected<Applied, StoreError> run(UserId user, const Batch& batch,
                                                       const std::optional<CopyProgress>& so_far);
  // in_steps.cc
  [[nodiscard]] std::expected<Applied, StoreError> copy_in_steps(UserId user, const Copy& operation,
                                                                 const std::optional<CopyProgress>& so_far);
  [[nodiscard]] std::expected<Applied, StoreError> copy_next(UserId user, const Copy& operation,
                                                             CopyProgress progress);
  [[nodiscard]] Applied delete_in_steps(UserId user);
  [[nodiscard]] bool copy_has_to_wait(UserId user, MailboxId to) const;
  /// What lies in the user's mailboxes, and otherwise: no further than what is cleared at once, and one more.
  [[nodiscard]] std::uint64_t rows_of(UserId user) const;
  [[nodiscard]] std::uint64_t count_rows(Table table, std::string_view prefix) const;
  /// The first of those that the table, of a row for each, has of the user.
  [[nodiscard]] std::vector<MailboxId> mailboxes_in(
      Table table, UserId user, std::size_t mailboxes_max = std::numeric_limits<std::size_t>::max()) const;
  /// Not a COPY that somebody goes on with, and what no row can say.
  [[nodiscard]] std::optional<std::pair<UserId, MailboxId>> clearable(std::string_view from) const;
  [[nodiscard]] std::expected<Delivered, StoreError> run(const Deliver& message);

  [[nodiscard]] Result execute(UserId user, const Append& operation);
  [[nodiscard]] Result execute(UserId user, const StoreFlags& operation);
  [[nodiscard]] Result execute(UserId user, const Expunge& operation);
  [[nodiscard]] Result execute(UserId user, const Copy& operation);
  [[nodiscard]] Result copy_at_once(UserId user, const MailboxInfo& from, const MailboxInfo& to,
                                    std::vector<Message> messages);
  [[nodiscard]] Result execute(UserId user, const Move& operation);
  [[nodiscard]] Result execute(UserId user, const CreateMailbox& operation);
  [[nodiscard]] Result execute(UserId user, const DeleteMailbox& operation);
  [[nodiscard]] Result execute(UserId user, const RenameMailbox& operation);
  [[nodiscard]] Result execute(UserId user, const SetSubscribed& operation);
  [[nodiscard]] Result execute(UserId user, const SetSpecialUse& operation);
  [[nodiscard]] Result execute(UserId user, const CreateUser& operation);
  [[nodiscard]] Result execute(UserId user, const DeleteUser& operation);
  [[nodiscard]] Result execute(UserId user, const SetQuota& operation);
  // set_metadata.cc
  [[nodiscard]] Result execute(UserId user, const SetMetadata& operation);
  /// Annotations to be set, and what there was of them before.
  struct MetadataChange {
    MetadataRecord record;
    std::uint64_t annotations_before = 0;
    std::uint64_t octets_before = 0;
  };
  /// What of this changes anything, each entry once. Errors: those of SetMetadata.
  [[nodiscard]] std::expected<MetadataChange, StoreError> metadata_change(UserId user,
                                                                          const SetMetadata& operation) const;
  [[nodiscard]] std::vector<Annotation> annotations_of(UserId user, MailboxId mailbox) const;
  /// Whether there is room for what this adds. Errors: too_many_annotations, full.
  [[nodiscard]] std::expected<void, StoreError> make_room(UserId user, const MetadataChange& change,
                                                          std::uint64_t annotations_of_mailbox);

  void emit(const Record& record);
  [[nodiscard]] UserRow user_row(UserId user) const { return find_user(txn_, user).value_or(UserRow{}); }
  [[nodiscard]] ModSeq next_modseq(UserId user) const { return next(user_row(user).modseq); }

  /// Errors: no_such_mailbox, when the user was deleted, or is nobody; unavailable.
  [[nodiscard]] std::expected<void, StoreError> ensure_user(UserId user);
  [[nodiscard]] BlobId store_blob(const BlobHandle& handle);
  /// Errors: over_quota, full.
  [[nodiscard]] std::expected<void, StoreError> make_room(UserId user, std::uint64_t messages,
                                                          std::uint64_t quota_octets, std::uint64_t log_octets);
  [[nodiscard]] std::expected<void, StoreError> check_quota(UserId user, std::uint64_t messages,
                                                            std::uint64_t octets) const;
  [[nodiscard]] std::expected<void, StoreError> take_room(std::uint64_t octets);

  /// Positions of keywords in a mailbox, and the names among them that it has to learn first.
  struct Keywords {
    KeywordBits bits;
    std::vector<std::string> unknown;
  };
  [[nodiscard]] static std::expected<Keywords, StoreError> keywords_of(const MailboxInfo& mailbox,
                                                                       const std::vector<std::string>& names);
  void learn(UserId user, MailboxId mailbox, Keywords keywords);

  /// At most so many, the first of those `within`.
  [[nodiscard]] std::vector<Message> messages_of(UserId user, MailboxId mailbox, const UidSet& uids,
                                                 std::size_t messages_max = std::numeric_limits<std::size_t>::max(),
                                                 UidRange within = kAllUids) const;
  /// Whether the mailbox has UIDs for so many. Errors: full; unavailable, while a COPY is on its way.
  [[nodiscard]] std::expected<void, StoreError> check_uids(UserId user, const MailboxInfo& mailbox,
                                                           std::uint64_t messages) const;
  /// `messages` as they will be in `to`, and the keywords that it learns for them.
  struct Arrivals {
    std::vector<Message> messages;
    Keywords keywords;
    Copied result;
  };
  [[nodiscard]] std::expected<Arrivals, StoreError> arrivals(const MailboxInfo& from, const MailboxInfo& to,
                                                             std::vector<Message> messages, ModSeq modseq) const;
  MailboxChanged create_mailbox(UserId user, const std::string& name, std::optional<SpecialUse> use);
  [[nodiscard]] std::optional<MailboxInfo> mailbox_named(UserId user, std::string_view name) const;
  /// Whose name differs in the case of ASCII letters alone: the first of the first kNamesLookedAtMax.
  [[nodiscard]] std::optional<MailboxInfo> mailbox_named_in_any_case(UserId user, std::string_view name) const;
  void create_parents(UserId user, std::string_view name);
  [[nodiscard]] std::uint64_t missing_parents(UserId user, std::string_view name) const;
  /// Whether the user may have so many more. Errors: too_many_mailboxes.
  [[nodiscard]] std::expected<void, StoreError> make_room_for(UserId user, std::uint64_t mailboxes) const;
  /// The user's mailboxes; at most one more than he may have.
  [[nodiscard]] std::uint64_t count_mailboxes(UserId user) const;
  [[nodiscard]] bool use_is_taken(UserId user, SpecialUse use) const;
  /// The mailbox called `from`, if there is one, and all below it, with the names that they get.
  [[nodiscard]] std::vector<MailboxRenameRecord> renames_of(UserId user, const std::string& from,
                                                            const std::string& to) const;
  [[nodiscard]] Result rename_inbox(UserId user, const MailboxInfo& inbox, const std::string& to);

  [[nodiscard]] std::chrono::sys_seconds now_s() const { return std::chrono::floor<std::chrono::seconds>(now_); }
  [[nodiscard]] Day day(Time time) const;

  WriteTxn& txn_;
  Redo& redo_;
  journal::LogBuffer& buffer_;
  const Time now_;
  std::uint64_t room_;
  const std::uint32_t mailboxes_max_;
  RunningCopies running_;
  const Admit& admit_;
  const StepSizes& sizes_;
  std::vector<BlobHandle> blobs_;  // written in this group
};

}  // namespace posthaste::store
