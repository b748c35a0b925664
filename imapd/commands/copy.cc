// COPY and MOVE (RFC 9051 §6.4.7-8, RFC 4315 §3).
#include "imapd/limits.h"
#include "imapd/session.h"
#include "imapd/view/uid_batches.h"

namespace posthaste::imapd {
namespace {

std::string copyuid(const mailbox::Copied& copied) {
  return "COPYUID " + std::to_string(number(copied.uid_validity)) + " " +
         imap::to_string(to_number_set(copied.source)) + " " + imap::to_string(to_number_set(copied.destination));
}

/// Messages named by a sequence number are expected to be there; by UID it is well that they are gone.
Reply nothing_left(imap::NumberedBy numbered_by) {
  if (numbered_by == imap::NumberedBy::uid) return reply_for(Done::no_such_messages);
  return reply_for(Refusal::all_messages_gone);
}

/// TRYCREATE asks for the target; what was lost may be the selected mailbox (RFC 9051 §6.4.7).
Reply reply_for_copy(mailbox::StoreError error, bool target_is_there) {
  return target_is_there ? reply_for(error) : reply_for_target(error);
}

}  // namespace

net::Task<Reply> Session::run(imap::Copy command) {
  auto uids = resolve(command.numbered_by, command.set);
  if (!uids) co_return std::move(uids.error());
  const auto target = co_await find_mailbox(command.mailbox);
  if (!target) co_return reply_for_target(target.error());
  if (uids->empty()) co_return reply_for(Done::nothing_to_copy);
  mailbox::Copy copy{selected_->id, std::move(*uids), target->id};
  auto copied = co_await apply<mailbox::Copied>(std::move(copy));
  if (!copied) {
    const auto target_now = co_await find_mailbox(command.mailbox);
    co_return reply_for_copy(copied.error(), target_now.has_value());
  }
  if (copied->first.source.empty()) co_return nothing_left(command.numbered_by);
  co_return reply_for(Done::copied, copyuid(copied->first));
}

/// In parts, between which the store serves others: each message is at every instant in one of the two mailboxes,
/// which is all that RFC 6851 §3.3 asks for.
net::Task<Reply> Session::run(imap::Move command) {
  if (selected_->read_only) co_return reply_for(Refusal::read_only);
  auto uids = resolve(command.numbered_by, command.set);
  if (!uids) co_return std::move(uids.error());
  const auto target = co_await find_mailbox(command.mailbox);
  if (!target) co_return reply_for_target(target.error());
  if (uids->empty()) co_return reply_for(Done::nothing_to_move);
  bool some_moved = false;
  for (UidBatches batches{std::move(*uids), kChangedAtOnce}; !batches.done();) {
    mailbox::Move move{selected_->id, batches.next(), target->id};
    auto moved = co_await apply<mailbox::Copied>(std::move(move));
    if (!moved) {
      const auto target_now = co_await find_mailbox(command.mailbox);
      co_return reply_for_copy(moved.error(), target_now.has_value());
    }
    if (moved->first.source.empty()) continue;
    // Before the EXPUNGE responses (RFC 6851 §4.3), which are news, told next.
    append_reply(stream_.output(), "*", reply_for(Done::some_moved, copyuid(moved->first)));
    some_moved = true;
    says_mod_seq_ = true;
  }
  if (!some_moved) co_return nothing_left(command.numbered_by);
  co_return reply_for(Done::moved);
}

}  // namespace posthaste::imapd
