#include "common/store/redo.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace posthaste::store {
namespace {

// Of a MailboxInfo, or a LeftoverRow.
template <typename Counters>
void count(Counters& counters, FlagSet flags, int by) {
  const auto step = static_cast<std::uint32_t>(by);  // modulo 2^32: adding -1 subtracts
  if (!flags.contains(SystemFlag::seen)) counters.unseen += step;
  if (flags.contains(SystemFlag::deleted)) counters.deleted += step;
}

template <typename Counters>
void count_in(Counters& counters, const Message& message) {
  ++counters.messages;
  counters.octets += message.octets;
  count(counters, message.flags, 1);
}

template <typename Counters>
void count_out(Counters& counters, const Message& message) {
  --counters.messages;
  counters.octets -= message.octets;
  count(counters, message.flags, -1);
}

std::uint32_t copies_of(std::string_view octets) {
  OctetReader reader(octets);
  return reader.take<std::uint32_t>();
}

std::string encode_copies(std::uint32_t copies) {
  std::string out;
  OctetWriter(out).put(copies);
  return out;
}

}  // namespace

Redo::Redo(WriteTxn& txn, journal::SegmentFiles& files, std::vector<DamagedBlob>* damaged)
    : txn_(txn), files_(files), damaged_(damaged) {
  if (const auto meta = find_meta(txn)) meta_ = *meta;
}

bool Redo::can_spare(const journal::RecordHeader& header) const {
  return damaged_ != nullptr && header.type == number(RecordType::blob);
}

bool Redo::apply(const journal::ScannedRecord& scanned, std::uint32_t segment) {
  if (!scanned.is_sound) {
    pass_over(scanned, segment);
    return true;
  }
  const auto record = decode_body(static_cast<RecordType>(scanned.header.type), scanned.body);
  return record && apply(*record, segment, scanned.body_offset);
}

bool Redo::apply(const Record& record, std::uint32_t segment, std::uint64_t body_offset) {
  place_ = {segment, body_offset};
  return std::visit([this](const auto& kind) { return redo(kind); }, record);
}

void Redo::pass_over(const journal::ScannedRecord& scanned, std::uint32_t segment) {
  BlobRow row;
  row.location.blob = meta_.next_blob;
  row.location.segment = segment;
  row.location.offset = scanned.body_offset + kBlobPrefixOctets;
  row.location.octets = scanned.body.size() - std::min<std::uint64_t>(scanned.body.size(), kBlobPrefixOctets);
  put_blob(row, {});
  damaged_->push_back({row.location.blob, segment, scanned.body_offset});
}

void Redo::enter_segment(const journal::SegmentHeader& header) {
  meta_.next_blob = std::max(meta_.next_blob, BlobId{header.next_id});
}

void Redo::reached(const journal::LogPosition& tail) {
  meta_.tail = tail;
  segments_.reached(tail);
}

void Redo::finish() {
  segments_.put_into(txn_, Table::segments);
  txn_.put(Table::meta, meta_key(), encode(meta_));
}

void Redo::take_back(const Counted& counted) {
  meta_.next_blob = counted.next_blob;
  segments_.take_back(counted.live_octets);
  changes_.resize(counted.changes);
}

// --- Messages

bool Redo::redo(const BlobRecord& record) {
  BlobRow row;
  row.location.blob = record.blob;
  row.location.segment = place_.segment;
  row.location.summary_octets = static_cast<std::uint32_t>(record.summary.size());
  row.location.offset = place_.body_offset + kBlobPrefixOctets + record.summary.size();
  row.location.octets = record.octets.size();
  row.location.codec = record.codec;
  put_blob(row, record.summary);
  return true;
}

void Redo::put_blob(const BlobRow& row, std::string_view summary) {
  const BlobId blob = row.location.blob;
  txn_.put(Table::blobs, blob_key(blob), encode(row));
  meta_.next_blob = std::max(meta_.next_blob, next(blob));
  segments_.count_live(row.location.segment, static_cast<std::int64_t>(record_octets(row.location)));
  fresh_summaries_.insert_or_assign(blob,
                                    summary.size() <= kColdRowMaxOctets ? std::string(summary) : std::string());
}

bool Redo::redo(const LinkRecord& record) {
  auto user = find_user(txn_, record.user);
  auto mailbox = find_mailbox(txn_, record.user, record.mailbox);
  if (!user || !mailbox || !add_messages(record.user, *mailbox, record.messages)) return false;
  for (const Message& message : record.messages) {
    if (!add_reference(record.user, message.blob)) return false;
    user->used_octets += message.octets;
    ++user->used_messages;
  }
  changed(record.user, *user, *mailbox, record.modseq);
  return true;
}

bool Redo::redo(const FlagsRecord& record) {
  auto user = find_user(txn_, record.user);
  auto mailbox = find_mailbox(txn_, record.user, record.mailbox);
  if (!user || !mailbox) return false;
  WriteCursor cursor(txn_, Table::hot_rows);
  std::string row;
  for (const UidRange& range : record.uids.ranges()) {
    bool there = cursor.seek(hot_key(record.user, record.mailbox, range.first));
    for (std::uint64_t uid = number(range.first); uid <= number(range.last); ++uid, there = cursor.next()) {
      const Key key = hot_key(record.user, record.mailbox, static_cast<Uid>(uid));
      if (!there || cursor.key() != std::string_view(key)) return false;
      auto message = decode_message_row(static_cast<Uid>(uid), cursor.value());
      if (!message) return false;
      count(*mailbox, message->flags, -1);
      switch (record.mode) {
        case FlagMode::add:
          message->flags = message->flags.with(record.flags);
          message->keywords |= record.keywords;
          break;
        case FlagMode::remove:
          message->flags = message->flags.without(record.flags);
          message->keywords &= ~record.keywords;
          break;
        case FlagMode::replace:
          message->flags = record.flags;
          message->keywords = record.keywords;
          break;
      }
      message->modseq = record.modseq;
      count(*mailbox, message->flags, 1);
      row.clear();
      encode_message_row(*message, row);
      cursor.replace(row);
    }
  }
  changed(record.user, *user, *mailbox, record.modseq);
  return true;
}

bool Redo::redo(const ExpungeRecord& record) {
  auto user = find_user(txn_, record.user);
  auto mailbox = find_mailbox(txn_, record.user, record.mailbox);
  std::vector<Message> gone;
  if (!user || !mailbox || !take_messages(record.user, *mailbox, record.uids, gone)) return false;
  for (const Message& message : gone) {
    drop_reference(record.user, message.blob);
    user->used_octets -= message.octets;
    --user->used_messages;
  }
  put_vanished(record.user, record.mailbox, record.modseq, record.uids);
  changed(record.user, *user, *mailbox, record.modseq);
  return true;
}

/// The user has the messages before and after: references, quota and cold rows stay as they are.
bool Redo::redo(const MoveRecord& record) {
  auto user = find_user(txn_, record.user);
  auto from = find_mailbox(txn_, record.user, record.from);
  std::vector<Message> gone;
  if (!user || !from || !take_messages(record.user, *from, record.source, gone)) return false;
  put_vanished(record.user, record.from, record.modseq, record.source);
  changed(record.user, *user, *from, record.modseq);

  auto to = find_mailbox(txn_, record.user, record.to);  // may be the same
  if (!to || !add_messages(record.user, *to, record.messages)) return false;
  changed(record.user, *user, *to, record.modseq);
  return true;
}

bool Redo::redo(const KeywordsRecord& record) {
  auto mailbox = find_mailbox(txn_, record.user, record.mailbox);
  if (!mailbox || mailbox->keywords.size() + record.names.size() > kKeywordsMax) return false;
  mailbox->keywords.insert(mailbox->keywords.end(), record.names.begin(), record.names.end());
  put_mailbox(record.user, *mailbox);
  return true;
}

// --- Mailboxes

bool Redo::redo(const MailboxCreateRecord& record) {
  auto user = find_user(txn_, record.user);
  if (!user) return false;
  MailboxInfo mailbox;
  mailbox.id = record.mailbox;
  mailbox.name = record.name;
  mailbox.uid_validity = record.uid_validity;
  mailbox.uid_next = Uid{1};
  mailbox.special_use = record.special_use;
  std::string id;
  OctetWriter(id).put(record.mailbox);
  txn_.put(Table::mailbox_names, name_key(record.user, record.name), id);
  user->last_uid_validity = std::max(user->last_uid_validity, record.uid_validity);
  user->next_mailbox = std::max(user->next_mailbox, next(record.mailbox));
  changed(record.user, *user, mailbox, record.modseq);
  return true;
}

bool Redo::redo(const MailboxRenameRecord& record) {
  auto user = find_user(txn_, record.user);
  auto mailbox = find_mailbox(txn_, record.user, record.mailbox);
  if (!user || !mailbox) return false;
  std::string id;
  OctetWriter(id).put(record.mailbox);
  txn_.erase(Table::mailbox_names, name_key(record.user, mailbox->name));
  txn_.put(Table::mailbox_names, name_key(record.user, record.name), id);
  mailbox->name = record.name;
  changed(record.user, *user, *mailbox, record.modseq);
  return true;
}

bool Redo::redo(const MailboxDeleteRecord& record) {
  auto user = find_user(txn_, record.user);
  const auto mailbox = find_mailbox(txn_, record.user, record.mailbox);
  if (!user || !mailbox || find_leftover(txn_, record.user, record.mailbox)) return false;
  erase_mailbox(record.user, *user, *mailbox);
  user->modseq = record.modseq;
  put_user(record.user, *user);
  changes_.push_back({record.user, record.mailbox, record.modseq});
  return true;
}

bool Redo::redo(const SpecialUseRecord& record) {
  auto user = find_user(txn_, record.user);
  auto mailbox = find_mailbox(txn_, record.user, record.mailbox);
  if (!user || !mailbox) return false;
  mailbox->special_use = record.special_use;
  changed(record.user, *user, *mailbox, record.modseq);
  return true;
}

bool Redo::redo(const SubscriptionRecord& record) {
  auto user = find_user(txn_, record.user);
  if (!user) return false;
  const Key key = name_key(record.user, record.name);
  const bool was_subscribed = txn_.get(Table::subscriptions, key).has_value();
  if (was_subscribed != record.subscribed) {
    const std::uint32_t before = count_subscriptions(txn_, record.user);
    const std::uint32_t now = record.subscribed ? before + 1 : before - 1;
    txn_.put(Table::subscriptions, user_key(record.user), encode_subscription_count(now));
  }
  if (record.subscribed)
    txn_.put(Table::subscriptions, key, {});
  else
    txn_.erase(Table::subscriptions, key);
  user->modseq = record.modseq;
  put_user(record.user, *user);
  changes_.push_back({record.user, kNoMailbox, record.modseq});
  return true;
}

// --- Users

bool Redo::redo(const UserCreateRecord& record) {
  if (find_user(txn_, record.user)) return false;
  put_user(record.user, UserRow{});
  return true;
}

bool Redo::redo(const UserDeleteRecord& record) {
  auto user = find_user(txn_, record.user);
  if (!user || has_leftovers(record.user)) return false;
  const Key prefix = user_key(record.user);
  std::vector<MailboxInfo> mailboxes;
  {
    Cursor cursor(txn_, Table::mailboxes);
    for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
      std::string_view id = cursor.key().substr(sizeof(UserId));
      auto mailbox = decode_mailbox(take_key_part<MailboxId>(id), cursor.value());
      if (!mailbox) return false;
      mailboxes.push_back(std::move(*mailbox));
    }
  }
  for (const MailboxInfo& mailbox : mailboxes) {
    erase_mailbox(record.user, *user, mailbox);
    changes_.push_back({record.user, mailbox.id, next(user->modseq)});
  }
  erase_rows(Table::subscriptions, prefix);
  erase_rows(Table::idempotency, prefix);
  erase_rows(Table::metadata, prefix);
  erase_rows(Table::leftovers, prefix);
  txn_.erase(Table::users, prefix);
  return true;
}

bool Redo::redo(const QuotaRecord& record) {
  auto user = find_user(txn_, record.user);
  if (!user) return false;
  user->limits = record.limits;
  put_user(record.user, *user);
  return true;
}

// --- What was answered

bool Redo::redo(const DeliveryRecord& record) {
  std::string result;
  encode_delivered(record.result, result);
  remember(Table::deliveries, Remembered::delivery, delivery_key(record.delivery), {record.expires, result});
  return true;
}

bool Redo::redo(const AppliedRecord& record) {
  std::string result;
  encode_result(record.result, result);
  const Key key = idempotency_key(record.user, record.key);
  remember(Table::idempotency, Remembered::idempotency, key, {record.expires, result});
  return true;
}

void Redo::remember(Table table, Remembered what, std::string_view key, const RememberedRow& row) {
  txn_.put(table, key, encode(row));
  txn_.put(Table::expiries, expiry_key(row.expires, what, key), {});
}

bool Redo::redo(const ExpireRecord& record) {
  WriteCursor cursor(txn_, Table::expiries);
  bool there = cursor.seek(Key().add(Day{}));
  for (std::uint32_t i = 0; i < record.rows_max && there; ++i, there = cursor.next()) {
    std::string_view key = cursor.key();
    const auto day = take_key_part<Day>(key);
    if (day >= record.day) break;
    const auto what = take_key_part<Remembered>(key);
    const Table table = what == Remembered::delivery ? Table::deliveries : Table::idempotency;
    // The same key may have come again after its user was deleted; then it stays until its own day.
    const auto octets = txn_.get(table, key);
    const auto row = octets ? decode_remembered(*octets) : std::nullopt;
    const std::string owned(key);
    cursor.erase();
    if (row && row->expires == day) txn_.erase(table, owned);
  }
  return true;
}

// --- Annotations

bool Redo::redo(const MetadataRecord& record) {
  auto user = find_user(txn_, record.user);
  if (!user || (record.mailbox && !find_mailbox(txn_, record.user, *record.mailbox))) return false;
  MetadataTally tally = find_metadata_tally(txn_, record.user).value_or(MetadataTally{});
  for (const Annotation& annotation : record.annotations) {
    const Key key = annotation_key(record.user, record.mailbox, annotation.entry);
    if (const auto before = find_annotation(txn_, key)) {
      --tally.annotations;
      tally.octets -= annotation.entry.size() + before->value.size();
    }
    if (!annotation.value) {
      txn_.erase(Table::metadata, key);
      continue;
    }
    ++tally.annotations;
    tally.octets += annotation.entry.size() + annotation.value->size();
    txn_.put(Table::metadata, key, encode(AnnotationRow{record.modseq, *annotation.value}));
  }
  tally.modseq = record.modseq;
  txn_.put(Table::metadata, user_key(record.user), encode(tally));
  user->modseq = record.modseq;
  put_user(record.user, *user);
  changes_.push_back({record.user, record.mailbox.value_or(kNoMailbox), record.modseq});
  return true;
}

bool Redo::redo(const ObjectKeyRecord& record) {
  if (!find_object_key(txn_)) txn_.put(Table::meta, object_key_key(), encode(record.key));
  return true;
}

// --- What is left over

bool Redo::redo(const MailboxBuryRecord& record) {
  auto user = find_user(txn_, record.user);
  const auto mailbox = find_mailbox(txn_, record.user, record.mailbox);
  if (!user || !mailbox) return false;
  LeftoverRow row = find_leftover(txn_, record.user, record.mailbox).value_or(LeftoverRow{});
  row.kind = LeftoverRow::Kind::buried;
  row.first = Uid{1};
  row.next = std::max(row.next, mailbox->uid_next);
  row.modseq = record.modseq;
  row.messages += mailbox->messages;
  row.unseen += mailbox->unseen;
  row.deleted += mailbox->deleted;
  row.octets += mailbox->octets;
  txn_.put(Table::leftovers, leftover_key(record.user, record.mailbox), encode(row));
  user->used_octets -= mailbox->octets;
  user->used_messages -= mailbox->messages;
  erase_annotations(record.user, record.mailbox);
  txn_.erase(Table::mailbox_names, name_key(record.user, mailbox->name));
  txn_.erase(Table::mailboxes, mailbox_key(record.user, record.mailbox));
  user->modseq = record.modseq;
  put_user(record.user, *user);
  changes_.push_back({record.user, record.mailbox, record.modseq});
  return true;
}

bool Redo::redo(const CopyStageRecord& record) {
  const auto mailbox = find_mailbox(txn_, record.user, record.mailbox);
  if (!mailbox || record.messages.empty()) return false;
  const Uid first = record.messages.front().uid;
  LeftoverRow row = find_leftover(txn_, record.user, record.mailbox)
                        .value_or(LeftoverRow{LeftoverRow::Kind::staged, first, first, record.modseq});
  const bool fits =
      row.kind == LeftoverRow::Kind::staged && row.modseq == record.modseq && first >= mailbox->uid_next;
  if (!fits) return false;
  for (const Message& message : record.messages) {
    if (message.uid < row.next || !add_reference(record.user, message.blob)) return false;
    row.next = next(message.uid);
    put_hot_row(record.user, record.mailbox, message);
    count_in(row, message);
  }
  txn_.put(Table::leftovers, leftover_key(record.user, record.mailbox), encode(row));
  return true;
}

/// The UIDs that were kept for what might come meanwhile, and were not needed, count as vanished.
bool Redo::redo(const CopyFinishRecord& record) {
  auto user = find_user(txn_, record.user);
  auto mailbox = find_mailbox(txn_, record.user, record.mailbox);
  const auto row = find_leftover(txn_, record.user, record.mailbox);
  if (!user || !mailbox || !row || row->kind != LeftoverRow::Kind::staged) return false;
  if (row->first < mailbox->uid_next || row->modseq <= user->modseq) return false;
  if (row->first > mailbox->uid_next) {
    const UidRange kept{mailbox->uid_next, Uid{number(row->first) - 1}};
    put_vanished(record.user, record.mailbox, row->modseq, {kept});
  }
  mailbox->uid_next = row->next;
  mailbox->messages += row->messages;
  mailbox->unseen += row->unseen;
  mailbox->deleted += row->deleted;
  mailbox->octets += row->octets;
  user->used_octets += row->octets;
  user->used_messages += row->messages;
  txn_.erase(Table::leftovers, leftover_key(record.user, record.mailbox));
  changed(record.user, *user, *mailbox, row->modseq);
  return true;
}

bool Redo::redo(const ClearRecord& record) {
  const Key key = leftover_key(record.user, record.mailbox);
  if (!record.mailbox) {
    if (!find_user(txn_, record.user)) return false;
    LeftoverRow row;
    row.kind = LeftoverRow::Kind::user;
    txn_.put(Table::leftovers, key, encode(row));
    const std::uint32_t left = erase_some(Table::subscriptions, user_key(record.user), record.rows_max);
    erase_some(Table::idempotency, user_key(record.user), left);
    return true;
  }
  auto row = find_leftover(txn_, record.user, record.mailbox);
  if (!row || row->kind == LeftoverRow::Kind::user) return false;
  if (row->kind == LeftoverRow::Kind::staged) row->kind = LeftoverRow::Kind::given_up;
  std::uint32_t left = clear_messages(record.user, *record.mailbox, *row, record.rows_max);
  if (row->kind == LeftoverRow::Kind::buried) left = erase_some(Table::vanished, key, left);
  if (left == 0)
    txn_.put(Table::leftovers, key, encode(*row));
  else
    txn_.erase(Table::leftovers, key);
  return true;
}

std::uint32_t Redo::clear_messages(UserId user, MailboxId mailbox, LeftoverRow& row, std::uint32_t rows_max) {
  const Key prefix = mailbox_key(user, mailbox);
  WriteCursor cursor(txn_, Table::hot_rows);
  bool there = cursor.seek(hot_key(user, mailbox, row.first));
  for (; there && rows_max > 0 && cursor.key().starts_with(prefix); there = cursor.next(), --rows_max) {
    const auto message = decode_message_row(uid_of(cursor.key()), cursor.value());
    cursor.erase();
    if (!message) continue;
    count_out(row, *message);
    drop_reference(user, message->blob, Damage::passed_over);
  }
  return rows_max;
}

bool Redo::has_leftovers(UserId user) const {
  Cursor cursor(txn_, Table::leftovers);
  return cursor.seek(leftover_key(user, next(kNoMailbox))) &&
         cursor.key().starts_with(std::string_view(user_key(user)));
}

// --- Parts

void Redo::put_user(UserId id, const UserRow& user) { txn_.put(Table::users, user_key(id), encode(user)); }

void Redo::put_mailbox(UserId user, const MailboxInfo& mailbox) {
  txn_.put(Table::mailboxes, mailbox_key(user, mailbox.id), encode(mailbox));
}

void Redo::changed(UserId user, UserRow& user_row, MailboxInfo& mailbox, ModSeq modseq) {
  user_row.modseq = std::max(user_row.modseq, modseq);
  mailbox.highest_modseq = std::max(mailbox.highest_modseq, modseq);
  put_user(user, user_row);
  put_mailbox(user, mailbox);
  changes_.push_back({user, mailbox.id, modseq});
}

void Redo::put_hot_row(UserId user, MailboxId mailbox, const Message& message) {
  std::string row;
  encode_message_row(message, row);
  txn_.put(Table::hot_rows, hot_key(user, mailbox, message.uid), row);
}

bool Redo::add_messages(UserId user, MailboxInfo& mailbox, const std::vector<Message>& messages) {
  for (const Message& message : messages) {
    if (message.uid < mailbox.uid_next) return false;  // no UID twice
    mailbox.uid_next = next(message.uid);
    put_hot_row(user, mailbox.id, message);
    count_in(mailbox, message);
  }
  return true;
}

bool Redo::take_messages(UserId user, MailboxInfo& mailbox, const UidSet& uids, std::vector<Message>& taken) {
  WriteCursor cursor(txn_, Table::hot_rows);
  for (const UidRange& range : uids.ranges()) {
    bool there = cursor.seek(hot_key(user, mailbox.id, range.first));
    for (std::uint64_t uid = number(range.first); uid <= number(range.last); ++uid, there = cursor.next()) {
      const Key key = hot_key(user, mailbox.id, static_cast<Uid>(uid));
      if (!there || cursor.key() != std::string_view(key)) return false;
      const auto message = decode_message_row(static_cast<Uid>(uid), cursor.value());
      if (!message) return false;
      count_out(mailbox, *message);
      taken.push_back(*message);
      cursor.erase();
    }
  }
  return true;
}

void Redo::put_vanished(UserId user, MailboxId mailbox, ModSeq modseq, const UidSet& uids) {
  std::string row;
  encode_uids(uids, row);
  txn_.put(Table::vanished, vanished_key(user, mailbox, modseq), row);
}

void Redo::erase_mailbox(UserId user, UserRow& user_row, const MailboxInfo& mailbox) {
  const Key prefix = mailbox_key(user, mailbox.id);
  {
    WriteCursor cursor(txn_, Table::hot_rows);
    for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
      const auto message = decode_message_row(uid_of(cursor.key()), cursor.value());
      if (!message) return txn_.fail_as_damaged();
      cursor.erase();
      drop_reference(user, message->blob);
      user_row.used_octets -= message->octets;
      --user_row.used_messages;
    }
  }
  erase_annotations(user, mailbox.id);
  erase_rows(Table::vanished, prefix);
  txn_.erase(Table::mailbox_names, name_key(user, mailbox.name));
  txn_.erase(Table::mailboxes, prefix);
}

void Redo::erase_annotations(UserId user, MailboxId mailbox) {
  auto tally = find_metadata_tally(txn_, user);
  if (!tally) return;
  const Key prefix = metadata_key(user, mailbox);
  {
    WriteCursor cursor(txn_, Table::metadata);
    for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
      const auto row = decode_annotation(cursor.value());
      if (!row) return txn_.fail_as_damaged();
      --tally->annotations;
      tally->octets -= cursor.key().size() - std::string_view(prefix).size() + row->value.size();
      cursor.erase();
    }
  }
  txn_.put(Table::metadata, user_key(user), encode(*tally));
}

std::uint32_t Redo::erase_some(Table table, std::string_view prefix, std::uint32_t rows_max) {
  WriteCursor cursor(txn_, table);
  bool there = cursor.seek(prefix);
  for (; there && rows_max > 0 && cursor.key().starts_with(prefix); there = cursor.next(), --rows_max)
    cursor.erase();
  return rows_max;
}

void Redo::erase_rows(Table table, std::string_view prefix) {
  WriteCursor cursor(txn_, table);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    cursor.erase();
  }
}

// --- References: a blob counts its users, a user's cold row stands for the first of his links, the row in `copies`
// for those beyond it. So COPY writes no cold row, and MOVE nothing at all.

bool Redo::add_reference(UserId user, BlobId blob) {
  const Key key = user_blob_key(user, blob);
  if (txn_.get(Table::cold_rows, key)) {
    const auto copies = txn_.get(Table::copies, key);
    txn_.put(Table::copies, key, encode_copies((copies ? copies_of(*copies) : 0) + 1));
    return true;
  }
  auto row = find_blob(txn_, blob);
  if (!row) return false;
  const auto summary = cold_row(row->location);
  if (!summary) return false;
  txn_.put(Table::cold_rows, key, *summary);
  ++row->references;
  txn_.put(Table::blobs, blob_key(blob), encode(*row));
  return true;
}

void Redo::drop_reference(UserId user, BlobId blob, Damage damage) {
  const Key key = user_blob_key(user, blob);
  if (const auto copies = txn_.get(Table::copies, key)) {
    const std::uint32_t left = copies_of(*copies) - 1;
    if (left == 0)
      txn_.erase(Table::copies, key);
    else
      txn_.put(Table::copies, key, encode_copies(left));
    return;
  }
  txn_.erase(Table::cold_rows, key);
  const auto octets = txn_.get(Table::blobs, blob_key(blob));
  auto row = octets ? decode_blob(blob, *octets) : std::nullopt;
  if (!row || row->references == 0) {
    if (damage == Damage::fails) txn_.fail_as_damaged();
    return;
  }
  if (--row->references > 0) return txn_.put(Table::blobs, blob_key(blob), encode(*row));
  txn_.erase(Table::blobs, blob_key(blob));
  segments_.count_live(row->location.segment, -static_cast<std::int64_t>(record_octets(row->location)));
}

/// The encoded summary, or nothing in it when it is too long for a row.
std::optional<std::string> Redo::cold_row(const BlobLocation& location) {
  if (const auto fresh = fresh_summaries_.find(location.blob); fresh != fresh_summaries_.end())
    return fresh->second;
  if (location.summary_octets > kColdRowMaxOctets) return std::string();
  auto read = files_.read(location.segment, location.offset - location.summary_octets, location.summary_octets);
  if (read) return std::move(*read);
  if (read.error() == journal::SegmentFiles::Failure::unavailable)
    txn_.fail(EMFILE);  // nothing is wrong with the log
  return std::nullopt;
}

}  // namespace posthaste::store
