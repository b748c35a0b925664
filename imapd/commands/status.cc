// STATUS (RFC 9051 §6.3.11, RFC 9208 §4.1.4).
#include <algorithm>

#include "imapd/answers/status_line.h"
#include "imapd/session.h"

namespace posthaste::imapd {

net::Task<Reply> Session::run(imap::Status command) {
  if (std::ranges::count(command.items, imap::StatusItem::highest_mod_seq) > 0) enable_condstore();
  auto info = co_await find_mailbox(command.mailbox);
  if (!info) co_return reply_for(info.error());
  auto sent = co_await send_status(std::move(*info), std::move(command.items));
  if (!sent) co_return reply_for(sent.error());
  co_return reply_for(Done::all_told);
}

net::Task<std::expected<void, mailbox::StoreError>> Session::send_status(mailbox::MailboxInfo info,
                                                                         std::vector<imap::StatusItem> items) {
  StatusContext context{around_.config.smtp.message_max_octets, dialect_.mailbox_encoding()};
  if (wants_deleted_octets(items, info)) {
    auto count = [&] { return deleted_octets(around_.store, login_->user, info); };
    auto counted = co_await off_loop(std::move(count));
    if (!counted) co_return std::unexpected(counted.error());
    context.deleted_octets = *counted;
  }
  if (std::ranges::count(items, imap::StatusItem::recent) > 0) {
    auto count = [&] { return around_.recent_messages.count(around_.store, login_->user, info); };
    auto counted = co_await off_loop(std::move(count));
    if (!counted) co_return std::unexpected(counted.error());
    context.recent = *counted;
  }
  append_status(stream_.output(), info, items, context);
  co_return std::expected<void, mailbox::StoreError>{};
}

}  // namespace posthaste::imapd
