#include "imapd/view/selected_mailbox.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/writer.h"
#include "common/reading/row_walk.h"
#include "imapd/answers/flags.h"
#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

using mailbox::StoreError;

constexpr std::size_t kFrontRowsAtFirst = 4;
constexpr std::size_t kFrontRows = 256;

mailbox::UidRange below(Uid end) { return {Uid{1}, Uid{number(end) - 1}}; }

/// Calls `row` for every message of the range.
std::expected<void, StoreError> scan_all(const mailbox::Snapshot& snapshot, MailboxId mailbox,
                                         mailbox::UidRange range,
                                         const std::function<void(const mailbox::Message&)>& row) {
  std::optional<Uid> from = range.first;
  while (from && *from <= range.last) {
    auto next_uid = snapshot.scan(mailbox, {*from, range.last}, kSliceRows, row);
    if (!next_uid) return std::unexpected(next_uid.error());
    from = *next_uid;
  }
  return {};
}

/// The view's UIDs that the store has no more: what vanished() cannot tell when the view is older than its record.
std::expected<mailbox::UidSet, StoreError> missing(const mailbox::Snapshot& snapshot,
                                                   const SelectedMailbox& mailbox) {
  UidRuns left = mailbox.messages;
  mailbox::UidSet present;
  const auto note = [&present](const mailbox::Message& message) { present.add(message.uid); };
  auto scanned = scan_all(snapshot, mailbox.id, below(mailbox.uid_next), note);
  if (!scanned) return std::unexpected(scanned.error());
  left.remove(present);
  return left.all();
}

/// The UIDs of the view that were expunged since the client was last told.
std::expected<mailbox::UidSet, StoreError> expunged(const mailbox::Snapshot& snapshot,
                                                    const SelectedMailbox& mailbox) {
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
  if (first < uid_next) mailbox.recent.add(mailbox::UidRange{first, Uid{number(uid_next) - 1}});
}

/// Looks at a few from the front, and at more of them when these are seen.
std::expected<std::optional<Uid>, StoreError> find_unseen_in_front(const mailbox::Snapshot& snapshot,
                                                                   const mailbox::MailboxInfo& info) {
  std::optional<Uid> first;
  if (info.unseen == 0) return first;
  const auto note = [&first](const mailbox::Message& message) {
    if (!first && !message.flags.contains(mailbox::SystemFlag::seen)) first = message.uid;
  };
  mailbox::UidRange range = below(info.uid_next);
  for (std::size_t rows = kFrontRowsAtFirst; !first && rows <= kFrontRows; rows *= 4) {
    auto next_uid = snapshot.scan(info.id, range, rows, note);
    if (!next_uid) return std::unexpected(next_uid.error());
    const std::optional<Uid> rest = *next_uid;
    if (!rest) break;
    range.first = *rest;
  }
  return first;
}

/// Looks from the end when there was none in front: what is unseen is most often new.
std::expected<std::optional<Uid>, StoreError> find_first_unseen(const mailbox::Reader& store, UserId user,
                                                                const mailbox::MailboxInfo& info,
                                                                std::optional<Uid> first) {
  if (first || info.unseen == 0) return first;
  auto note_back = [&first, left = info.unseen](const mailbox::Message& message) mutable {
    if (message.flags.contains(mailbox::SystemFlag::seen)) return true;
    first = message.uid;
    return --left > 0;
  };
  auto scanned = reading::walk_back(store, user, info.id, std::move(note_back));
  if (!scanned) return std::unexpected(scanned.error());
  return first;
}

std::expected<Uid, StoreError> find_first_new(const mailbox::Reader& store, const mailbox::MailboxInfo& info,
                                              const Recency& recency) {
  const bool is_known = recency.messages == nullptr || recency.messages->has_looked(recency.user, info.id);
  if (is_known) return info.uid_next;
  return recency.messages->first_without_look(store, recency.user, info);
}

struct Found {
  mailbox::MailboxInfo info;
  std::optional<mailbox::UidSet> uids;  // when they could be had without reading the rows
  std::optional<Uid> unseen_in_front;
};

std::expected<Found, StoreError> find(const mailbox::Reader& store, UserId user, const std::string& name) {
  const auto snapshot = store.read(user);
  if (!snapshot) return std::unexpected(snapshot.error());
  auto info = snapshot->mailbox(name);
  if (!info) return std::unexpected(info.error());
  auto uids = snapshot->uids_without_rows(info->id);
  if (!uids) return std::unexpected(uids.error());
  auto unseen = find_unseen_in_front(*snapshot, *info);
  if (!unseen) return std::unexpected(unseen.error());
  return Found{std::move(*info), std::move(*uids), *unseen};
}

std::uint32_t count_recent(const SelectedMailbox& mailbox) {
  return static_cast<std::uint32_t>(mailbox.messages.uids().intersection(to_number_set(mailbox.recent)).count());
}

}  // namespace

std::expected<OpenedMailbox, StoreError> open_mailbox(const mailbox::Reader& store, const std::string& name,
                                                      bool read_only, const Recency& recency) {
  auto found = find(store, recency.user, name);
  if (!found) return std::unexpected(found.error());
  const mailbox::MailboxInfo* info = &found->info;
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
  if (!found->uids) {  // what goes from now on may be among them or not: it is news of later than is told here
    auto uids = reading::read_uids(store, recency.user, info->id, below(info->uid_next));
    if (!uids) return std::unexpected(uids.error());
    found->uids = std::move(*uids);
  }
  opened.mailbox.messages = UidRuns{*found->uids};
  auto first_unseen = find_first_unseen(store, recency.user, *info, found->unseen_in_front);
  if (!first_unseen) return std::unexpected(first_unseen.error());
  if (*first_unseen) opened.first_unseen = opened.mailbox.messages.sequence_number(**first_unseen);
  auto first_new = find_first_new(store, *info, recency);
  if (!first_new) return std::unexpected(first_new.error());
  note_recent(opened.mailbox, recency, info->uid_next, *first_new);
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

std::expected<bool, StoreError> has_news(const mailbox::Snapshot& snapshot, const SelectedMailbox& mailbox,
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
    auto begun = begin(*snapshot, *info);
    if (!begun) return std::unexpected(begun.error());
  }
  if (!print_expunges(out)) return out;
  out += std::exchange(after_expunges_, {});
  auto told = tell_flags(*snapshot, *info, out);
  if (!told) return std::unexpected(told.error());
  return out;
}

std::expected<void, StoreError> NewsTeller::begin(const mailbox::Snapshot& snapshot,
                                                  const mailbox::MailboxInfo& info) {
  target_ = info.highest_modseq;
  flags_end_ = mailbox_.uid_next;
  flags_from_ = Uid{1};
  if (info.highest_modseq > mailbox_.expunges_told) {
    auto told = tell_expunges(snapshot, info);
    if (!told) return told;
  }
  auto told = tell_arrivals(snapshot, info);
  if (!told) return told;
  if (info.keywords.size() > mailbox_.keywords_told) {
    append_flags_of_mailbox(after_expunges_, info.keywords, mailbox_.read_only);
    mailbox_.keywords_told = info.keywords.size();
  }
  return {};
}

std::expected<void, StoreError> NewsTeller::tell_expunges(const mailbox::Snapshot& snapshot,
                                                          const mailbox::MailboxInfo& info) {
  auto gone = expunged(snapshot, mailbox_);
  if (!gone) return std::unexpected(gone.error());
  const imap::NumberSet known = mailbox_.messages.uids().intersection(to_number_set(*gone));
  if (!known.empty() && !options_.expunges) return {};  // they must wait
  auto numbers = mailbox_.messages.remove(*gone);
  if (!options_.dialect.says_vanished()) {
    expunges_ = std::move(numbers);
  } else if (!known.empty()) {
    vanished_.emplace(std::vector(known.ranges().begin(), known.ranges().end()), NumberText::Style::ranges);
  }
  mailbox_.expunges_told = info.highest_modseq;
  return {};
}

/// Prints some of what was expunged. Whether that was all. VANISHED leaves the sequence numbers to the client (RFC
/// 7162 §3.2.10.2); of EXPUNGE the highest comes first, so that none moves another (RFC 9051 §7.5.1).
bool NewsTeller::print_expunges(std::string& out) {
  if (vanished_) {
    if (!std::exchange(vanished_begun_, true)) out += "* VANISHED ";
    out += vanished_->next();
    if (!vanished_->done()) return false;
    out += kCrlf;
    vanished_.reset();
  }
  while (!expunges_.empty() && out.size() < kSliceOctets) {
    auto& range = expunges_.back();
    out.append("* ").append(std::to_string(range.last)).append(" EXPUNGE\r\n");
    if (range.last-- == range.first) expunges_.pop_back();
  }
  return expunges_.empty();
}

std::expected<void, StoreError> NewsTeller::tell_arrivals(const mailbox::Snapshot& snapshot,
                                                          const mailbox::MailboxInfo& info) {
  if (info.uid_next == mailbox_.uid_next) return {};
  const std::uint32_t before = mailbox_.messages.size();
  const auto note = [this](const mailbox::Message& message) {
    mailbox_.messages.append(message.uid);
    new_messages_.add(message.uid);
  };
  auto scanned = scan_all(snapshot, info.id, {mailbox_.uid_next, Uid{number(info.uid_next) - 1}}, note);
  if (!scanned) return std::unexpected(scanned.error());
  const Uid first_arrival = std::exchange(mailbox_.uid_next, info.uid_next);
  note_recent(mailbox_, {user_, options_.recent_messages}, info.uid_next, first_arrival);
  if (mailbox_.messages.size() == before) return {};
  append_counts(after_expunges_, mailbox_, options_.dialect);
  return {};
}

bool NewsTeller::knows(const mailbox::Message& message) const {
  const auto last = [](const KnownFlags& change) { return change.uids.ranges().back().last; };
  const auto change = std::ranges::lower_bound(options_.known, message.uid, {}, last);
  return change != options_.known.end() && message.modseq <= change->up_to && change->uids.contains(message.uid);
}

std::expected<void, StoreError> NewsTeller::tell_flags(const mailbox::Snapshot& snapshot,
                                                       const mailbox::MailboxInfo& info, std::string& out) {
  if (!options_.flags) {
    done_ = true;
    return {};
  }
  imap::ResponseWriter writer{out};
  const auto tell = [&](const mailbox::Message& message) {
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
