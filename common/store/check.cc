#include "common/store/check.h"

#include <map>
#include <set>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "common/base/octets.h"
#include "common/store/index.h"
#include "common/store/rows.h"

namespace posthaste::store {

/// One run of the checker.
class Checker {
 public:
  Checker(const Store& store, const View& view, CheckDepth depth) : store_(store), view_(view), depth_(depth) {}

  CheckReport run() {
    each(Table::users, {}, [this](std::string_view key, std::string_view value) { check_user(key, value); });
    check_that_all_have_users(Table::mailboxes, "a mailbox");
    check_that_all_have_users(Table::metadata, "annotations");
    check_blobs();
    check_segments();
    check_remembered(Table::deliveries, Remembered::delivery);
    check_remembered(Table::idempotency, Remembered::idempotency);
    if (view_.failure() != 0) problem("the index cannot be read: ", lmdb::describe(view_.failure()));
    return std::move(report_);
  }

 private:
  template <typename... Parts>
  void problem(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    report_.problems.push_back(text.str());
  }

  /// Calls `row` with the rest of the key, behind `prefix`, and the value.
  template <typename Row>
  void each(Table table, std::string_view prefix, Row row) {
    Cursor cursor(view_, table);
    const std::string first = prefix.empty() ? std::string(1, '\0') : std::string(prefix);
    for (bool there = cursor.seek(first); there && cursor.key().starts_with(prefix); there = cursor.next()) {
      row(cursor.key().substr(prefix.size()), cursor.value());
    }
  }

  void check_user(std::string_view key, std::string_view value) {
    const auto id = take_key_part<UserId>(key);
    const auto user = decode_user(value);
    if (!user) return problem("user ", number(id), ": the row is damaged");
    ++report_.users;
    UserTally tally;
    each(Table::mailboxes, user_key(id), [&](std::string_view mailbox, std::string_view row) {
      check_mailbox(id, *user, take_key_part<MailboxId>(mailbox), row, tally);
    });
    std::size_t names = 0;
    each(Table::mailbox_names, user_key(id), [&](std::string_view, std::string_view) { ++names; });
    if (names != tally.mailboxes)
      problem("user ", number(id), ": ", tally.mailboxes, " mailboxes, ", names, " names");
    std::uint64_t rows = 0;
    each(Table::hot_rows, user_key(id), [&](std::string_view, std::string_view) { ++rows; });
    if (rows != tally.messages) problem("user ", number(id), ": messages in a mailbox that does not exist");
    if (user->used_messages != tally.messages || user->used_octets != tally.octets) {
      problem("user ", number(id), ": quota counts ", user->used_messages, " messages of ", user->used_octets,
              " octets, there are ", tally.messages, " of ", tally.octets);
    }
    check_references(id, tally);
    check_metadata(id, *user);
  }

  struct UserTally {
    std::size_t mailboxes = 0;
    std::uint64_t messages = 0;
    std::uint64_t octets = 0;
    std::set<UidValidity> uid_validities;
    std::map<BlobId, std::uint32_t> links;
  };

  void check_mailbox(UserId user, const UserRow& user_row, MailboxId id, std::string_view row, UserTally& tally) {
    const auto mailbox = decode_mailbox(id, row);
    if (!mailbox) return problem("user ", number(user), " mailbox ", number(id), ": the row is damaged");
    const std::string where = "user " + std::to_string(number(user)) + " mailbox " + escaped(mailbox->name) + ": ";
    ++report_.mailboxes;
    ++tally.mailboxes;
    if (find_mailbox_id(view_, user, mailbox->name) != id) problem(where, "its name leads elsewhere");
    if (!tally.uid_validities.insert(mailbox->uid_validity).second) problem(where, "UIDVALIDITY is used twice");
    if (mailbox->uid_validity > user_row.last_uid_validity) problem(where, "UIDVALIDITY is above the user's last");
    if (mailbox->highest_modseq > user_row.modseq) problem(where, "HIGHESTMODSEQ is above the user's");
    if (id >= user_row.next_mailbox) problem(where, "its id is above the user's next");

    MailboxInfo counted = *mailbox;
    counted.messages = counted.unseen = counted.deleted = 0;
    counted.octets = 0;
    each(Table::hot_rows, mailbox_key(user, id), [&](std::string_view uid_key, std::string_view message_row) {
      const auto uid = take_key_part<Uid>(uid_key);
      const auto message = decode_message_row(uid, message_row);
      if (!message) return problem(where, "UID ", number(uid), " is damaged");
      ++counted.messages;
      counted.octets += message->octets;
      if (!message->flags.contains(SystemFlag::seen)) ++counted.unseen;
      if (message->flags.contains(SystemFlag::deleted)) ++counted.deleted;
      ++tally.links[message->blob];
      if (uid >= mailbox->uid_next) problem(where, "UID ", number(uid), " is not below UIDNEXT");
      if (message->modseq > mailbox->highest_modseq) problem(where, "UID ", number(uid), " has a modseq too high");
      if ((message->keywords >> mailbox->keywords.size()).any())
        problem(where, "UID ", number(uid), " has a nameless keyword");
      const auto blob = find_blob(view_, message->blob);
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
        Cursor cursor(view_, Table::hot_rows);
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

  void check_references(UserId user, const UserTally& tally) {
    std::map<BlobId, std::uint32_t> links;
    each(Table::cold_rows, user_key(user), [&](std::string_view key, std::string_view value) {
      const auto blob = take_key_part<BlobId>(key);
      links[blob] = 1;
      ++references_[blob];
      if (!value.empty() && !decode_summary(value))
        problem("user ", number(user), ": the summary of blob ", number(blob), " is damaged");
    });
    each(Table::copies, user_key(user), [&](std::string_view key, std::string_view value) {
      links[take_key_part<BlobId>(key)] += OctetReader(value).take<std::uint32_t>();
    });
    if (links != tally.links) problem("user ", number(user), ": cold rows do not match the messages");
  }

  void check_that_all_have_users(Table table, const char* what) {
    each(table, {}, [this, what](std::string_view key, std::string_view) {
      const auto user = take_key_part<UserId>(key);
      if (!find_user(view_, user)) problem("user ", number(user), ": has ", what, " and does not exist");
    });
  }

  void check_metadata(UserId user, const UserRow& user_row) {
    const MetadataTally tally = find_metadata_tally(view_, user).value_or(MetadataTally{});
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
      if (mailbox != kNoMailbox && !find_mailbox(view_, user, mailbox)) {
        problem("user ", number(user), ": an annotation of a mailbox that does not exist");
      }
    });
    if (counted.annotations != tally.annotations || counted.octets != tally.octets) {
      problem("user ", number(user), ": counts ", tally.annotations, " annotations of ", tally.octets,
              " octets, there are ", counted.annotations, " of ", counted.octets);
    }
  }

  void check_blobs() {
    const auto meta = find_meta(view_);
    each(Table::blobs, {}, [&](std::string_view key, std::string_view value) {
      const auto id = take_key_part<BlobId>(key);
      const auto blob = decode_blob(id, value);
      if (!blob) return problem("blob ", number(id), ": the row is damaged");
      ++report_.blobs;
      report_.octets += blob->location.octets;
      live_[blob->location.segment] += record_octets(blob->location);
      const auto found = references_.find(id);
      const std::uint32_t references = found == references_.end() ? 0 : found->second;
      if (references != blob->references || references == 0) {
        problem("blob ", number(id), ": counts ", blob->references, " users, has ", references);
      }
      if (!meta || id >= meta->next_blob) problem("blob ", number(id), ": its id is above the next");
      if (depth_ == CheckDepth::bodies && !store_.verify_blob(blob->location)) {
        problem("blob ", number(id), ": its record in segment ", blob->location.segment, " at ",
                blob->location.offset, " is damaged or gone");
      }
    });
  }

  void check_segments() {
    each(Table::segments, {}, [&](std::string_view key, std::string_view value) {
      const auto id = take_key_part<std::uint32_t>(key);
      const auto segment = decode_segment(value);
      if (!segment) return problem("segment ", id, ": the row is damaged");
      if (segment->live != live_[id])
        problem("segment ", id, ": counts ", segment->live, " live octets, has ", live_[id]);
      if (segment->live > segment->total) problem("segment ", id, ": more live octets than octets");
      live_.erase(id);
    });
    for (const auto& [id, octets] : live_) problem("segment ", id, ": has ", octets, " live octets and no row");
  }

  void check_remembered(Table table, Remembered what) {
    each(table, {}, [&](std::string_view key, std::string_view value) {
      const auto row = decode_remembered(value);
      const bool sound = row && (what == Remembered::delivery ? decode_delivered(row->result).has_value()
                                                              : decode_result(row->result).has_value());
      if (!sound) return problem("a remembered answer is damaged");
      if (!view_.get(Table::expiries, expiry_key(row->expires, what, key))) problem("an answer is never forgotten");
    });
  }

  const Store& store_;
  const View& view_;
  const CheckDepth depth_;
  CheckReport report_;
  std::unordered_map<BlobId, std::uint32_t> references_;
  std::map<std::uint32_t, std::uint64_t> live_;
};

CheckReport check(const Store& store, CheckDepth depth) {
  const auto environment = store.environment_;
  const auto txn = environment->begin_read();
  if (!txn) return {{"the index cannot be read"}, 0, 0, 0, 0, 0};
  CheckReport report;
  {
    const View view(*environment, *txn);
    report = Checker(store, view, depth).run();
  }
  environment->end_read(*txn);
  return report;
}

}  // namespace posthaste::store
