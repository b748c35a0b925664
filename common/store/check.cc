#include "common/store/check.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "common/base/octets.h"
#include "common/base/problems.h"
#include "common/store/index.h"
#include "common/store/rows.h"

namespace posthaste::store {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// For a user who changes while he is looked at. After the last he is one who always changes.
constexpr std::array kHeldForChanging = {milliseconds{200}, milliseconds{2'000}, milliseconds{8'000}};

/// One read transaction after the other.
class Slices {
 public:
  Slices(Environment& index, const CheckPace& pace) : index_(index), pace_(pace), held_max_(pace.held_max) {}
  Slices(const Slices&) = delete;
  Slices& operator=(const Slices&) = delete;
  ~Slices() { let_go(); }

  void let_go() {
    if (!view_) return;
    view_.reset();
    txn_.reset();
    pace_.between();
  }
  /// A new one on the newest state. False: none can be had.
  bool renew() {
    let_go();
    auto txn = ReadTxn::begin(index_);
    if (!txn) return false;
    txn_.emplace(std::move(*txn));
    view_.emplace(index_, txn_->handle());
    since_ = Clock::now();
    is_fresh_ = true;
    return true;
  }
  void hold_for(milliseconds held_max) { held_max_ = held_max; }

  /// Of the present one; there is one.
  [[nodiscard]] const View& view() const { return *view_; }
  /// Whether it is time for the next one. Not before one row was read.
  [[nodiscard]] bool is_due() { return !std::exchange(is_fresh_, false) && Clock::now() - since_ >= held_max_; }

 private:
  Environment& index_;
  const CheckPace& pace_;
  milliseconds held_max_;
  std::optional<ReadTxn> txn_;
  std::optional<View> view_;
  Clock::time_point since_;
  bool is_fresh_ = false;
};

/// A user as he was when he was first looked at.
struct Watched {
  UserId id{};
  std::string state;
  bool changed = false;
};

/// One run of the checker.
class Checker {
 public:
  Checker(const Store& store, Environment& index, CheckDepth depth, const CheckPace& pace)
      : store_(store), pace_(pace), depth_(depth), slices_(index, pace) {}

  CheckReport run() {
    renew();
    if (!failed_) look_at_start();
    for (const UserId user : all_users()) check_user(user);
    check_that_all_have_users(Table::mailboxes, "a mailbox");
    check_that_all_have_users(Table::metadata, "annotations");
    check_that_all_have_users(Table::leftovers, "leftovers");
    check_blobs();
    for (const BlobId blob : suspects_) check_suspect(blob);
    check_segments();
    check_remembered(Table::deliveries, Remembered::delivery);
    check_remembered(Table::idempotency, Remembered::idempotency);
    if (failed_) problem("the index cannot be read");
    return std::move(report_);
  }

 private:
  [[nodiscard]] const View& view() const { return slices_.view(); }

  /// To the newest state. Whoever is watched may have changed in it.
  void renew() {
    if (failed_ || !slices_.renew()) {
      failed_ = true;
      return;
    }
    if (watched_ && state_of(watched_->id) != watched_->state) watched_->changed = true;
  }

  /// Calls `row` with the rest of the key, behind `prefix`, and the value, from the row `from` on, until the
  /// snapshot is due. Where to go on; nothing at the end. The snapshot is there before and after.
  template <typename Row>
  std::optional<std::string> walk(Table table, std::string_view prefix, std::string_view from, Row row) {
    Cursor cursor(view(), table);
    for (bool there = cursor.seek(from); there && cursor.key().starts_with(prefix); there = cursor.next()) {
      if (slices_.is_due()) return std::string(cursor.key());
      row(cursor.key().substr(prefix.size()), cursor.value());
    }
    return std::nullopt;
  }

  /// The same for all rows, in as many snapshots as it takes. Ends early when there is nothing to be read, or when
  /// whoever is watched has changed.
  template <typename Row>
  void each(Table table, std::string_view prefix, Row row) {
    std::optional<std::string> from = first_key(prefix);
    while (from && !failed_ && !(watched_ && watched_->changed)) {
      from = walk(table, prefix, *from, row);
      note_failure();
      if (from) renew();
    }
  }

  [[nodiscard]] static std::string first_key(std::string_view prefix) {
    return prefix.empty() ? std::string(1, '\0') : std::string(prefix);
  }

  /// What ended a walk early is told; those that follow begin anew.
  void note_failure() {
    if (view().failure() == 0) return;
    problem("the index cannot be read: ", lmdb::describe(view().failure()));
    renew();
  }

  void look_at_start() {
    if (const auto meta = find_meta(view())) start_ = *meta;
    walk_all_now(Table::segments, [this](std::string_view key, std::string_view value) {
      const auto id = take_key_part<std::uint32_t>(key);
      if (const auto segment = decode_segment(value)) live_at_start_[id] = segment->live;
    });
    note_failure();
  }

  /// A short table, in the present snapshot.
  template <typename Row>
  void walk_all_now(Table table, Row row) {
    Cursor cursor(view(), table);
    for (bool there = cursor.seek(first_key({})); there; there = cursor.next()) row(cursor.key(), cursor.value());
  }

  std::vector<UserId> all_users() {
    std::vector<UserId> users;
    each(Table::users, {},
         [&](std::string_view key, std::string_view) { users.push_back(take_key_part<UserId>(key)); });
    return users;
  }

  /// In one snapshot, or in several between which nothing of the user's changed.
  void check_user(UserId id) {
    CheckReport others = std::move(report_);
    bool settled = check_user_once(id, pace_.held_max);
    for (const milliseconds held_max : kHeldForChanging) {
      if (!settled) settled = check_user_once(id, held_max);
    }
    slices_.hold_for(pace_.held_max);
    others.problems.insert(others.problems.end(), report_.problems.begin(), report_.problems.end());
    others.users += report_.users;
    others.mailboxes += report_.mailboxes;
    others.messages += report_.messages;
    others.changing += settled ? 0 : 1;
    report_ = std::move(others);
  }

  /// False when the user changed, and then nothing was found.
  bool check_user_once(UserId id, milliseconds held_max) {
    report_ = {};
    slices_.hold_for(held_max);
    renew();
    if (failed_) return true;
    const auto row = view().get(Table::users, user_key(id));
    auto state = state_of(id);
    if (!row || !state) return true;  // he has gone
    watched_ = Watched{id, std::move(*state), false};
    UserTally tally;
    look_at_user(id, std::string(*row), tally);
    const bool settled = !std::exchange(watched_, std::nullopt)->changed;
    if (!settled) report_ = {};
    if (settled) {
      for (const auto& [blob, links] : tally.cold_rows) ++references_[blob];
    }
    return settled;
  }

  struct UserTally {
    std::size_t mailboxes = 0;
    std::uint64_t messages = 0;
    std::uint64_t octets = 0;
    std::set<UidValidity> uid_validities;
    std::map<BlobId, std::uint32_t> links;
    std::map<BlobId, std::uint32_t> cold_rows;  // with the copies beside them: should be the same
  };

  /// What is written whenever any of the user's rows is. Nothing without the user.
  std::optional<std::string> state_of(UserId id) const {
    const auto user = view().get(Table::users, user_key(id));
    if (!user) return std::nullopt;
    std::string state{*user};
    Cursor cursor(view(), Table::leftovers);
    const auto prefix = user_key(id);
    for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(std::string_view(prefix));
         there = cursor.next()) {
      state.append(cursor.key()).append(cursor.value());
    }
    return state;
  }

  void look_at_user(UserId id, std::string_view octets, UserTally& tally) {
    const auto user = decode_user(octets);
    if (!user) return problem("user ", number(id), ": the row is damaged");
    ++report_.users;
    std::vector<std::pair<MailboxId, std::string>> mailboxes;
    each(Table::mailboxes, user_key(id), [&](std::string_view mailbox, std::string_view row) {
      mailboxes.emplace_back(take_key_part<MailboxId>(mailbox), row);
    });
    for (const auto& [mailbox, row] : mailboxes) check_mailbox(id, *user, mailbox, row, tally);
    const std::uint64_t left_over = check_leftovers(id, tally);
    std::size_t names = 0;
    each(Table::mailbox_names, user_key(id), [&](std::string_view, std::string_view) { ++names; });
    if (names != tally.mailboxes)
      problem("user ", number(id), ": ", tally.mailboxes, " mailboxes, ", names, " names");
    std::uint64_t rows = 0;
    each(Table::hot_rows, user_key(id), [&](std::string_view, std::string_view) { ++rows; });
    if (rows != tally.messages + left_over)
      problem("user ", number(id), ": messages in a mailbox that does not exist");
    if (user->used_messages != tally.messages || user->used_octets != tally.octets) {
      problem("user ", number(id), ": quota counts ", user->used_messages, " messages of ", user->used_octets,
              " octets, there are ", tally.messages, " of ", tally.octets);
    }
    check_references(id, tally);
    check_subscriptions(id);
    check_metadata(id, *user);
  }

  /// Returns how many messages there are that are left over, or on their way into a mailbox.
  std::uint64_t check_leftovers(UserId user, UserTally& tally) {
    std::vector<std::pair<MailboxId, std::string>> leftovers;
    each(Table::leftovers, user_key(user), [&](std::string_view mailbox, std::string_view row) {
      leftovers.emplace_back(take_key_part<MailboxId>(mailbox), row);
    });
    std::uint64_t messages = 0;
    for (const auto& [mailbox, row] : leftovers) messages += check_leftover(user, mailbox, row, tally);
    return messages;
  }

  std::uint64_t check_leftover(UserId user, MailboxId mailbox, std::string_view octets, UserTally& tally) {
    if (failed_) return 0;
    const std::string where =
        "user " + std::to_string(number(user)) + " mailbox " + std::to_string(number(mailbox));
    const auto row = decode_leftover(octets);
    if (!row) {
      problem(where, ": the row of what is left over is damaged");
      return 0;
    }
    const auto there = find_mailbox(view(), user, mailbox);
    if (there && row->first < there->uid_next) problem(where, ": what is left over lies below UIDNEXT");
    if (there && row->kind == LeftoverRow::Kind::buried) problem(where, ": was deleted and is there");
    std::uint64_t counted = 0;
    each(Table::hot_rows, mailbox_key(user, mailbox), [&](std::string_view uid_key, std::string_view message_row) {
      const auto uid = take_key_part<Uid>(uid_key);
      const auto message = decode_message_row(uid, message_row);
      if (!message || uid < row->first) return;
      ++counted;
      ++tally.links[message->blob];
      if (uid >= row->next) problem(where, ": UID ", number(uid), " is not on the record of what is left over");
    });
    if (counted != row->messages)
      problem(where, ": counts ", row->messages, " messages left over; there are ", counted);
    return counted;
  }

  void check_mailbox(UserId user, const UserRow& user_row, MailboxId id, std::string_view row, UserTally& tally) {
    if (failed_) return;
    const auto mailbox = decode_mailbox(id, row);
    if (!mailbox) return problem("user ", number(user), " mailbox ", number(id), ": the row is damaged");
    const std::string where = "user " + std::to_string(number(user)) + " mailbox " + escaped(mailbox->name) + ": ";
    ++report_.mailboxes;
    ++tally.mailboxes;
    if (find_mailbox_id(view(), user, mailbox->name) != id) problem(where, "its name leads elsewhere");
    if (!tally.uid_validities.insert(mailbox->uid_validity).second) problem(where, "UIDVALIDITY is used twice");
    if (mailbox->uid_validity > user_row.last_uid_validity) problem(where, "UIDVALIDITY is above the user's last");
    if (mailbox->highest_modseq > user_row.modseq) problem(where, "HIGHESTMODSEQ is above the user's");
    if (id >= user_row.next_mailbox) problem(where, "its id is above the user's next");

    const auto leftover = find_leftover(view(), user, id);
    MailboxInfo counted = *mailbox;
    counted.messages = counted.unseen = counted.deleted = 0;
    counted.octets = 0;
    each(Table::hot_rows, mailbox_key(user, id), [&](std::string_view uid_key, std::string_view message_row) {
      const auto uid = take_key_part<Uid>(uid_key);
      const auto message = decode_message_row(uid, message_row);
      if (!message) return problem(where, "UID ", number(uid), " is damaged");
      if (leftover && uid >= leftover->first) return;
      ++counted.messages;
      counted.octets += message->octets;
      if (!message->flags.contains(SystemFlag::seen)) ++counted.unseen;
      if (message->flags.contains(SystemFlag::deleted)) ++counted.deleted;
      ++tally.links[message->blob];
      if (uid >= mailbox->uid_next) problem(where, "UID ", number(uid), " is not below UIDNEXT");
      if (message->modseq > mailbox->highest_modseq) problem(where, "UID ", number(uid), " has a modseq too high");
      if ((message->keywords >> mailbox->keywords.size()).any())
        problem(where, "UID ", number(uid), " has a nameless keyword");
      const auto blob = find_blob(view(), message->blob);
      if (!blob)
        problem(where, "UID ", number(uid), " has no blob");
      else if (blob->location.octets != message->octets)
        problem(where, "UID ", number(uid), " has a wrong size");
    });
    if (counted != *mailbox) {
      problem(where, "counts ", mailbox->messages, " messages, ", mailbox->unseen, " unseen, ", mailbox->deleted,
              " deleted, ", mailbox->octets, " octets; there are ", counted.messages, ", ", counted.unseen, ", ",
              counted.deleted, ", ", counted.octets);
    }
    report_.messages += counted.messages;
    tally.messages += counted.messages;
    tally.octets += counted.octets;
    check_vanished(user, *mailbox, where);
  }

  void check_vanished(UserId user, const MailboxInfo& mailbox, const std::string& where) {
    std::uint64_t vanished = 0;
    each(Table::vanished, mailbox_key(user, mailbox.id), [&](std::string_view key, std::string_view value) {
      const auto modseq = take_key_part<ModSeq>(key);
      const auto uids = decode_uids(value);
      if (!uids || uids->empty()) return problem(where, "what vanished at ", number(modseq), " is damaged");
      if (modseq > mailbox.highest_modseq) problem(where, "something vanished after HIGHESTMODSEQ");
      vanished += uids->size();
      for (const UidRange& range : uids->ranges()) {
        Cursor cursor(view(), Table::hot_rows);
        const bool there = cursor.seek(hot_key(user, mailbox.id, range.first)) &&
                           cursor.key() <= std::string_view(hot_key(user, mailbox.id, range.last));
        if (there) problem(where, "UID ", number(uid_of(cursor.key())), " vanished and is there");
      }
    });
    const bool is_whole = mailbox.vanished_floor == ModSeq{0};
    if (is_whole && vanished + mailbox.messages + 1 != number(mailbox.uid_next)) {
      problem(where, "has ", mailbox.messages, " messages, ", vanished, " have vanished, UIDNEXT is ",
              number(mailbox.uid_next));
    }
  }

  void check_references(UserId user, UserTally& tally) {
    each(Table::cold_rows, user_key(user), [&](std::string_view key, std::string_view value) {
      const auto blob = take_key_part<BlobId>(key);
      tally.cold_rows[blob] = 1;
      if (!value.empty() && !decode_summary(value))
        problem("user ", number(user), ": the summary of blob ", number(blob), " is damaged");
    });
    each(Table::copies, user_key(user), [&](std::string_view key, std::string_view value) {
      tally.cold_rows[take_key_part<BlobId>(key)] += OctetReader(value).take<std::uint32_t>();
    });
    if (tally.cold_rows != tally.links) problem("user ", number(user), ": cold rows do not match the messages");
  }

  void check_that_all_have_users(Table table, const char* what) {
    each(table, {}, [this, what](std::string_view key, std::string_view) {
      const auto user = take_key_part<UserId>(key);
      if (!find_user(view(), user)) problem("user ", number(user), ": has ", what, " and does not exist");
    });
  }

  void check_subscriptions(UserId user) {
    if (failed_) return;
    const auto octets = view().get(Table::subscriptions, user_key(user));
    if (!octets) return;  // an older version kept no count
    const auto count = decode_subscription_count(*octets);
    if (!count) return problem("user ", number(user), ": the count of subscriptions is damaged");
    std::uint64_t names = 0;
    each(Table::subscriptions, user_key(user), [&](std::string_view name, std::string_view) {
      if (!name.empty()) ++names;
    });
    if (names != *count) problem("user ", number(user), ": counts ", *count, " subscriptions, there are ", names);
  }

  void check_metadata(UserId user, const UserRow& user_row) {
    if (failed_) return;
    const MetadataTally tally = find_metadata_tally(view(), user).value_or(MetadataTally{});
    if (tally.modseq > user_row.modseq) problem("user ", number(user), ": annotations have a modseq too high");
    MetadataTally counted;
    each(Table::metadata, user_key(user), [&](std::string_view key, std::string_view value) {
      if (key.empty()) return;  // the tally
      const auto mailbox = take_key_part<MailboxId>(key);
      const auto row = decode_annotation(value);
      if (!row || key.empty()) return problem("user ", number(user), ": an annotation is damaged");
      ++counted.annotations;
      counted.octets += key.size() + row->value.size();
      if (row->modseq > tally.modseq) problem("user ", number(user), ": an annotation has a modseq too high");
      if (mailbox != kNoMailbox && !find_mailbox(view(), user, mailbox)) {
        problem("user ", number(user), ": an annotation of a mailbox that does not exist");
      }
    });
    if (counted.annotations != tally.annotations || counted.octets != tally.octets) {
      problem("user ", number(user), ": counts ", tally.annotations, " annotations of ", tally.octets,
              " octets, there are ", counted.annotations, " of ", counted.octets);
    }
  }

  void check_blobs() {
    std::optional<std::string> from = first_key({});
    while (from && !failed_) {
      const auto meta = find_meta(view());
      std::vector<BlobLocation> locations;
      from = walk(Table::blobs, {}, *from, [&](std::string_view key, std::string_view value) {
        const auto id = take_key_part<BlobId>(key);
        const auto blob = decode_blob(id, value);
        if (!blob) return problem("blob ", number(id), ": the row is damaged");
        if (!meta || id >= meta->next_blob) problem("blob ", number(id), ": its id is above the next");
        check_blob(*blob);
        if (depth_ == CheckDepth::bodies) locations.push_back(blob->location);
      });
      note_failure();
      if (!locations.empty()) {
        slices_.let_go();
        std::erase_if(locations, [this](const BlobLocation& blob) { return !is_unsound(blob); });
      }
      renew();
      for (const BlobLocation& blob : locations) check_unreadable(blob);
    }
  }

  /// Nothing is known of a blob whose segment does not open.
  bool is_unsound(const BlobLocation& blob) {
    const auto verified = store_.verify_blob(blob);
    if (verified) return false;
    if (verified.error() != StoreError::unavailable) return true;
    if (report_.closed.insert(blob.segment).second) {
      problem("segment ", blob.segment, ": cannot be opened; see whose the file is, and the limit on open files");
    }
    return false;
  }

  void check_blob(const BlobRow& blob) {
    const BlobId id = blob.location.blob;
    ++report_.blobs;
    report_.octets += blob.location.octets;
    if (!start_ || id < start_->next_blob) live_[blob.location.segment] += record_octets(blob.location);
    const auto found = references_.find(id);
    const std::uint32_t references = found == references_.end() ? 0 : found->second;
    if (references != blob.references || references == 0) suspects_.push_back(id);
  }

  /// Its users may have come or gone after they were looked at: they are counted in one snapshot.
  void check_suspect(BlobId id) {
    if (slices_.is_due()) renew();
    if (failed_) return;
    const auto blob = find_blob(view(), id);
    if (!blob) return note_failure();
    std::uint32_t references = 0;
    walk_all_now(Table::users, [&](std::string_view key, std::string_view) {
      const auto user = take_key_part<UserId>(key);
      if (view().get(Table::cold_rows, user_blob_key(user, id))) ++references;
    });
    if (references != blob->references || references == 0) {
      problem("blob ", number(id), ": counts ", blob->references, " users, has ", references);
    }
  }

  /// Its record was, unless the blob is gone or lies elsewhere by now.
  void check_unreadable(const BlobLocation& location) {
    if (failed_) return;
    const auto blob = find_blob(view(), location.blob);
    if (!blob || blob->location != location) return note_failure();
    auto places = places_of(view(), location.blob);
    problem("blob ", number(location.blob), ": its record in segment ", location.segment, " at ", location.offset,
            " is damaged or gone: ", in_words(places));
    report_.damaged.push_back({location, std::move(places)});
  }

  /// Of what was there at the start nothing is added to a segment, and what goes is gone at the end: what was seen
  /// alive in it lies between both.
  void check_segments() {
    if (failed_) return;
    renew();
    if (failed_) return;
    const auto meta = find_meta(view());
    const bool quiet = start_ && meta && start_->tail == meta->tail;
    walk_all_now(Table::segments, [&](std::string_view key, std::string_view value) {
      const auto id = take_key_part<std::uint32_t>(key);
      const auto segment = decode_segment(value);
      if (!segment) return problem("segment ", id, ": the row is damaged");
      if (segment->live > segment->total) problem("segment ", id, ": more live octets than octets");
      const std::uint64_t seen = std::exchange(live_[id], 0);
      const auto before = live_at_start_.find(id);
      if (before == live_at_start_.end()) return;  // begun meanwhile
      const bool grows = !quiet && start_ && id == start_->tail.segment;
      if (seen > before->second || (seen < segment->live && !grows))
        problem("segment ", id, ": counts ", segment->live, " live octets, has ", seen);
    });
    note_failure();
    for (const auto& [id, octets] : live_) {
      if (octets != 0) problem("segment ", id, ": has ", octets, " live octets and no row");
    }
  }

  void check_remembered(Table table, Remembered what) {
    each(table, {}, [&](std::string_view key, std::string_view value) {
      const auto row = decode_remembered(value);
      const bool sound = row && (what == Remembered::delivery ? decode_delivered(row->result).has_value()
                                                              : decode_result(row->result).has_value());
      if (!sound) return problem("a remembered answer is damaged");
      if (!view().get(Table::expiries, expiry_key(row->expires, what, key)))
        problem("an answer is never forgotten");
    });
  }

  const Store& store_;
  const CheckPace& pace_;
  const CheckDepth depth_;
  Slices slices_;
  bool failed_ = false;             // no read transaction is to be had
  std::optional<Watched> watched_;  // who is looked at
  CheckReport report_;
  const Problems problem{report_.problems};
  std::optional<MetaRow> start_;
  std::map<std::uint32_t, std::uint64_t> live_at_start_;
  std::unordered_map<BlobId, std::uint32_t> references_;
  std::vector<BlobId> suspects_;                 // other references than were counted
  std::map<std::uint32_t, std::uint64_t> live_;  // of blobs that were there at the start
};

}  // namespace

CheckReport check(const Store& store, Environment& index, CheckDepth depth, const CheckPace& pace) {
  return Checker(store, index, depth, pace).run();
}

CheckReport check(const Store& store, CheckDepth depth) { return check(store, *store.environment_, depth, {}); }

}  // namespace posthaste::store
