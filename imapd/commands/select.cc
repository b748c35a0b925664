// SELECT, EXAMINE, and the ways to leave a mailbox (RFC 9051 §6.3.2-3, §6.4.1-2, RFC 3691).
#include "common/imap/writer.h"
#include "imapd/flags.h"
#include "imapd/object_id.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

void append_opened(std::string& out, const OpenedMailbox& opened) {
  const SelectedMailbox& mailbox = opened.mailbox;
  append_flags_of_mailbox(out, opened.keywords, mailbox.read_only);
  imap::ResponseWriter writer{out};
  writer.raw("* ");
  writer.number(mailbox.messages.size());
  writer.raw(" EXISTS\r\n* 0 RECENT\r\n");
  if (opened.first_unseen) {
    writer.raw("* OK [UNSEEN ");
    writer.number(number(*opened.first_unseen));
    writer.raw("] First unseen message\r\n");
  }
  writer.raw("* OK [UIDVALIDITY ");
  writer.number(number(mailbox.uid_validity));
  writer.raw("] UIDs are valid\r\n* OK [UIDNEXT ");
  writer.number(number(mailbox.uid_next));
  writer.raw("] Next UID\r\n* OK [MAILBOXID (" + object_id(mailbox.id) + ")] Mailbox id\r\n");
}

store::Expunge expunge_deleted(MailboxId mailbox) { return {mailbox}; }

}  // namespace

net::Task<Reply> Session::run(imap::Select command) {
  co_return co_await open(std::move(command.mailbox), std::move(command.parameters), false);
}

net::Task<Reply> Session::run(imap::Examine command) {
  co_return co_await open(std::move(command.mailbox), std::move(command.parameters), true);
}

net::Task<Reply> Session::open(std::string name, imap::SelectParameters parameters, bool read_only) {
  if (parameters != imap::SelectParameters{}) co_return bad("Unknown parameter");
  selected_.reset();  // also when what follows fails (RFC 9051 §6.3.2)
  auto work = [&store = around_.store, user = login_->user, &name,
               read_only]() -> std::expected<OpenedMailbox, store::StoreError> {
    auto snapshot = store.read(user);
    if (!snapshot) return std::unexpected(snapshot.error());
    return open_mailbox(*snapshot, name, read_only);
  };
  auto opened = co_await off_loop(std::move(work));
  if (!opened) co_return reply_for(opened.error());
  append_opened(stream_.output(), *opened);
  selected_ = std::move(opened->mailbox);
  co_return read_only ? ok("READ-ONLY", "Mailbox opened") : ok("READ-WRITE", "Mailbox opened");
}

net::Task<Reply> Session::run(imap::Check) {
  co_return ok("All is on disk");  // always
}

net::Task<Reply> Session::run(imap::Unselect) {
  selected_.reset();
  co_return ok("Mailbox left");
}

net::Task<Reply> Session::run(imap::Close) {
  const SelectedMailbox left = std::move(*selected_);
  selected_.reset();
  if (left.read_only) co_return ok("Mailbox left");
  auto expunge = expunge_deleted(left.id);
  auto expunged = co_await apply<store::Expunged>(std::move(expunge));
  if (!expunged && expunged.error() != store::StoreError::no_such_mailbox) co_return reply_for(expunged.error());
  co_return ok("Mailbox left");
}

}  // namespace posthaste::imapd
