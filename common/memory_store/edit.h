// A batch on a copy of what its user has: all of it is done to the copy, or the copy is thrown away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/operations.h"
#include "common/mailbox/store_error.h"
#include "common/memory_store/user.h"

namespace posthaste::memory_store {

struct Limits {
  std::uint32_t mailboxes_max = mailbox::kMailboxesMax;  // of one user; as many subscriptions, too
  std::size_t tombstones_max = 1'000;                    // kept of each mailbox, and of a user's mailboxes
};

/// Gives a message's octets their id, and keeps them for as long as somebody has them.
using KeepBlob = std::function<std::shared_ptr<const StoredBlob>(const mailbox::BlobHandle&)>;

class Edit {
 public:
  template <typename Value>
  using Result = std::expected<Value, mailbox::StoreError>;

  /// All references outlive it. `before` is nothing for a user whom the store has not met.
  Edit(UserId id, const User* before, mailbox::Time now, const Limits& limits, const KeepBlob& keep)
      : id_(id), now_(now), limits_(limits), keep_(keep) {
    if (before != nullptr) user_ = std::make_shared<User>(*before);
  }

  [[nodiscard]] Result<mailbox::OperationResult> run(const mailbox::Operation& operation);
  /// The user's INBOX takes what is for a mailbox that is not there.
  [[nodiscard]] Result<mailbox::Appended> deliver(const mailbox::Deliver& message);

  /// What the user has now; nothing once deleted.
  [[nodiscard]] std::shared_ptr<const User> user() const { return user_; }
  [[nodiscard]] ModSeq modseq() const { return user_ ? user_->modseq : ModSeq{}; }
  [[nodiscard]] const std::vector<mailbox::Change>& changes() const { return changes_; }

 private:
  using Done = Result<mailbox::OperationResult>;

  Done execute(const mailbox::Append& operation);
  Done execute(const mailbox::StoreFlags& operation);
  Done execute(const mailbox::Expunge& operation);
  Done execute(const mailbox::Copy& operation);
  Done execute(const mailbox::Move& operation);
  Done execute(const mailbox::CreateMailbox& operation);
  Done execute(const mailbox::DeleteMailbox& operation);
  Done execute(const mailbox::RenameMailbox& operation);
  Done execute(const mailbox::SetSubscribed& operation);
  Done execute(const mailbox::SetSpecialUse& operation);
  Done execute(const mailbox::CreateUser& operation);
  Done execute(const mailbox::DeleteUser& operation);
  Done execute(const mailbox::SetQuota& operation);
  Done execute(const mailbox::SetMetadata& operation);

  void create_user();
  [[nodiscard]] ModSeq next_modseq() const { return next(user_->modseq); }
  [[nodiscard]] Mailbox* find(MailboxId id);
  [[nodiscard]] Mailbox* find(std::string_view name);
  [[nodiscard]] Mailbox* find_in_any_case(std::string_view name);
  /// The mailbox has changed with all that happened at `modseq`.
  void changed(Mailbox& mailbox, ModSeq modseq);
  mailbox::MailboxChanged create(const std::string& name, std::optional<mailbox::SpecialUse> use);
  void create_parents(std::string_view name);
  [[nodiscard]] std::size_t missing_parents(std::string_view name);
  [[nodiscard]] bool use_is_taken(mailbox::SpecialUse use) const;
  Done rename_inbox(Mailbox& inbox, const std::string& to);

  /// After something was added. Errors: over_quota.
  [[nodiscard]] Result<void> check_quota() const;
  /// The bits of these keywords in a mailbox, which learns those that it does not know. Errors: invalid_name,
  /// too_many_keywords; then it has learnt nothing.
  [[nodiscard]] static Result<mailbox::KeywordBits> learn(mailbox::MailboxInfo& mailbox,
                                                          const std::vector<std::string>& names);
  [[nodiscard]] static std::vector<mailbox::Message> messages_in(const Mailbox& mailbox,
                                                                 const mailbox::UidSet& uids,
                                                                 std::size_t messages_max);
  static void count(mailbox::MailboxInfo& info, const mailbox::Message& message, std::int32_t by);
  void add(Mailbox& mailbox, const mailbox::Message& message, const std::shared_ptr<const StoredBlob>& blob);
  /// Without a trace. Returns which of them were there.
  mailbox::UidSet drop(Mailbox& mailbox, const mailbox::UidSet& uids);
  void remove(Mailbox& mailbox, const mailbox::UidSet& uids, ModSeq modseq);
  /// Copies of `messages` of one mailbox, at the end of another. Errors: too_many_keywords, full.
  [[nodiscard]] Result<mailbox::Copied> copy(const Mailbox& from, Mailbox& to,
                                             const std::vector<mailbox::Message>& messages, ModSeq modseq);
  [[nodiscard]] Result<void> check_annotations(const Annotations& there,
                                               const std::vector<mailbox::Annotation>& wanted) const;

  const UserId id_;
  const mailbox::Time now_;
  const Limits& limits_;
  const KeepBlob& keep_;
  std::shared_ptr<User> user_;
  std::vector<mailbox::Change> changes_;
};

}  // namespace posthaste::memory_store
