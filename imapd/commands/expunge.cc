// EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, RFC 4315 §2.1).
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

store::Expunge expunge_deleted(MailboxId mailbox) { return {mailbox}; }

}  // namespace

net::Task<Reply> Session::run(imap::Expunge command) {
  if (selected_->read_only) co_return no("READ-ONLY", "Mailbox is open for reading");
  store::Expunge expunge = expunge_deleted(selected_->id);
  if (command.uids) {
    auto uids = resolve(imap::NumberedBy::uid, *command.uids);
    if (!uids) co_return std::move(uids.error());
    if (uids->empty()) co_return ok("Nothing to expunge");
    expunge.uids = std::move(*uids);
  }
  auto expunged = co_await apply<store::Expunged>(std::move(expunge));
  if (!expunged) co_return reply_for(expunged.error());
  says_mod_seq_ = !expunged->first.uids.empty();
  co_return ok("Expunged");  // the EXPUNGE responses are news, told next
}

}  // namespace posthaste::imapd
