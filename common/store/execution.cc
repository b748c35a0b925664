#include "common/store/execution.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "common/base/octets.h"
#include "common/mailbox/mailbox_use.h"

namespace posthaste::store {
namespace {

constexpr std::uint32_t kExpireRowsMax = 256;
constexpr std::uint32_t kNamesLookedAtMax = 1'000;     // for one that is written in another case
constexpr std::uint64_t kMessagesExpectedMax = 1'024;  // room for more is made when they are there
using mailbox::kDefaultMailboxes;
using mailbox::kInbox;

/// Lengths that a record and a row can say.
bool fits(const PendingBlob& blob) {
  const std::uint64_t summary =
      blob.summary().envelope.size() + blob.summary().body_structure.size() + blob.summary().header_cache.size();
  return blob.octets().size() + summary <= journal::kRecordBodyMaxOctets - kNewRowsOctets;
}

bool knows(const MailboxInfo& mailbox, const std::string& keyword) {
  return std::ranges::any_of(mailbox.keywords, [&](const std::string& known) { return iequals(known, keyword); });
}

void apply_flags(Message& message, FlagMode mode, FlagSet flags, KeywordBits keywords) {
  switch (mode) {
    case FlagMode::add:
      message.flags = message.flags.with(flags);
      message.keywords |= keywords;
      return;
    case FlagMode::remove:
      message.flags = message.flags.without(flags);
      message.keywords &= ~keywords;
      return;
    case FlagMode::replace:
      message.flags = flags;
      message.keywords = keywords;
      return;
  }
}

}  // namespace

// --- Requests

std::expected<Execution::Applied, StoreError> Execution::apply(UserId user, const Batch& batch,
                                                               const IdempotencyKey& key,
                                                               const std::optional<CopyProgress>& so_far) {
  if (key.octets.size() > kIdempotencyKeyMaxOctets) return std::unexpected(StoreError::invalid_name);
  if (!key.octets.empty()) {
    if (const auto octets = txn_.get(Table::idempotency, idempotency_key(user, key.octets))) {
      const auto row = decode_remembered(*octets);
      auto result = row ? decode_result(row->result) : std::nullopt;
      if (!result) return std::unexpected(StoreError::io);
      return std::move(*result);
    }
  }
  const bool simple = batch.operations.size() <= 1 && find_user(txn_, user);
  const Undo undo = simple ? Undo::needless : Undo::needed;
  const Savepoint savepoint = begin(undo);
  auto result = run(user, batch, so_far);
  if (forgive_damaged_row(savepoint, undo)) result = std::unexpected(StoreError::io);
  const auto* done = result ? std::get_if<ApplyResult>(&*result) : nullptr;
  if (done != nullptr && !key.octets.empty())
    emit(AppliedRecord{user, key.octets, day(now_ + kIdempotencyKeysKept), *done});
  end(savepoint, undo, result.has_value());
  return result;
}

std::expected<Execution::Applied, StoreError> Execution::run(UserId user, const Batch& batch,
                                                             const std::optional<CopyProgress>& so_far) {
  if (batch.operations.size() == 1) {
    const Operation& only = batch.operations.front();
    if (const auto* copy = std::get_if<Copy>(&only)) return copy_in_steps(user, *copy, so_far);
    if (std::holds_alternative<DeleteUser>(only)) return delete_in_steps(user);
  }
  ApplyResult answer;
  for (const Operation& operation : batch.operations) {
    if (!std::holds_alternative<DeleteUser>(operation)) {
      if (const auto there = ensure_user(user); !there) return std::unexpected(there.error());
    }
    auto result = std::visit([&](const auto& kind) { return execute(user, kind); }, operation);
    if (!result) return std::unexpected(result.error());
    answer.results.push_back(std::move(*result));
  }
  answer.modseq = user_row(user).modseq;
  return answer;
}

std::expected<Delivered, StoreError> Execution::deliver(const Deliver& message) {
  if (const auto& delivery = message.delivery) {
    const bool names_fit = !delivery->id.empty() && delivery->id.size() <= kDeliveryIdMaxOctets &&
                           delivery->recipient.size() <= kRecipientMaxOctets;
    if (!names_fit) return std::unexpected(StoreError::invalid_name);
    if (const auto octets = txn_.get(Table::deliveries, delivery_key(*delivery))) {
      const auto row = decode_remembered(*octets);
      auto delivered = row ? decode_delivered(row->result) : std::nullopt;
      if (!delivered) return std::unexpected(StoreError::io);
      delivered->delivery = Delivery::repeated;
      return *delivered;
    }
  }
  const Undo undo = find_user(txn_, message.user) ? Undo::needless : Undo::needed;
  const Savepoint savepoint = begin(undo);
  auto delivered = run(message);
  if (forgive_damaged_row(savepoint, undo)) delivered = std::unexpected(StoreError::io);
  if (delivered && message.delivery) {
    emit(DeliveryRecord{*message.delivery, day(now_ + kDeliveriesKept), *delivered});
  }
  end(savepoint, undo, delivered.has_value());
  return delivered;
}

std::expected<Delivered, StoreError> Execution::run(const Deliver& message) {
  if (const auto there = ensure_user(message.user); !there) return std::unexpected(there.error());
  auto mailbox = mailbox_named(message.user, message.mailbox);
  if (!mailbox) mailbox = mailbox_named_in_any_case(message.user, message.mailbox);
  const auto use_of = [&](std::string_view name) {
    const auto above = mailbox_named(message.user, name);
    return above ? above->special_use : std::nullopt;
  };
  if (mailbox && mailbox::lies_where_the_user_writes(mailbox->name, use_of)) mailbox.reset();
  if (!mailbox) mailbox = mailbox_named(message.user, kInbox);
  if (!mailbox) return std::unexpected(StoreError::io);  // no operation takes INBOX away
  Append append;
  append.mailbox = mailbox->id;
  append.blob = message.blob;
  append.flags = message.flags;
  append.keywords = message.keywords;
  append.internal_date = message.internal_date;
  const auto appended = execute(message.user, append);
  if (!appended) return std::unexpected(appended.error());
  return Delivered{std::get<Appended>(*appended), user_row(message.user).modseq, Delivery::first};
}

void Execution::expire() {
  const Day today = day(now_);
  {
    Cursor cursor(txn_, Table::expiries);
    if (!cursor.seek(Key().add(Day{}))) return;
    std::string_view key = cursor.key();
    if (take_key_part<Day>(key) >= today) return;
  }
  emit(ExpireRecord{today, kExpireRowsMax});
  buffer_.end_apply();
}

void Execution::keep_object_key(const ObjectKey& key) {
  emit(ObjectKeyRecord{key});
  buffer_.end_apply();
}

Execution::Savepoint Execution::begin(Undo undo) {
  if (undo == Undo::needed) txn_.mark();
  return {buffer_.mark(), undo == Undo::needed ? redo_.counted() : Redo::Counted{}, blobs_.size()};
}

void Execution::end(const Savepoint& savepoint, Undo undo, bool success) {
  if (success && txn_.failure() == 0) {
    if (undo == Undo::needed) txn_.keep();
    if (buffer_.has_grown_since(savepoint.buffer)) buffer_.end_apply();
    return;
  }
  for (; blobs_.size() > savepoint.blobs; blobs_.pop_back()) blobs_.back()->note_written_as(std::nullopt);
  if (undo == Undo::needless) {
    assert(!buffer_.has_grown_since(savepoint.buffer) || txn_.failure() != 0);
    return;
  }
  txn_.take_back();
  buffer_.take_back(savepoint.buffer);
  redo_.take_back(savepoint.counted);
}

bool Execution::forgive_damaged_row(const Savepoint& savepoint, Undo undo) {
  if (undo == Undo::needless && buffer_.has_grown_since(savepoint.buffer)) return false;
  return txn_.forgive_damaged_row();
}

void Execution::forget(const std::vector<BlobHandle>& blobs) {
  for (const BlobHandle& blob : blobs) blob->note_written_as(std::nullopt);
}

// --- Messages

Execution::Result Execution::execute(UserId user, const Append& operation) {
  const auto mailbox = find_mailbox(txn_, user, operation.mailbox);
  if (!mailbox) return std::unexpected(StoreError::no_such_mailbox);
  if (operation.expected_uid_validity && *operation.expected_uid_validity != mailbox->uid_validity) {
    return std::unexpected(StoreError::conflict);
  }
  auto keywords = keywords_of(*mailbox, operation.keywords);
  if (!keywords) return std::unexpected(keywords.error());
  const PendingBlob& blob = *operation.blob;
  if (!fits(blob)) return std::unexpected(StoreError::full);
  if (const auto uids = check_uids(user, *mailbox, 1); !uids) return std::unexpected(uids.error());
  const auto room = make_room(user, 1, blob.octets().size(), blob.octets().size());
  if (!room) return std::unexpected(room.error());

  const ModSeq modseq = next_modseq(user);
  Message message;
  message.uid = mailbox->uid_next;
  message.modseq = modseq;
  message.flags = operation.flags;
  message.keywords = keywords->bits;
  message.internal_date = operation.internal_date;
  message.save_date = now_s();
  message.octets = static_cast<std::uint32_t>(blob.octets().size());
  learn(user, mailbox->id, std::move(*keywords));
  message.blob = store_blob(operation.blob);
  emit(LinkRecord{user, mailbox->id, modseq, {message}});
  return Appended{mailbox->id, mailbox->uid_validity, message.uid, message.blob};
}

Execution::Result Execution::execute(UserId user, const StoreFlags& operation) {
  const auto mailbox = find_mailbox(txn_, user, operation.mailbox);
  if (!mailbox) return std::unexpected(StoreError::no_such_mailbox);
  std::vector<std::string> names = operation.keywords;
  if (operation.mode == FlagMode::remove) {
    std::erase_if(names, [&](const std::string& name) { return !knows(*mailbox, name); });
  }
  auto keywords = keywords_of(*mailbox, names);
  if (!keywords) return std::unexpected(keywords.error());

  FlagsStored stored;
  for (const Message& message : messages_of(user, mailbox->id, operation.uids)) {
    if (operation.unchanged_since && message.modseq > *operation.unchanged_since) {
      stored.modified.add(message.uid);
      continue;
    }
    Message changed = message;
    apply_flags(changed, operation.mode, operation.flags, keywords->bits);
    if (changed != message) stored.changed.add(message.uid);
  }
  if (stored.changed.empty()) return stored;
  const FlagsRecord record{user,           mailbox->id,   next_modseq(user), operation.mode, operation.flags,
                           keywords->bits, stored.changed};
  learn(user, mailbox->id, std::move(*keywords));
  emit(record);
  return stored;
}

Execution::Result Execution::execute(UserId user, const Expunge& operation) {
  const auto mailbox = find_mailbox(txn_, user, operation.mailbox);
  if (!mailbox) return std::unexpected(StoreError::no_such_mailbox);
  Expunged expunged;
  if (operation.which == ExpungeWhich::deleted && mailbox->deleted == 0) return expunged;  // as at most CLOSEs
  for (const Message& message : messages_of(user, mailbox->id, operation.uids)) {
    const bool goes = operation.which == ExpungeWhich::all || message.flags.contains(SystemFlag::deleted);
    if (goes) expunged.uids.add(message.uid);
  }
  if (!expunged.uids.empty()) emit(ExpungeRecord{user, mailbox->id, next_modseq(user), expunged.uids});
  return expunged;
}

Execution::Result Execution::execute(UserId user, const Copy& operation) {
  const auto from = find_mailbox(txn_, user, operation.from);
  const auto to = find_mailbox(txn_, user, operation.to);
  if (!from || !to) return std::unexpected(StoreError::no_such_mailbox);
  return copy_at_once(user, *from, *to, messages_of(user, from->id, operation.uids));
}

Execution::Result Execution::copy_at_once(UserId user, const MailboxInfo& from, const MailboxInfo& to,
                                          std::vector<Message> messages) {
  const ModSeq modseq = next_modseq(user);
  auto copies = arrivals(from, to, std::move(messages), modseq);
  if (!copies) return std::unexpected(copies.error());
  if (copies->messages.empty()) return std::move(copies->result);
  if (const auto uids = check_uids(user, to, copies->messages.size()); !uids) return std::unexpected(uids.error());
  std::uint64_t octets = 0;
  for (const Message& message : copies->messages) octets += message.octets;
  const auto room = make_room(user, copies->messages.size(), octets, 0);
  if (!room) return std::unexpected(room.error());
  learn(user, to.id, std::move(copies->keywords));
  emit(LinkRecord{user, to.id, modseq, std::move(copies->messages)});
  return std::move(copies->result);
}

Execution::Result Execution::execute(UserId user, const Move& operation) {
  const auto from = find_mailbox(txn_, user, operation.from);
  const auto to = find_mailbox(txn_, user, operation.to);
  if (!from || !to) return std::unexpected(StoreError::no_such_mailbox);
  const ModSeq modseq = next_modseq(user);
  auto moved = arrivals(*from, *to, messages_of(user, from->id, operation.uids), modseq);
  if (!moved) return std::unexpected(moved.error());
  if (moved->messages.empty()) return std::move(moved->result);
  if (const auto uids = check_uids(user, *to, moved->messages.size()); !uids) return std::unexpected(uids.error());
  learn(user, to->id, std::move(moved->keywords));
  emit(MoveRecord{user, from->id, to->id, modseq, moved->result.source, std::move(moved->messages)});
  return std::move(moved->result);
}

// --- Mailboxes

Execution::Result Execution::execute(UserId user, const CreateMailbox& operation) {
  const std::string name = canonical_name(operation.name);
  if (!is_mailbox_name(name)) return std::unexpected(StoreError::invalid_name);
  if (mailbox_named(user, name)) return std::unexpected(StoreError::already_exists);
  if (operation.special_use && use_is_taken(user, *operation.special_use)) {
    return std::unexpected(StoreError::already_exists);
  }
  if (room_ < kNewRowsOctets) return std::unexpected(StoreError::full);
  if (const auto room = make_room_for(user, 1 + missing_parents(user, name)); !room)
    return std::unexpected(room.error());
  create_parents(user, name);
  return create_mailbox(user, name, operation.special_use);
}

Execution::Result Execution::execute(UserId user, const DeleteMailbox& operation) {
  const auto mailbox = mailbox_named(user, operation.name);
  if (!mailbox) return std::unexpected(StoreError::no_such_mailbox);
  if (mailbox->name == kInbox) return std::unexpected(StoreError::cannot);
  const bool is_small = mailbox->messages <= sizes_.cleared_at_once && !find_leftover(txn_, user, mailbox->id) &&
                        count_rows(Table::vanished, mailbox_key(user, mailbox->id)) <= sizes_.cleared_at_once;
  const ModSeq modseq = next_modseq(user);
  if (is_small)
    emit(MailboxDeleteRecord{user, mailbox->id, modseq});
  else
    emit(MailboxBuryRecord{user, mailbox->id, modseq});
  return MailboxChanged{mailbox->id, mailbox->uid_validity};
}

Execution::Result Execution::execute(UserId user, const RenameMailbox& operation) {
  const std::string from = canonical_name(operation.from);
  const std::string to = canonical_name(operation.to);
  if (!is_mailbox_name(to)) return std::unexpected(StoreError::invalid_name);
  std::vector<MailboxRenameRecord> renames = renames_of(user, from, to);
  if (renames.empty()) return std::unexpected(StoreError::no_such_mailbox);
  if (mailbox_named(user, to)) return std::unexpected(StoreError::already_exists);
  const auto first = find_mailbox(txn_, user, renames.front().mailbox);
  if (!first) return std::unexpected(StoreError::io);
  if (first->name == kInbox) return rename_inbox(user, *first, to);
  if (to.starts_with(from + '/')) return std::unexpected(StoreError::cannot);

  for (const MailboxRenameRecord& rename : renames) {
    if (!is_mailbox_name(rename.name)) return std::unexpected(StoreError::invalid_name);
    if (mailbox_named(user, rename.name)) return std::unexpected(StoreError::already_exists);
  }
  if (const auto room = make_room_for(user, missing_parents(user, to)); !room) return std::unexpected(room.error());
  create_parents(user, to);
  for (MailboxRenameRecord& rename : renames) {
    rename.modseq = next_modseq(user);
    emit(rename);
  }
  return MailboxChanged{first->id, first->uid_validity};
}

/// A name above others may itself be no mailbox any more, and goes with them (RFC 9051 §6.3.6).
std::vector<MailboxRenameRecord> Execution::renames_of(UserId user, const std::string& from,
                                                       const std::string& to) const {
  std::vector<MailboxRenameRecord> renames;
  if (!is_mailbox_name(from)) return renames;
  if (const auto id = find_mailbox_id(txn_, user, from)) renames.push_back({user, *id, {}, to});
  const Key prefix = name_key(user, from + '/');
  Cursor cursor(txn_, Table::mailbox_names);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    const std::string_view name = cursor.key().substr(sizeof(UserId));
    OctetReader id(cursor.value());
    renames.push_back({user, id.take<MailboxId>(), {}, to + std::string(name.substr(from.size()))});
  }
  return renames;
}

Execution::Result Execution::rename_inbox(UserId user, const MailboxInfo& inbox, const std::string& to) {
  MetadataChange copies{{user, std::nullopt, {}, annotations_of(user, inbox.id)}};
  const auto room = make_room(user, copies, 0);
  if (!room) return std::unexpected(room.error());
  if (const auto place = make_room_for(user, 1 + missing_parents(user, to)); !place)
    return std::unexpected(place.error());
  create_parents(user, to);
  const MailboxChanged created = create_mailbox(user, to, std::nullopt);
  const auto mailbox = find_mailbox(txn_, user, created.mailbox);
  if (!mailbox) return std::unexpected(StoreError::io);
  if (!copies.record.annotations.empty()) {
    copies.record.mailbox = created.mailbox;
    copies.record.modseq = next_modseq(user);
    emit(copies.record);
  }
  const ModSeq modseq = next_modseq(user);
  auto moved = arrivals(inbox, *mailbox, messages_of(user, inbox.id, {kAllUids}, kRenamedMessagesMax), modseq);
  assert(moved);  // a new mailbox learns all that INBOX knew
  if (moved->messages.empty()) return created;
  learn(user, mailbox->id, std::move(moved->keywords));
  emit(MoveRecord{user, inbox.id, mailbox->id, modseq, moved->result.source, std::move(moved->messages)});
  return created;
}

Execution::Result Execution::execute(UserId user, const SetSubscribed& operation) {
  const std::string name = canonical_name(operation.name);
  if (!is_mailbox_name(name)) return std::unexpected(StoreError::invalid_name);
  const bool subscribed = txn_.get(Table::subscriptions, name_key(user, name)).has_value();
  if (operation.subscribed && !subscribed && count_subscriptions(txn_, user) >= mailboxes_max_) {
    return std::unexpected(StoreError::too_many_mailboxes);
  }
  if (subscribed != operation.subscribed) {
    emit(SubscriptionRecord{user, next_modseq(user), operation.subscribed, name});
  }
  return Done{};
}

Execution::Result Execution::execute(UserId user, const SetSpecialUse& operation) {
  const auto mailbox = mailbox_named(user, operation.name);
  if (!mailbox) return std::unexpected(StoreError::no_such_mailbox);
  const MailboxChanged result{mailbox->id, mailbox->uid_validity};
  if (mailbox->special_use == operation.special_use) return result;
  if (operation.special_use && use_is_taken(user, *operation.special_use)) {
    return std::unexpected(StoreError::already_exists);
  }
  emit(SpecialUseRecord{user, mailbox->id, next_modseq(user), operation.special_use});
  return result;
}

// --- Users

Execution::Result Execution::execute(UserId, const CreateUser&) {
  return Done{};  // ensure_user() did it
}

Execution::Result Execution::execute(UserId user, const DeleteUser&) {
  if (!find_user(txn_, user)) return Done{};
  for (const MailboxId mailbox : mailboxes_in(Table::leftovers, user)) {
    emit(ClearRecord{user, mailbox, std::numeric_limits<std::uint32_t>::max()});
  }
  emit(UserDeleteRecord{user});
  return Done{};
}

Execution::Result Execution::execute(UserId user, const SetQuota& operation) {
  if (user_row(user).limits != operation.limits) emit(QuotaRecord{user, operation.limits});
  return Done{};
}

std::expected<void, StoreError> Execution::ensure_user(UserId user) {
  if (find_leftover(txn_, user, std::nullopt)) return std::unexpected(StoreError::no_such_mailbox);
  if (find_user(txn_, user) || txn_.failure() != 0) return {};
  if (const auto admitted = admit_(user); !admitted) return admitted;
  emit(UserCreateRecord{user});
  for (const mailbox::DefaultMailbox& mailbox : kDefaultMailboxes) {
    create_mailbox(user, mailbox.name, mailbox.special_use);
    emit(SubscriptionRecord{user, next_modseq(user), true, mailbox.name});
  }
  return {};
}

// --- Parts

void Execution::emit(const Record& record) {
  if (txn_.failure() != 0) return;  // what was found since is not to be believed
  const std::uint64_t body_offset = add_record(buffer_, record);
  const bool fitted = redo_.apply(record, buffer_.segment(), body_offset);
  if (!fitted || txn_.failure() != 0) txn_.fail(MDB_CORRUPTED);  // Redo's own failure stays the first
}

BlobId Execution::store_blob(const BlobHandle& handle) {
  const auto& written = handle->written_as();
  if (written && find_blob(txn_, *written)) return *written;
  const BlobId blob = redo_.next_blob();
  const std::string summary = encode_summary(handle->summary());
  emit(BlobRecord{blob, Codec::none, summary, handle->octets()});
  handle->note_written_as(blob);
  blobs_.push_back(handle);
  return blob;
}

std::expected<void, StoreError> Execution::make_room(UserId user, std::uint64_t messages,
                                                     std::uint64_t quota_octets, std::uint64_t log_octets) {
  if (const auto quota = check_quota(user, messages, quota_octets); !quota) return quota;
  return take_room(log_octets + messages * kNewRowsOctets);
}

std::expected<void, StoreError> Execution::check_quota(UserId user, std::uint64_t messages,
                                                       std::uint64_t octets) const {
  const UserRow row = user_row(user);
  if (row.limits.octets && row.used_octets + octets > *row.limits.octets) {
    return std::unexpected(StoreError::over_quota);
  }
  if (row.limits.messages && row.used_messages + messages > *row.limits.messages) {
    return std::unexpected(StoreError::over_quota);
  }
  return {};
}

std::expected<void, StoreError> Execution::take_room(std::uint64_t octets) {
  if (room_ < octets) return std::unexpected(StoreError::full);
  room_ -= octets;
  return {};
}

std::expected<Execution::Keywords, StoreError> Execution::keywords_of(const MailboxInfo& mailbox,
                                                                      const std::vector<std::string>& names) {
  Keywords keywords;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > kKeywordMaxOctets) return std::unexpected(StoreError::invalid_name);
    auto same = [&name](const std::string& other) { return iequals(name, other); };
    const auto known = std::ranges::find_if(mailbox.keywords, same);
    if (known != mailbox.keywords.end()) {
      keywords.bits.set(static_cast<std::size_t>(known - mailbox.keywords.begin()));
      continue;
    }
    if (std::ranges::any_of(keywords.unknown, same)) continue;
    const std::size_t position = mailbox.keywords.size() + keywords.unknown.size();
    if (position >= kKeywordsMax) return std::unexpected(StoreError::too_many_keywords);
    keywords.bits.set(position);
    keywords.unknown.push_back(name);
  }
  return keywords;
}

void Execution::learn(UserId user, MailboxId mailbox, Keywords keywords) {
  if (!keywords.unknown.empty()) emit(KeywordsRecord{user, mailbox, std::move(keywords.unknown)});
}

std::vector<Message> Execution::messages_of(UserId user, MailboxId mailbox, const UidSet& uids,
                                            std::size_t messages_max, UidRange within) const {
  std::vector<Message> messages;
  if (const auto leftover = find_leftover(txn_, user, mailbox)) {
    within.last = std::min(within.last, Uid{number(leftover->first) - 1});
  }
  messages.reserve(std::min({uids.size(), std::uint64_t{messages_max}, kMessagesExpectedMax}));
  const Key prefix = mailbox_key(user, mailbox);
  const auto ranges = uids.ranges();
  Cursor cursor(txn_, Table::hot_rows);
  for (auto range = std::ranges::lower_bound(ranges, within.first, {}, &UidRange::last);
       range != ranges.end() && range->first <= within.last; ++range) {
    const Uid last = std::min(range->last, within.last);
    bool there = cursor.seek(hot_key(user, mailbox, std::max(range->first, within.first)));
    for (; there && cursor.key().starts_with(prefix) && uid_of(cursor.key()) <= last; there = cursor.next()) {
      const auto message = decode_message_row(uid_of(cursor.key()), cursor.value());
      if (!message) {
        txn_.fail_as_damaged();
        return {};
      }
      if (messages.size() == messages_max) return messages;
      messages.push_back(*message);
    }
  }
  return messages;
}

std::expected<void, StoreError> Execution::check_uids(UserId user, const MailboxInfo& mailbox,
                                                      std::uint64_t messages) const {
  const std::uint64_t next = number(mailbox.uid_next);
  if (number(kAllUids.last) - next < messages) return std::unexpected(StoreError::full);
  const auto leftover = find_leftover(txn_, user, mailbox.id);
  if (leftover && number(leftover->first) - next < messages) return std::unexpected(StoreError::unavailable);
  return {};
}

std::expected<Execution::Arrivals, StoreError> Execution::arrivals(const MailboxInfo& from, const MailboxInfo& to,
                                                                   std::vector<Message> messages,
                                                                   ModSeq modseq) const {
  KeywordBits used;
  for (const Message& message : messages) used |= message.keywords;
  std::vector<std::string> names;
  std::vector<std::size_t> positions;  // in `from`, of each name
  for (std::size_t i = 0; i < from.keywords.size(); ++i) {
    if (!used.test(i)) continue;
    names.push_back(from.keywords[i]);
    positions.push_back(i);
  }
  auto keywords = keywords_of(to, names);
  if (!keywords) return std::unexpected(keywords.error());
  std::vector<KeywordBits> there(from.keywords.size());  // the bit in `to` for each position in `from`
  MailboxInfo learnt = to;
  learnt.keywords.insert(learnt.keywords.end(), keywords->unknown.begin(), keywords->unknown.end());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto one = keywords_of(learnt, {names[i]});
    assert(one && one->unknown.empty());
    there[positions[i]] = one->bits;
  }

  Arrivals result;
  result.keywords = std::move(*keywords);
  result.result.uid_validity = to.uid_validity;
  Uid uid = to.uid_next;
  for (Message& message : messages) {
    result.result.source.add(message.uid);
    result.result.destination.add(uid);
    const KeywordBits before = std::exchange(message.keywords, {});
    for (std::size_t i = 0; before.any() && i < there.size(); ++i) {
      if (before.test(i)) message.keywords |= there[i];
    }
    message.uid = uid;
    message.modseq = modseq;
    message.save_date = now_s();
    uid = next(uid);
  }
  result.messages = std::move(messages);
  return result;
}

/// UIDVALIDITY = max(now, the user's last + 1): never used before, for any of his mailboxes (RFC 9051 §2.3.1.1).
MailboxChanged Execution::create_mailbox(UserId user, const std::string& name, std::optional<SpecialUse> use) {
  const UserRow row = user_row(user);
  const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(now_s().time_since_epoch().count(), 1));
  const auto clock = static_cast<UidValidity>(static_cast<std::uint32_t>(seconds));
  const UidValidity uid_validity = std::max(clock, next(row.last_uid_validity));
  emit(MailboxCreateRecord{user, row.next_mailbox, next(row.modseq), uid_validity, name, use});
  return {row.next_mailbox, uid_validity};
}

void Execution::create_parents(UserId user, std::string_view name) {
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/', slash + 1)) {
    const std::string parent(name.substr(0, slash));
    if (!mailbox_named(user, parent)) create_mailbox(user, parent, std::nullopt);
  }
}

std::uint64_t Execution::missing_parents(UserId user, std::string_view name) const {
  std::uint64_t missing = 0;
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/', slash + 1)) {
    if (!mailbox_named(user, name.substr(0, slash))) ++missing;
  }
  return missing;
}

/// As many as the user ever made bound those that there are: who has not made too many need not be counted.
std::expected<void, StoreError> Execution::make_room_for(UserId user, std::uint64_t mailboxes) const {
  if (mailboxes == 0 || number(user_row(user).next_mailbox) - 1 + mailboxes <= mailboxes_max_) return {};
  if (count_mailboxes(user) + mailboxes <= mailboxes_max_) return {};
  return std::unexpected(StoreError::too_many_mailboxes);
}

std::uint64_t Execution::count_mailboxes(UserId user) const {
  std::uint64_t count = 0;
  const Key prefix = user_key(user);
  Cursor cursor(txn_, Table::mailboxes);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    if (++count > mailboxes_max_) break;
  }
  return count;
}

std::optional<MailboxInfo> Execution::mailbox_named(UserId user, std::string_view name) const {
  const std::string canonical = canonical_name(name);
  if (!is_mailbox_name(canonical)) return std::nullopt;
  const auto id = find_mailbox_id(txn_, user, canonical);
  return id ? find_mailbox(txn_, user, *id) : std::nullopt;
}

std::optional<MailboxInfo> Execution::mailbox_named_in_any_case(UserId user, std::string_view name) const {
  const Key prefix = user_key(user);
  Cursor cursor(txn_, Table::mailbox_names);
  bool there = is_mailbox_name(name) && cursor.seek(prefix);
  for (std::uint32_t looked_at = 0; there && looked_at < kNamesLookedAtMax; ++looked_at, there = cursor.next()) {
    const std::string_view key = cursor.key();
    if (!key.starts_with(prefix)) break;
    const auto known = key.substr(sizeof(UserId));
    if (known.size() == name.size() && iequals(known, name)) return mailbox_named(user, std::string{known});
  }
  return std::nullopt;
}

bool Execution::use_is_taken(UserId user, SpecialUse use) const {
  const Key prefix = user_key(user);
  Cursor cursor(txn_, Table::mailboxes);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    const auto mailbox = decode_mailbox(MailboxId{}, cursor.value());
    if (mailbox && mailbox->special_use == use) return true;
  }
  return false;
}

Day Execution::day(Time time) const {
  return static_cast<Day>(std::chrono::floor<std::chrono::days>(time).time_since_epoch().count());
}

}  // namespace posthaste::store
