// What is made in steps, between which others are served: COPY of many messages, and the removal of what was
// deleted.
#include <algorithm>
#include <cassert>

#include "common/store/execution.h"

namespace posthaste::store {
namespace {

// For the user's changes while a COPY is on its way: its messages get their modseq at its beginning, and at its end
// it must be above all others.
constexpr std::uint64_t kModSeqsKept = 1U << 24U;

constexpr std::size_t kBuriedAtOnce = 64;  // mailboxes of a deleted user

}  // namespace

// --- COPY: messages are staged above UIDNEXT, where nobody sees them, and are there once it moves above them.

std::expected<Execution::Applied, StoreError> Execution::copy_in_steps(UserId user, const Copy& operation,
                                                                       const std::optional<CopyProgress>& so_far) {
  if (so_far) return copy_next(user, operation, *so_far);
  if (const auto there = ensure_user(user); !there) return std::unexpected(there.error());
  const auto from = find_mailbox(txn_, user, operation.from);
  const auto to = find_mailbox(txn_, user, operation.to);
  if (!from || !to) return std::unexpected(StoreError::no_such_mailbox);
  auto messages = messages_of(user, from->id, operation.uids, sizes_.copied_at_once + 1);
  if (messages.size() <= sizes_.copied_at_once) {
    auto copied = copy_at_once(user, *from, *to, std::move(messages));
    if (!copied) return std::unexpected(copied.error());
    return ApplyResult{{std::move(*copied)}, user_row(user).modseq};
  }
  if (copy_has_to_wait(user, to->id)) return Unfinished{};
  if (const auto uids = check_uids(user, *to, sizes_.uids_kept); !uids) return std::unexpected(uids.error());
  CopyProgress progress;
  progress.source_end = from->uid_next;
  progress.next = Uid{number(to->uid_next) + sizes_.uids_kept};
  progress.modseq = ModSeq{number(user_row(user).modseq) + kModSeqsKept};
  progress.copied.uid_validity = to->uid_validity;
  auto copied = copy_next(user, operation, std::move(progress));
  if (copied) running_[user] = to->id;
  return copied;
}

std::expected<Execution::Applied, StoreError> Execution::copy_next(UserId user, const Copy& operation,
                                                                   CopyProgress progress) {
  const auto from = find_mailbox(txn_, user, operation.from);
  auto to = find_mailbox(txn_, user, operation.to);
  if (!from || !to) return std::unexpected(StoreError::no_such_mailbox);
  if (!progress.copied.source.empty()) {  // a mailbox that was made anew has none of what was staged before
    const auto staged = find_leftover(txn_, user, to->id);
    const bool is_ours = staged && staged->kind == LeftoverRow::Kind::staged && staged->next == progress.next &&
                         staged->modseq == progress.modseq;
    if (!is_ours) return std::unexpected(StoreError::no_such_mailbox);
  }
  const UidRange within{progress.source_next, Uid{number(progress.source_end) - 1}};
  auto messages = messages_of(user, from->id, operation.uids, sizes_.copied_at_once + 1, within);
  const bool is_last = messages.size() <= sizes_.copied_at_once;
  if (!is_last) {
    progress.source_next = messages.back().uid;
    messages.pop_back();
  }
  // What the user may have is compared with all that the COPY brings; room is taken by what comes now.
  std::uint64_t octets = 0;
  for (const Message& message : messages) octets += message.octets;
  const std::uint64_t count = messages.size();
  const auto quota = check_quota(user, progress.copied.destination.size() + count, progress.octets + octets);
  if (!quota) return std::unexpected(quota.error());
  if (const auto room = take_room(count * kNewRowsOctets); !room) return std::unexpected(room.error());
  to->uid_next = progress.next;  // as arrivals() is to see it
  if (number(kAllUids.last) - number(progress.next) < count) return std::unexpected(StoreError::full);
  auto copies = arrivals(*from, *to, std::move(messages), progress.modseq);
  if (!copies) return std::unexpected(copies.error());
  if (is_last && user_row(user).modseq >= progress.modseq) return std::unexpected(StoreError::unavailable);

  for (const UidRange& range : copies->result.source.ranges()) progress.copied.source.add(range);
  for (const UidRange& range : copies->result.destination.ranges()) progress.copied.destination.add(range);
  progress.octets += octets;
  progress.next = Uid{number(progress.next) + static_cast<std::uint32_t>(count)};
  learn(user, to->id, std::move(copies->keywords));
  if (count != 0) emit(CopyStageRecord{user, to->id, progress.modseq, std::move(copies->messages)});
  if (!is_last) return Unfinished{std::move(progress)};
  emit(CopyFinishRecord{user, to->id});
  return ApplyResult{{std::move(progress.copied)}, user_row(user).modseq};
}

/// For the user's other COPY, or for what is left over in the mailbox from one that failed.
bool Execution::copy_has_to_wait(UserId user, MailboxId to) const {
  const auto running = running_.find(user);
  return running != running_.end() || find_leftover(txn_, user, to);
}

// --- What was deleted

/// First nobody finds the user's mailboxes any more. What lies in them goes as all that is left over does; the rest
/// of what the user has goes last.
Execution::Applied Execution::delete_in_steps(UserId user) {
  const ApplyResult done{{Done{}}, {}};
  if (!find_user(txn_, user)) return done;
  const auto leftovers = mailboxes_in(Table::leftovers, user, 1);
  const bool has_leftovers = !leftovers.empty();
  if (has_leftovers && !find_leftover(txn_, user, leftovers.front())) return done;  // damaged: answered so
  if (!has_leftovers && rows_of(user) <= sizes_.cleared_at_once) {
    emit(UserDeleteRecord{user});
    return done;
  }
  if (!find_leftover(txn_, user, std::nullopt)) emit(ClearRecord{user, std::nullopt, 0});
  const auto mailboxes = mailboxes_in(Table::mailboxes, user, kBuriedAtOnce);
  for (const MailboxId mailbox : mailboxes) emit(MailboxBuryRecord{user, mailbox, next_modseq(user)});
  if (mailboxes.empty() && !has_leftovers) emit(ClearRecord{user, std::nullopt, sizes_.cleared_at_once});
  return Unfinished{};
}

std::uint64_t Execution::rows_of(UserId user) const {
  const Key prefix = user_key(user);
  std::uint64_t rows = user_row(user).used_messages;
  for (const Table table : {Table::mailboxes, Table::vanished, Table::subscriptions, Table::idempotency}) {
    if (rows > sizes_.cleared_at_once) break;
    rows += count_rows(table, prefix);
  }
  return rows;
}

std::uint64_t Execution::count_rows(Table table, std::string_view prefix) const {
  std::uint64_t rows = 0;
  Cursor cursor(txn_, table);
  bool there = cursor.seek(prefix);
  for (; there && rows <= sizes_.cleared_at_once && cursor.key().starts_with(prefix); there = cursor.next()) ++rows;
  return rows;
}

std::vector<MailboxId> Execution::mailboxes_in(Table table, UserId user, std::size_t mailboxes_max) const {
  std::vector<MailboxId> mailboxes;
  const Key prefix = user_key(user);
  Cursor cursor(txn_, table);
  bool there = cursor.seek(mailbox_key(user, next(kNoMailbox)));
  for (; there && mailboxes.size() < mailboxes_max && cursor.key().starts_with(prefix); there = cursor.next()) {
    std::string_view id = cursor.key().substr(sizeof(UserId));
    mailboxes.push_back(take_key_part<MailboxId>(id));
  }
  return mailboxes;
}

bool Execution::clear_some() {
  auto next = clearable(Key().add(UserId{}));
  for (std::uint64_t rows_left = sizes_.cleared_at_once; next && rows_left > 0 && txn_.failure() == 0;) {
    const auto [user, mailbox] = *next;
    const auto row = find_leftover(txn_, user, mailbox);
    const Key key = leftover_key(user, mailbox);
    const std::uint64_t rows = 1 + (row ? row->messages : 0) + count_rows(Table::vanished, key);
    emit(ClearRecord{user, mailbox, static_cast<std::uint32_t>(rows_left)});
    buffer_.end_apply();
    rows_left -= std::min(rows_left, rows);
    next = clearable(key);
  }
  return next.has_value();
}

std::optional<std::pair<UserId, MailboxId>> Execution::clearable(std::string_view from) const {
  Cursor cursor(txn_, Table::leftovers);
  for (bool there = cursor.seek(from); there; there = cursor.next()) {
    std::string_view key = cursor.key();
    const auto user = take_key_part<UserId>(key);
    const auto mailbox = take_key_part<MailboxId>(key);
    const auto row = decode_leftover(cursor.value());
    if (!row || row->kind == LeftoverRow::Kind::user) continue;
    const auto running = running_.find(user);
    const bool is_running =
        row->kind == LeftoverRow::Kind::staged && running != running_.end() && running->second == mailbox;
    if (!is_running) return std::pair(user, mailbox);
  }
  return std::nullopt;
}

}  // namespace posthaste::store
