// EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, RFC 4315 §2.1).
#include "imapd/session.h"
#include "imapd/view/uid_batches.h"

namespace posthaste::imapd {
net::Task<Reply> Session::run(imap::Expunge command) {
  if (selected_->read_only) co_return reply_for(Refusal::read_only);
  std::vector<mailbox::UidSet> parts;
  if (command.uids) {
    auto named = resolve(imap::NumberedBy::uid, *command.uids);
    if (!named) co_return std::move(named.error());
    if (named->empty()) co_return reply_for(Done::nothing_to_expunge);
    parts = batches_of(std::move(*named));
  } else {
    parts = batches_of(*selected_);
  }
  auto expunged = co_await expunge_deleted(selected_->id, std::move(parts));
  if (!expunged) co_return reply_for(expunged.error());
  says_mod_seq_ = *expunged;
  co_return reply_for(Done::expunged);  // the EXPUNGE responses are news, told next
}

/// Between the parts the store serves others: each message goes by itself (RFC 9051 §6.4.3).
net::Task<std::expected<bool, mailbox::StoreError>> Session::expunge_deleted(MailboxId mailbox,
                                                                             std::vector<mailbox::UidSet> parts) {
  bool some_are_gone = false;
  for (auto& part : parts) {
    const auto info = co_await find_mailbox(mailbox);
    if (info && info->deleted == 0) break;  // where it cannot be read the writer will say why
    mailbox::Expunge expunge{mailbox, std::move(part)};
    auto expunged = co_await apply<mailbox::Expunged>(std::move(expunge));
    if (!expunged) co_return std::unexpected(expunged.error());
    some_are_gone |= !expunged->first.uids.empty();
  }
  co_return some_are_gone;
}

}  // namespace posthaste::imapd
