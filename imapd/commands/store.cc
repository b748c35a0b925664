// STORE and UID STORE (RFC 9051 §6.4.6).
#include "imapd/flags.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

store::FlagMode mode_of(imap::StoreOperation operation) {
  switch (operation) {
    case imap::StoreOperation::replace: return store::FlagMode::replace;
    case imap::StoreOperation::add: return store::FlagMode::add;
    case imap::StoreOperation::remove: return store::FlagMode::remove;
  }
  std::unreachable();
}

FetchPlan flags_plan(imap::NumberedBy numbered_by) {
  FetchPlan plan;
  if (numbered_by == imap::NumberedBy::uid) plan.items.emplace_back(imap::FetchAttribute::uid);
  plan.items.emplace_back(imap::FetchAttribute::flags);
  plan.says_flags = true;
  return plan;
}

}  // namespace

net::Task<Reply> Session::run(imap::Store command) {
  if (command.unchanged_since) co_return bad("UNCHANGEDSINCE is not offered");
  if (selected_->read_only) co_return no("READ-ONLY", "Mailbox is open for reading");
  auto uids = resolve(command.numbered_by, command.set);
  if (!uids) co_return std::move(uids.error());
  if (uids->empty()) co_return ok("No such messages");

  // What others changed is told before, for .SILENT keeps quiet about these messages.
  const bool by_uid = command.numbered_by == imap::NumberedBy::uid;
  TellOptions before{false, by_uid, {}};
  if (command.silent) co_await tell_news(std::move(before));
  if (!selected_) co_return no("NONEXISTENT", "The mailbox is gone");

  store::StoreFlags change{selected_->id,
                           *uids,
                           mode_of(command.operation),
                           to_store(command.flags.system),
                           std::move(command.flags.keywords),
                           std::nullopt};
  auto stored = co_await apply<store::FlagsStored>(std::move(change));
  if (!stored) co_return reply_for(stored.error());
  if (command.silent) {
    known_flags_ = {{std::move(stored->first.changed), stored->second}};
    co_return ok("Flags stored");
  }
  // New keywords are told before they are used.
  known_flags_ = {{*uids, stored->second}};
  TellOptions after{false, by_uid, known_flags_};
  co_await tell_news(std::move(after));
  if (!selected_) co_return no("NONEXISTENT", "The mailbox is gone");
  const FetchPlan plan = flags_plan(command.numbered_by);
  FetchWork work{around_.store, login_->user, *selected_, plan, std::move(*uids), {}};
  auto sent = co_await send_fetch(work);
  if (!sent) co_return std::move(sent.error());
  if (!by_uid && work.missing() > 0) co_return no("EXPUNGEISSUED", "Some of the messages are gone");
  co_return ok("Flags stored");
}

}  // namespace posthaste::imapd
