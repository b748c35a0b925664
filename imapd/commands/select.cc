// SELECT, EXAMINE, and the ways to leave a mailbox (RFC 9051 §6.3.2-3, §6.4.1-2, RFC 3691, RFC 7162 §3.2.5).
#include "common/imap/writer.h"
#include "imapd/answers/flags.h"
#include "imapd/answers/object_id.h"
#include "imapd/news/resync.h"
#include "imapd/session.h"
#include "imapd/view/uid_batches.h"

namespace posthaste::imapd {
namespace {

void append_opened(std::string& out, const OpenedMailbox& opened, const Dialect& dialect) {
  const SelectedMailbox& mailbox = opened.mailbox;
  append_flags_of_mailbox(out, opened.keywords, mailbox.read_only);
  append_counts(out, mailbox, dialect);
  imap::ResponseWriter writer{out, dialect.mailbox_encoding()};
  if (opened.first_unseen && !dialect.rev2 && !dialect.uid_only) {
    writer.raw("* OK [UNSEEN ");
    writer.number(number(*opened.first_unseen));
    writer.raw("] First unseen message\r\n");
  }
  writer.raw("* OK [UIDVALIDITY ");
  writer.number(number(mailbox.uid_validity));
  writer.raw("] UIDs are valid\r\n* OK [UIDNEXT ");
  writer.number(number(mailbox.uid_next));
  writer.raw("] Next UID\r\n* OK [MAILBOXID (" + object_id(mailbox.id) + ")] Mailbox id\r\n* OK [HIGHESTMODSEQ ");
  writer.number(number(mailbox.all_told()));
  writer.raw("] Highest\r\n");
  if (!dialect.rev2) return;
  writer.raw("* LIST (");  // RFC 9051 §6.3.2
  if (opened.special_use) writer.raw(imap::name_of(to_imap(*opened.special_use)));
  writer.raw(") \"/\" ");
  writer.mailbox(opened.name);
  writer.crlf();
}

/// A mailbox just opened, and what the client missed of it since it last saw it.
struct Opening {
  OpenedMailbox opened;
  imap::NumberSet vanished;
  mailbox::UidSet known;  // of these messages it wants to hear what has changed
};

/// Never on a loop.
std::expected<Opening, mailbox::StoreError> open_and_compare(
    const mailbox::Reader& store, const std::string& name, bool read_only, const Recency& recency,
    const std::optional<imap::Resynchronization>& last_seen) {
  auto opened = open_mailbox(store, name, read_only, recency);
  if (!opened) return std::unexpected(opened.error());
  Opening opening{std::move(*opened), {}, {}};
  const SelectedMailbox& mailbox = opening.opened.mailbox;
  if (!last_seen || last_seen->uid_validity != mailbox.uid_validity) return opening;
  imap::NumberSet known = known_uids(mailbox, *last_seen);
  opening.known = mailbox.messages.select(imap::NumberedBy::uid, known);
  const imap::NumberSet asked = above_match(mailbox, std::move(known), last_seen->match);
  auto vanished = vanished_earlier(store, recency.user, mailbox, last_seen->mod_seq, asked);
  if (!vanished) return std::unexpected(vanished.error());
  opening.vanished = std::move(*vanished);
  return opening;
}

const std::vector<imap::FetchItem> kResyncItems{imap::FetchAttribute::uid, imap::FetchAttribute::flags,
                                                imap::FetchAttribute::mod_seq};

}  // namespace

net::Task<Reply> Session::run(imap::Select command) {
  co_return co_await open(std::move(command.mailbox), std::move(command.parameters), false);
}

net::Task<Reply> Session::run(imap::Examine command) {
  co_return co_await open(std::move(command.mailbox), std::move(command.parameters), true);
}

net::Task<Reply> Session::open(std::string name, imap::SelectParameters parameters, bool read_only) {
  const auto& last_seen = parameters.resynchronization;
  if (last_seen && !dialect_.qresync) co_return reply_for(Refusal::no_qresync);
  if (selected_) append_reply(stream_.output(), "*", reply_for(Done::left, "CLOSED"));
  selected_.reset();  // also when what follows fails (RFC 9051 §6.3.2)
  dialect_.condstore |= parameters.condstore;
  auto work = [&store = around_.store, &name, read_only, recency = recency(), &last_seen] {
    return open_and_compare(store, name, read_only, recency, last_seen);
  };
  auto opening = co_await off_loop(std::move(work));
  if (!opening) co_return reply_for(opening.error());
  append_opened(stream_.output(), opening->opened, dialect_);
  append_vanished_earlier(stream_.output(), opening->vanished);
  selected_ = std::move(opening->opened.mailbox);
  if (!opening->known.empty()) {
    auto plan = plan_items(kResyncItems);
    plan->changed_since = last_seen->mod_seq;
    FetchWork changes{around_.store, login_->user, *selected_, *plan, dialect_, std::move(opening->known), {}};
    auto sent = co_await send_fetch(changes);
    if (!sent) {
      selected_.reset();
      co_return std::move(sent.error());
    }
  }
  co_return read_only ? reply_for(Done::opened, "READ-ONLY") : reply_for(Done::opened, "READ-WRITE");
}

net::Task<Reply> Session::run(imap::Check) {
  co_return reply_for(Done::on_disk);  // always
}

net::Task<Reply> Session::run(imap::Unselect) {
  selected_.reset();
  co_return reply_for(Done::left);
}

net::Task<Reply> Session::run(imap::Close) {
  const SelectedMailbox left = std::move(*selected_);
  selected_.reset();
  if (left.read_only) co_return reply_for(Done::left);
  auto expunged = co_await expunge_deleted(left.id, batches_of(left));
  if (!expunged && expunged.error() != mailbox::StoreError::no_such_mailbox) co_return reply_for(expunged.error());
  co_return reply_for(Done::left);
}

}  // namespace posthaste::imapd
