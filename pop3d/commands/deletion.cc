// DELE, RSET and QUIT (RFC 1939 §5, §6): marks, and what becomes of them.
#include <utility>

#include "pop3d/session.h"

namespace posthaste::pop3d {

net::Task<void> Session::run(pop3::Dele command) {
  const auto marked = transaction_->maildrop.mark(command.message);
  say(marked ? pop3::ok("Message marked as deleted") : reply_for(marked.error()));
  co_return;
}

net::Task<void> Session::run(pop3::Rset) {
  Maildrop& maildrop = transaction_->maildrop;
  maildrop.unmark_all();
  say(pop3::ok(std::to_string(maildrop.count()) + " messages (" + std::to_string(maildrop.octets()) + " octets)"));
  co_return;
}

net::Task<void> Session::run(pop3::Quit) {
  auto reply = pop3::ok("Bye");
  if (transaction_) reply = co_await update();
  transaction_.reset();  // who hears the reply finds the maildrop free
  hang_up(reply);
}

/// The UPDATE state: all marked messages go at once, and +OK is said when they are gone for good.
net::Task<pop3::Reply> Session::update() {
  auto uids = transaction_->maildrop.marked();
  const auto deleted = uids.size();
  if (deleted != 0) {
    mailbox::Batch batch;
    batch.operations.emplace_back(
        mailbox::Expunge{transaction_->maildrop.mailbox(), std::move(uids), mailbox::ExpungeWhich::all});
    mailbox::IdempotencyKey key;  // an aggregate made inside the awaiting statement would be freed twice by g++ 12
    auto applied = co_await around_.applier.apply(transaction_->identity.id, std::move(batch), std::move(key));
    if (!applied) {
      around_.log.error("pop3.update.failed", {{"user", transaction_->identity.address}, {"messages", deleted}});
      co_return reply_for_update(applied.error());
    }
  }
  const Transaction& ended = *transaction_;
  around_.log.info("pop3.quit", {{"user", ended.identity.address},
                                 {"messages", ended.maildrop.count()},
                                 {"retrieved", ended.retrieved},
                                 {"deleted", deleted}});
  co_return pop3::ok("Bye");
}

}  // namespace posthaste::pop3d
