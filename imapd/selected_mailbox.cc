#include "imapd/selected_mailbox.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/imap/writer.h"
#include "imapd/flags.h"
#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

using store::StoreError;

store::UidRange below(Uid end) { return {Uid{1}, Uid{number(end) - 1}}; }

/// Calls `row` for every message of the range.
std::expected<void, StoreError> scan_all(const store::Snapshot& snapshot, MailboxId mailbox, store::UidRange range,
                                         const std::function<void(const store::Message&)>& row) {
  std::optional<Uid> from = range.first;
  while (from && *from <= range.last) {
    auto next_uid = snapshot.scan(mailbox, {*from, range.last}, kSliceRows, row);
    if (!next_uid) return std::unexpected(next_uid.error());
    from = *next_uid;
  }
  return {};
}

/// The view's UIDs that the store has no more: what vanished() cannot tell when the view is older than its record.
std::expected<store::UidSet, StoreError> missing(const store::Snapshot& snapshot, const SelectedMailbox& mailbox) {
  UidRuns left = mailbox.messages;
  store::UidSet present;
  const auto note = [&present](const store::Message& message) { present.add(message.uid); };
  auto scanned = scan_all(snapshot, mailbox.id, below(mailbox.uid_next), note);
  if (!scanned) return std::unexpected(scanned.error());
  left.remove(present);
  return left.all();
}

/// EXPUNGE of each number, the highest first, so that none moves another (RFC 9051 §7.5.1).
void append_expunges(std::string& out, const std::vector<imap::NumberRange>& numbers) {
  imap::ResponseWriter writer{out};
  for (auto range = numbers.rbegin(); range != numbers.rend(); ++range) {
    for (std::uint32_t number = range->last; number >= range->first; --number) {
      writer.raw("* ");
      writer.number(number);
      writer.raw(" EXPUNGE\r\n");
    }
  }
}

/// VANISHED, which leaves the sequence numbers to the client (RFC 7162 §3.2.10.2).
void append_vanished(std::string& out, const imap::NumberSet& uids) {
  if (!uids.empty()) out.append("* VANISHED ").append(imap::to_string(uids)).append("\r\n");
}

/// The UIDs of the view that were expunged since the client was last told.
std::expected<store::UidSet, StoreError> expunged(const store::Snapshot& snapshot, const SelectedMailbox& mailbox) {
  auto vanished = snapshot.vanished(mailbox.id, mailbox.expunges_told);
  if (!vanished) return std::unexpected(vanished.error());
  if (!*vanished) return missing(snapshot, mailbox);
  return std::move(**vanished);
}

/// Adds what is \Recent of the messages below `uid_next`; from `otherwise` on, when nobody has looked yet. A
/// session that only reads takes nothing from those who come after it (RFC 3501 §6.3.2).
void note_recent(SelectedMailbox& mailbox, const Recency& recency, Uid uid_next, Uid otherwise) {
  if (recency.messages == nullptr) return;
  const Uid first = mailbox.read_only ? recency.messages->first(recency.user, mailbox.id, otherwise)
                                      : recency.messages->take(recency.user, mailbox.id, uid_next, otherwise);
  if (first < uid_next) mailbox.recent.add(store::UidRange{first, Uid{number(uid_next) - 1}});
}

std::uint32_t count_recent(const SelectedMailbox& mailbox) {
  return static_cast<std::uint32_t>(mailbox.messages.uids().intersection(to_number_set(mailbox.recent)).count());
}

}  // namespace

std::expected<OpenedMailbox, StoreError> open_mailbox(const store::Snapshot& snapshot, const std::string& name,
                                                      bool read_only, const Recency& recency) {
  auto info = snapshot.mailbox(name);
  if (!info) return std::unexpected(info.error());
  OpenedMailbox opened{{info->id,
                        info->uid_validity,
                        read_only,
                        {},
                        info->uid_next,
                        info->highest_modseq,
                        info->highest_modseq,
                        info->keywords.size()},
                       info->keywords,
                       std::nullopt,
                       info->name,
                       info->special_use};
  Uid first_new = info->uid_next;
  const auto note = [&](const store::Message& message) {
    opened.mailbox.messages.append(message.uid);
    const bool is_new = recency.messages != nullptr && recency.messages->is_new(message.save_date);
    if (is_new) first_new = std::min(first_new, message.uid);
    if (!opened.first_unseen && !message.flags.contains(store::SystemFlag::seen)) {
      opened.first_unseen = SequenceNumber{opened.mailbox.messages.size()};
    }
  };
  auto scanned = scan_all(snapshot, info->id, below(info->uid_next), note);
  if (!scanned) return std::unexpected(scanned.error());
  note_recent(opened.mailbox, recency, info->uid_next, first_new);
  return opened;
}

void append_fetch_start(std::string& out, Uid uid, SequenceNumber sequence_number, const Dialect& dialect) {
  imap::ResponseWriter writer{out};
  writer.raw("* ");
  writer.number(dialect.uid_only ? number(uid) : number(sequence_number));
  writer.raw(dialect.uid_only ? " UIDFETCH (" : " FETCH (");
}

void append_counts(std::string& out, const SelectedMailbox& mailbox, const Dialect& dialect) {
  imap::ResponseWriter writer{out};
  writer.raw("* ");
  writer.number(mailbox.messages.size());
  writer.raw(" EXISTS\r\n");
  if (dialect.rev2) return;
  writer.raw("* ");
  writer.number(count_recent(mailbox));
  writer.raw(" RECENT\r\n");
}

std::expected<bool, StoreError> has_news(const store::Snapshot& snapshot, const SelectedMailbox& mailbox,
                                         bool expunges) {
  auto info = snapshot.mailbox(mailbox.id);
  if (!info) return std::unexpected(info.error());
  return info->highest_modseq > mailbox.flags_told || (expunges && info->highest_modseq > mailbox.expunges_told) ||
         info->keywords.size() > mailbox.keywords_told;
}

std::expected<std::string, StoreError> NewsTeller::step() {
  auto snapshot = store_.read(user_);
  if (!snapshot) return std::unexpected(snapshot.error());
  auto info = snapshot->mailbox(mailbox_.id);
  if (!info) return std::unexpected(info.error());
  std::string out;
  if (!flags_from_) {
    auto begun = begin(*snapshot, *info, out);
    if (!begun) return std::unexpected(begun.error());
  }
  auto told = tell_flags(*snapshot, *info, out);
  if (!told) return std::unexpected(told.error());
  return out;
}

std::expected<void, StoreError> NewsTeller::begin(const store::Snapshot& snapshot, const store::MailboxInfo& info,
                                                  std::string& out) {
  target_ = info.highest_modseq;
  flags_end_ = mailbox_.uid_next;
  flags_from_ = Uid{1};
  if (info.highest_modseq > mailbox_.expunges_told) {
    auto told = tell_expunges(snapshot, info, out);
    if (!told) return told;
  }
  auto told = tell_arrivals(snapshot, info, out);
  if (!told) return told;
  if (info.keywords.size() > mailbox_.keywords_told) {
    append_flags_of_mailbox(out, info.keywords, mailbox_.read_only);
    mailbox_.keywords_told = info.keywords.size();
  }
  return {};
}

std::expected<void, StoreError> NewsTeller::tell_expunges(const store::Snapshot& snapshot,
                                                          const store::MailboxInfo& info, std::string& out) {
  auto gone = expunged(snapshot, mailbox_);
  if (!gone) return std::unexpected(gone.error());
  const imap::NumberSet known = mailbox_.messages.uids().intersection(to_number_set(*gone));
  if (!known.empty() && !options_.expunges) return {};  // they must wait
  const auto numbers = mailbox_.messages.remove(*gone);
  if (options_.dialect.says_vanished()) {
    append_vanished(out, known);
  } else {
    append_expunges(out, numbers);
  }
  mailbox_.expunges_told = info.highest_modseq;
  return {};
}

std::expected<void, StoreError> NewsTeller::tell_arrivals(const store::Snapshot& snapshot,
                                                          const store::MailboxInfo& info, std::string& out) {
  if (info.uid_next == mailbox_.uid_next) return {};
  const std::uint32_t before = mailbox_.messages.size();
  const auto note = [this](const store::Message& message) {
    mailbox_.messages.append(message.uid);
    new_messages_.add(message.uid);
  };
  auto scanned = scan_all(snapshot, info.id, {mailbox_.uid_next, Uid{number(info.uid_next) - 1}}, note);
  if (!scanned) return std::unexpected(scanned.error());
  const Uid first_arrival = std::exchange(mailbox_.uid_next, info.uid_next);
  note_recent(mailbox_, {user_, options_.recent_messages}, info.uid_next, first_arrival);
  if (mailbox_.messages.size() == before) return {};
  append_counts(out, mailbox_, options_.dialect);
  return {};
}

bool NewsTeller::knows(const store::Message& message) const {
  return std::ranges::any_of(options_.known, [&message](const KnownFlags& change) {
    return message.modseq <= change.up_to && change.uids.contains(message.uid);
  });
}

std::expected<void, StoreError> NewsTeller::tell_flags(const store::Snapshot& snapshot,
                                                       const store::MailboxInfo& info, std::string& out) {
  if (!options_.flags) {
    done_ = true;
    return {};
  }
  imap::ResponseWriter writer{out};
  const auto tell = [&](const store::Message& message) {
    const auto sequence_number = mailbox_.messages.sequence_number(message.uid);
    if (!sequence_number || message.modseq > target_ || knows(message)) return;
    append_fetch_start(out, message.uid, *sequence_number, options_.dialect);
    if (options_.with_uid || options_.dialect.says_uid()) {
      writer.raw("UID ");
      writer.number(number(message.uid));
      writer.space();
    }
    writer.raw("FLAGS ");
    append_flags(out, message, info.keywords, mailbox_.recent);
    if (options_.dialect.condstore) {
      writer.space();
      append_mod_seq(out, message.modseq);
    }
    writer.raw(")\r\n");
  };
  const Uid last{number(flags_end_) - 1};
  while (target_ > mailbox_.flags_told && *flags_from_ <= last && out.size() < kSliceOctets) {
    auto next_uid = snapshot.scan_changed(info.id, mailbox_.flags_told, {*flags_from_, last}, kSliceRows, tell);
    if (!next_uid) return std::unexpected(next_uid.error());
    if (!*next_uid) {
      flags_from_ = flags_end_;
    } else {
      flags_from_ = **next_uid;
    }
  }
  done_ = target_ <= mailbox_.flags_told || *flags_from_ > last;
  if (done_) mailbox_.flags_told = std::max(target_, mailbox_.flags_told);
  return {};
}

}  // namespace posthaste::imapd
