// STATUS (RFC 9051 §6.3.11).
#include "imapd/session.h"
#include "imapd/status_line.h"

namespace posthaste::imapd {

net::Task<Reply> Session::run(imap::Status command) {
  auto snapshot = around_.store.read(login_->user);
  if (!snapshot) co_return reply_for(snapshot.error());
  const auto info = snapshot->mailbox(command.mailbox);
  if (!info) co_return reply_for(info.error());
  if (!can_answer(command.items)) co_return bad("Unknown status item");
  append_status(stream_.output(), *info, command.items, around_.config.smtp.message_max_octets);
  co_return ok("That is all");
}

}  // namespace posthaste::imapd
