#include "common/store/snapshot.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "common/mailbox/email_ids.h"
#include "common/store/blobs.h"
#include "common/store/index.h"
#include "common/store/rows.h"

namespace posthaste::store {
namespace {

constexpr std::size_t kGoneMax = 10'000;  // mailboxes; with more, what was deleted is not told
constexpr std::uint64_t kShortSummaryMaxOctets = 262'144;
constexpr std::uint64_t kHeaderCacheOctets = 16'384 + 64;  // and what lies before it in a summary
constexpr std::uint64_t kAllOfIt = std::numeric_limits<std::uint64_t>::max();

/// What was found, or why it was not.
template <typename Row>
std::expected<Row, StoreError> found_or(const View& view, std::optional<Row> row, StoreError otherwise) {
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  if (!row) return std::unexpected(otherwise);
  return std::move(*row);
}

std::expected<void, StoreError> walk_annotations(
    const View& view, std::string_view prefix, std::string_view first,
    const std::function<bool(const mailbox::AnnotationView&)>& annotation) {
  Cursor cursor(view, Table::metadata);
  for (bool there = cursor.seek(first); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    std::string_view entry = cursor.key().substr(sizeof(UserId));
    const auto mailbox = take_key_part<MailboxId>(entry);
    const auto row = decode_annotation(cursor.value());
    if (!row) return std::unexpected(StoreError::io);
    const auto of = mailbox == kNoMailbox ? std::nullopt : std::optional(mailbox);
    if (!annotation({of, entry, row->modseq, row->value})) return {};
  }
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  return {};
}

/// Fetches the front of a summary into the cache.
void prefetch(std::string_view row) {
  constexpr std::size_t kFrontOctets = 512;
  constexpr std::size_t kLineOctets = 64;
  for (std::size_t at = 0; at < std::min(row.size(), kFrontOctets); at += kLineOctets) {
    __builtin_prefetch(row.data() + at);
  }
}

/// What of `range` is there for readers: not what is left over in the mailbox, or on its way into it.
UidRange shown(const View& view, UserId user, MailboxId mailbox, UidRange range) {
  if (const auto leftover = find_leftover(view, user, mailbox)) {
    range.last = std::min(range.last, Uid{number(leftover->first) - 1});
  }
  return range;
}

/// Every UID there ever was, but for those on the record of what vanished: the messages that are there, when the
/// record is whole and short enough to be read.
UidSet uids_kept(const View& view, std::string_view prefix, const MailboxInfo& mailbox) {
  constexpr std::uint32_t kMessagesForAnExpunge = 4;  // as dear to read as this many rows of messages
  std::vector<UidRange> vanished;
  std::uint32_t expunges_left = mailbox.messages / kMessagesForAnExpunge;
  Cursor cursor(view, Table::vanished);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    const auto uids = decode_uids(cursor.value());
    if (!uids || expunges_left-- == 0) return {};
    vanished.insert(vanished.end(), uids->ranges().begin(), uids->ranges().end());
  }
  const UidSet gone_ever(std::move(vanished));
  UidSet kept;
  std::uint32_t from = 1;
  for (const UidRange& gone : gone_ever.ranges()) {
    kept.add(UidRange{Uid{from}, Uid{number(gone.first) - 1}});
    from = number(gone.last) + 1;
  }
  kept.add(UidRange{Uid{from}, Uid{number(mailbox.uid_next) - 1}});
  return kept;
}

/// What lies in the user's deleted mailboxes still.
void add_buried(const View& view, UserId user, UserInfo& info) {
  const Key prefix = user_key(user);
  Cursor cursor(view, Table::leftovers);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    const auto row = decode_leftover(cursor.value());
    if (!row || row->kind != LeftoverRow::Kind::buried) continue;
    info.used_messages += row->messages;
    info.used_octets += row->octets;
  }
}

/// The key behind the last of a range.
Key end_of(UserId user, MailboxId mailbox, UidRange range) {
  return range.last == kAllUids.last ? mailbox_key(user, next(mailbox)) : hot_key(user, mailbox, next(range.last));
}

/// Hands over rows some at a time.
class HandOver {
 public:
  explicit HandOver(const mailbox::UserView::Rows& rows) : rows_(rows) {}
  /// False when enough was handed over; also all().
  bool add(const Message& message) {
    waiting_[count_++] = message;
    return count_ < waiting_.size() || all();
  }
  bool all() {
    const std::size_t count = std::exchange(count_, 0);
    return count == 0 || rows_(std::span(waiting_).first(count));
  }

 private:
  const mailbox::UserView::Rows& rows_;
  std::array<Message, 32> waiting_;
  std::size_t count_ = 0;
};

}  // namespace

/// Finds rows of a table: soonest the one that follows the last, which is on its way from memory while that is
/// read.
class SnapshotView::Walk {
 public:
  Walk(const Environment& environment, MDB_txn* txn, Table table)
      : view_(environment, txn), cursor_(view_, table) {}

  /// The row, or nothing; then the view tells whether something failed.
  std::optional<std::string_view> find(std::string_view key) {
    if (found_ && key == found_key_) return found_;
    const bool there = (is_ahead_ && cursor_.key() == key) || cursor_.find(key);
    found_ = there ? std::optional(cursor_.value()) : std::nullopt;
    found_key_ = key;
    is_ahead_ = there && cursor_.next();
    if (is_ahead_) prefetch(cursor_.value());
    return found_;
  }
  [[nodiscard]] const View& view() const { return view_; }

 private:
  const View view_;
  Cursor cursor_;  // on the row behind the one found last, when it is_ahead_
  bool is_ahead_ = false;
  std::string found_key_;
  std::optional<std::string_view> found_;
};

struct SnapshotView::Walks {
  Walks(const Environment& environment, MDB_txn* txn)
      : cold_rows(environment, txn, Table::cold_rows), blobs(environment, txn, Table::blobs) {}

  std::expected<std::string_view, StoreError> read_summary(const SnapshotView& view, BlobId blob,
                                                           std::uint64_t octets_max, std::uint64_t octets);

  Walk cold_rows;
  Walk blobs;
  std::deque<std::string> from_segments;  // the summaries found last that were too long for the table
};

SnapshotView::SnapshotView(std::shared_ptr<Environment> environment, std::shared_ptr<Blobs> blobs, MDB_txn* txn,
                           UserId user)
    : environment_(std::move(environment)), blobs_(std::move(blobs)), txn_(txn), user_(user) {}

SnapshotView::~SnapshotView() {
  walks_.reset();
  environment_->end_read(txn_);
}

std::expected<std::optional<UserInfo>, StoreError> SnapshotView::user() const {
  const View view(*environment_, txn_);
  const auto row = find_user(view, user_);
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  if (!row) return std::nullopt;
  UserInfo info{row->modseq, row->used_octets, row->used_messages, row->limits};
  if (find_leftover(view, user_, std::nullopt)) add_buried(view, user_, info);
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  return info;
}

std::expected<mailbox::EmailIds, StoreError> SnapshotView::email_ids() const {
  const View view(*environment_, txn_);
  const auto key = found_or(view, find_object_key(view), StoreError::unavailable);
  if (!key) return std::unexpected(key.error());
  return mailbox::EmailIds(*key, user_);
}

std::expected<MailboxInfo, StoreError> SnapshotView::mailbox(MailboxId id) const {
  const View view(*environment_, txn_);
  return found_or(view, find_mailbox(view, user_, id), StoreError::no_such_mailbox);
}

std::expected<MailboxInfo, StoreError> SnapshotView::mailbox(std::string_view name) const {
  const View view(*environment_, txn_);
  const std::string canonical = canonical_name(name);
  if (!is_mailbox_name(canonical)) return std::unexpected(StoreError::no_such_mailbox);
  const auto id = find_mailbox_id(view, user_, canonical);
  if (!id) return found_or(view, std::optional<MailboxInfo>(), StoreError::no_such_mailbox);
  return found_or(view, find_mailbox(view, user_, *id), StoreError::io);
}

std::expected<std::vector<MailboxInfo>, StoreError> SnapshotView::mailboxes() const {
  const View view(*environment_, txn_);
  const Key prefix = user_key(user_);
  std::vector<MailboxInfo> mailboxes;
  Cursor cursor(view, Table::mailbox_names);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    OctetReader id(cursor.value());
    auto mailbox = find_mailbox(view, user_, id.take<MailboxId>());
    if (!mailbox) return std::unexpected(StoreError::io);
    mailboxes.push_back(std::move(*mailbox));
  }
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  return mailboxes;
}

std::expected<std::vector<mailbox::MailboxName>, StoreError> SnapshotView::mailbox_names() const {
  const View view(*environment_, txn_);
  const Key prefix = user_key(user_);
  std::vector<mailbox::MailboxName> names;
  Cursor cursor(view, Table::mailbox_names);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    OctetReader id(cursor.value());
    names.push_back({id.take<MailboxId>(), std::string(cursor.key().substr(sizeof(UserId)))});
  }
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  return names;
}

std::expected<bool, StoreError> SnapshotView::has_mailbox_below(std::string_view name) const {
  const View view(*environment_, txn_);
  const Key prefix = name_key(user_, name).add_octets("/");
  Cursor cursor(view, Table::mailbox_names);
  const bool there = cursor.seek(prefix) && cursor.key().starts_with(prefix);
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  return there;
}

std::expected<bool, StoreError> SnapshotView::is_subscribed(std::string_view name) const {
  const View view(*environment_, txn_);
  const bool subscribed = view.get(Table::subscriptions, name_key(user_, name)).has_value();
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  return subscribed;
}

std::expected<std::vector<std::string>, StoreError> SnapshotView::subscriptions() const {
  const View view(*environment_, txn_);
  const Key prefix = user_key(user_);
  std::vector<std::string> names;
  Cursor cursor(view, Table::subscriptions);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    const std::string_view name = cursor.key().substr(sizeof(UserId));
    if (!name.empty()) names.emplace_back(name);  // without one, it is their count
  }
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  return names;
}

std::expected<ModSeq, StoreError> SnapshotView::metadata_modseq() const {
  const View view(*environment_, txn_);
  const auto tally = find_metadata_tally(view, user_);
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  return tally ? tally->modseq : ModSeq{};
}

std::expected<void, StoreError> SnapshotView::scan_metadata(
    std::optional<MailboxId> mailbox, std::string_view from,
    const std::function<bool(const mailbox::AnnotationView&)>& annotation) const {
  return walk_annotations(View(*environment_, txn_), metadata_key(user_, mailbox),
                          annotation_key(user_, mailbox, from), annotation);
}

std::expected<void, StoreError> SnapshotView::scan_all_metadata(
    const std::function<void(const mailbox::AnnotationView&)>& annotation) const {
  const auto each = [&annotation](const mailbox::AnnotationView& one) {
    annotation(one);
    return true;
  };
  return walk_annotations(View(*environment_, txn_), user_key(user_), metadata_key(user_, std::nullopt), each);
}

std::expected<Message, StoreError> SnapshotView::message(MailboxId mailbox, Uid uid) const {
  const View view(*environment_, txn_);
  const auto row = view.get(Table::hot_rows, hot_key(user_, mailbox, uid));
  const bool there = row && shown(view, user_, mailbox, {uid, uid}).last == uid;
  if (!there) return found_or(view, std::optional<Message>(), StoreError::no_such_message);
  return found_or(view, decode_message_row(uid, *row), StoreError::io);
}

std::expected<std::optional<Uid>, StoreError> SnapshotView::scan(const mailbox::RowScan& wanted,
                                                                 const Rows& rows) const {
  const View view(*environment_, txn_);
  const Key prefix = mailbox_key(user_, wanted.mailbox);
  const UidRange range = shown(view, user_, wanted.mailbox, wanted.uids);
  const bool ascends = wanted.direction == mailbox::RowScan::Direction::ascending;
  Cursor cursor(view, Table::hot_rows);
  HandOver found(rows);
  std::size_t looked_at = 0;
  bool there = ascends ? cursor.seek(hot_key(user_, wanted.mailbox, range.first))
                       : cursor.seek_below(end_of(user_, wanted.mailbox, range));
  for (; there && cursor.key().starts_with(prefix); there = ascends ? cursor.next() : cursor.previous()) {
    const Uid uid = uid_of(cursor.key());
    if (ascends ? uid > range.last : uid < range.first) break;
    if (looked_at++ == wanted.rows_max) return found.all() ? std::optional(uid) : std::nullopt;
    const auto message = decode_message_row(uid, cursor.value());
    if (!message) return std::unexpected(StoreError::io);
    if (message->modseq > wanted.changed_after && !found.add(*message)) return std::nullopt;
  }
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  static_cast<void>(found.all());
  return std::nullopt;
}

std::expected<std::optional<UidSet>, StoreError> SnapshotView::uids_without_rows(MailboxId mailbox) const {
  const View view(*environment_, txn_);
  const auto info = found_or(view, find_mailbox(view, user_, mailbox), StoreError::no_such_mailbox);
  if (!info) return std::unexpected(info.error());
  UidSet kept = uids_kept(view, mailbox_key(user_, mailbox), *info);
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  if (kept.size() != info->messages) return std::nullopt;
  return kept;
}

std::expected<std::optional<UidSet>, StoreError> SnapshotView::vanished(MailboxId mailbox, ModSeq since) const {
  const View view(*environment_, txn_);
  const auto info = found_or(view, find_mailbox(view, user_, mailbox), StoreError::no_such_mailbox);
  if (!info) return std::unexpected(info.error());
  if (since < info->vanished_floor) return std::nullopt;
  const Key prefix = mailbox_key(user_, mailbox);
  std::vector<UidRange> vanished;
  Cursor cursor(view, Table::vanished);
  bool there = cursor.seek(vanished_key(user_, mailbox, next(since)));
  for (; there && cursor.key().starts_with(prefix); there = cursor.next()) {
    const auto uids = decode_uids(cursor.value());
    if (!uids) return std::unexpected(StoreError::io);
    vanished.insert(vanished.end(), uids->ranges().begin(), uids->ranges().end());
  }
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  return UidSet(std::move(vanished));
}

/// Ids are given in their order and never again, so those that are missing were deleted.
std::expected<std::optional<mailbox::MailboxChanges>, StoreError> SnapshotView::changes(ModSeq since) const {
  const View view(*environment_, txn_);
  const auto user = find_user(view, user_);
  mailbox::MailboxChanges changes{user ? user->modseq : ModSeq{}, {}, {}};
  const Key prefix = user_key(user_);
  MailboxId expected{1};
  const auto missing_until = [&](MailboxId end) {
    for (; expected < end && changes.gone.size() <= kGoneMax; expected = next(expected)) {
      changes.gone.push_back(expected);
    }
  };
  Cursor cursor(view, Table::mailboxes);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    std::string_view key = cursor.key().substr(sizeof(UserId));
    const auto info = decode_mailbox(take_key_part<MailboxId>(key), cursor.value());
    if (!info) return std::unexpected(StoreError::io);
    missing_until(info->id);
    expected = next(info->id);
    if (info->highest_modseq > since) changes.changed.push_back(info->id);
  }
  if (user) missing_until(user->next_mailbox);
  if (view.failure() != 0) return std::unexpected(StoreError::io);
  if (changes.gone.size() > kGoneMax) return std::nullopt;
  return changes;
}

void SnapshotView::find_summaries(std::span<const BlobId> blobs, std::span<mailbox::FoundSummary> found) const {
  walks().from_segments.clear();
  for (std::size_t i = 0; i < blobs.size(); ++i) found[i] = find_summary(blobs[i]);
}

void SnapshotView::find_headers(std::span<const BlobId> blobs, std::span<mailbox::FoundHeader> found) const {
  walks().from_segments.clear();
  for (std::size_t i = 0; i < blobs.size(); ++i) found[i] = find_header(blobs[i]);
}

mailbox::FoundSummary SnapshotView::find_summary(BlobId blob) const {
  const auto octets = walks().read_summary(*this, blob, kShortSummaryMaxOctets, kAllOfIt);
  if (!octets) return std::unexpected(octets.error());
  if (octets->empty()) return std::nullopt;
  const auto summary = decode_summary(*octets);
  if (!summary) return std::unexpected(StoreError::io);
  return summary;
}

/// It comes first in the summary, but in old ones.
mailbox::FoundHeader SnapshotView::find_header(BlobId blob) const {
  auto octets = walks().read_summary(*this, blob, kShortSummaryMaxOctets, kHeaderCacheOctets);
  if (!octets || octets->empty()) return octets;
  auto header_cache = decode_header_cache(*octets);
  if (!header_cache) {
    octets = walks().read_summary(*this, blob, kShortSummaryMaxOctets, kAllOfIt);
    if (!octets) return octets;
    header_cache = decode_header_cache(*octets);
  }
  if (!header_cache) return std::unexpected(StoreError::io);
  return *header_cache;
}

/// The encoded summary, empty when it is too long for the table.
std::expected<std::string_view, StoreError> SnapshotView::cold_row(BlobId blob) const {
  auto& rows = walks().cold_rows;
  const auto row = rows.find(user_blob_key(user_, blob));
  if (!row) return found_or(rows.view(), row, StoreError::no_such_message);
  return *row;
}

/// The beginning of the encoded summary, `octets` of it at least; empty when it has more than `octets_max`.
std::expected<std::string_view, StoreError> SnapshotView::Walks::read_summary(const SnapshotView& view, BlobId blob,
                                                                              std::uint64_t octets_max,
                                                                              std::uint64_t octets) {
  const auto row = view.cold_row(blob);
  if (!row || !row->empty()) return row;
  const auto location = view.locate(blob);
  if (!location) return std::unexpected(location.error());
  if (location->summary_octets > octets_max) return std::string_view{};
  auto read = view.blobs_->read_summary(*location, 0, octets);
  if (!read) {
    const bool closed = read.error() == StoreError::unavailable;
    return std::unexpected(closed ? StoreError::unavailable : StoreError::io);
  }
  return from_segments.emplace_back(std::move(*read));
}

std::expected<BlobLocation, StoreError> SnapshotView::locate(BlobId blob) const {
  if (!walks().cold_rows.find(user_blob_key(user_, blob))) {
    return found_or(walks().cold_rows.view(), std::optional<BlobLocation>(), StoreError::no_such_message);
  }
  return location_of(blob);
}

std::expected<mailbox::Blob, StoreError> SnapshotView::find_blob(BlobId blob) const {
  const auto location = locate(blob);
  if (!location) return std::unexpected(location.error());
  return to_blob(*location);
}

std::expected<mailbox::Blob, StoreError> SnapshotView::find_blob(const Message& message) const {
  const auto location = location_of(message.blob);
  if (!location) return std::unexpected(location.error());
  return to_blob(*location);
}

std::expected<BlobLocation, StoreError> SnapshotView::location_of(BlobId blob) const {
  const auto row = walks().blobs.find(blob_key(blob));
  const auto decoded = row ? decode_blob(blob, *row) : std::nullopt;
  if (!decoded) return std::unexpected(StoreError::io);
  return decoded->location;
}

SnapshotView::Walks& SnapshotView::walks() const {
  if (!walks_) walks_ = std::make_unique<Walks>(*environment_, txn_);
  return *walks_;
}

}  // namespace posthaste::store
