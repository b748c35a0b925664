// CREATE, DELETE, RENAME, SUBSCRIBE and UNSUBSCRIBE (RFC 9051 §6.3.4-8, RFC 6154 §3).
#include "common/imap/mailbox_name.h"
#include "common/reading/row_walk.h"
#include "imapd/answers/flags.h"
#include "imapd/answers/object_id.h"
#include "imapd/limits.h"
#include "imapd/session.h"
#include "imapd/view/uid_batches.h"

namespace posthaste::imapd {
namespace {

struct Content {
  MailboxId mailbox{};
  mailbox::UidSet uids;
};

/// What is in a mailbox that has so much that it goes in parts; nothing of any other, or of none.
std::optional<Content> much_in(const mailbox::Reader& store, UserId user, const std::string& name) {
  MailboxId id{};
  {
    const auto snapshot = store.read(user);
    if (!snapshot) return std::nullopt;
    const auto info = snapshot->mailbox(name);
    if (!info || info->messages <= mailbox::kRenamedMessagesMax) return std::nullopt;
    id = info->id;
  }
  auto uids = reading::read_uids(store, user, id, mailbox::kAllUids);
  if (!uids) return std::nullopt;
  return Content{id, std::move(*uids)};
}

}  // namespace

net::Task<Reply> Session::run(imap::Create command) {
  if (command.special_uses.size() > 1) co_return reply_for(Refusal::many_special_uses);
  mailbox::CreateMailbox create{command.mailbox, std::nullopt};
  if (!command.special_uses.empty()) create.special_use = to_store(command.special_uses.front());
  auto created = co_await apply<mailbox::MailboxChanged>(std::move(create));
  if (!created) {
    const auto there = co_await find_mailbox(command.mailbox);
    const bool name_is_free = !there && there.error() == mailbox::StoreError::no_such_mailbox;
    if (created.error() == mailbox::StoreError::already_exists && name_is_free)
      co_return reply_for(Refusal::special_use_taken);  // RFC 6154 §3
    co_return reply_for(created.error());
  }
  co_return reply_for(Done::created, "MAILBOXID (" + object_id(created->first.mailbox) + ")");  // RFC 8474 §4.1
}

net::Task<Reply> Session::run(imap::Delete command) {
  mailbox::DeleteMailbox deletion{std::move(command.mailbox)};
  auto deleted = co_await apply<mailbox::MailboxChanged>(std::move(deletion));
  if (!deleted) co_return reply_for(deleted.error());
  if (selected_ && selected_->id == deleted->first.mailbox) selected_.reset();
  co_return reply_for(Done::deleted);
}

/// Of a large INBOX most is moved in parts, between which the store serves others, as MOVE does it: each message is
/// at every instant in one of the two (RFC 9051 §6.3.6 asks for no more).
net::Task<Reply> Session::run(imap::Rename command) {
  std::optional<Content> moved;
  if (imap::is_inbox(command.from)) {
    auto look = [&] { return much_in(around_.store, login_->user, command.from); };
    moved = co_await off_loop(std::move(look));
  }
  mailbox::RenameMailbox rename{std::move(command.from), std::move(command.to)};
  auto renamed = co_await apply<mailbox::MailboxChanged>(std::move(rename));
  if (!renamed) co_return reply_for(renamed.error());
  if (!moved) co_return reply_for(Done::renamed);
  for (UidBatches batches{std::move(moved->uids), kChangedAtOnce}; !batches.done();) {
    mailbox::Move move{moved->mailbox, batches.next(), renamed->first.mailbox};
    auto part = co_await apply<mailbox::Copied>(std::move(move));
    if (!part) co_return reply_for(part.error());
  }
  co_return reply_for(Done::renamed);
}

net::Task<Reply> Session::run(imap::Subscribe command) {
  co_return co_await set_subscribed(std::move(command.mailbox), true);
}

net::Task<Reply> Session::run(imap::Unsubscribe command) {
  co_return co_await set_subscribed(std::move(command.mailbox), false);
}

net::Task<Reply> Session::set_subscribed(std::string name, bool subscribed) {
  mailbox::SetSubscribed change{std::move(name), subscribed};
  auto done = co_await apply<mailbox::Done>(std::move(change));
  if (!done) co_return reply_for(done.error());
  co_return reply_for(subscribed ? Done::subscribed : Done::unsubscribed);
}

}  // namespace posthaste::imapd
