// NOTIFY, and what it has told while no command runs (RFC 5465).
#include <algorithm>

#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

bool asks_for_unsupported(const imap::NotifyGroup& group) { return group.events.unsupported; }

/// What is said of a new message; UID and MODSEQ too, where unsolicited responses hold them.
std::vector<imap::FetchItem> new_message_items(std::vector<imap::FetchItem> items, const Dialect& dialect) {
  const auto add = [&items](imap::FetchAttribute attribute) {
    if (std::ranges::count(items, imap::FetchItem{attribute}) == 0) items.emplace_back(attribute);
  };
  if (dialect.says_uid()) add(imap::FetchAttribute::uid);
  if (dialect.condstore) add(imap::FetchAttribute::mod_seq);
  return items;
}

}  // namespace

net::Task<Reply> Session::run(imap::Notify command) {
  if (std::ranges::any_of(command.groups, asks_for_unsupported)) co_return reply_for(Refusal::unknown_event);
  if (command.groups.empty()) {
    notifications_.reset();
    co_return reply_for(Done::notifies_not);
  }
  auto next = std::make_unique<Notifications>(Watch{std::move(command)});
  if (next->watch.wants_metadata()) {
    auto known = co_await know_metadata();
    if (!known) co_return reply_for(known.error());
  }
  const auto* selected = next->watch.selected();
  if (selected != nullptr && !selected->events.new_items.empty() && !plan_items(selected->events.new_items)) {
    co_return reply_for(Refusal::not_offered);
  }
  // What is published from here on is noted; what was before is in the snapshot.
  const auto note = [this, pending = &next->changed](const std::optional<mailbox::Change>& change) {
    pending->note(change);
    stream_.wake();
  };
  next->subscription = around_.changes.subscribe(login_->user, note);
  WatchWork work{next->watch, around_.store, login_->user, manner()};
  auto begun = co_await tell_step_by_step(work);
  if (!begun) co_return std::move(begun.error());
  if (work.overflows()) co_return reply_for(Refusal::many_notified);
  notifications_ = std::move(next);
  co_return reply_for(Done::notifies);
}

Watch::Manner Session::manner() const {
  const auto selected = selected_ ? std::optional{selected_->id} : std::nullopt;
  return {selected, dialect_, {around_.config.smtp.message_max_octets, dialect_.mailbox_encoding()}};
}

net::Task<bool> Session::listen() {
  if (notifications_) limit_.end_in(around_.config.imap.idle_timeout);
  while (notifications_) {
    co_await notify_client(false);
    if (!open_) co_return false;
    auto ready = co_await wait_for_client();
    if (!ready) {
      hang_up(ready.error());
      co_return false;
    }
    if (*ready == net::Readiness::input) co_return true;
  }
  co_return true;
}

net::Task<void> Session::notify_client(bool idles) {
  const ChangedMailboxes changed = std::exchange(notifications_->changed, {});
  if (changed.empty()) co_return;
  WatchWork work{notifications_->watch, around_.store, login_->user, manner(), changed};
  auto told = co_await tell_step_by_step(work);
  if (!told || work.overflows()) {
    notifications_.reset();
    append_reply(stream_.output(), "*", reply_for(Done::notifies_no_more, "NOTIFICATIONOVERFLOW"));
    co_return;
  }
  co_await tell_metadata();
  auto relieved = co_await relieve();
  if (!relieved) co_return;

  const auto* wanted = notifications_->watch.selected();
  const bool concerns_selected = selected_ && (changed.all || changed.some.contains(selected_->id));
  if (!concerns_selected || wanted == nullptr || !wanted->events.message_new) co_return;
  TellOptions news{idles || wanted->filter == imap::NotifyFilter::selected, true, {}, {}};
  news.flags = wanted->events.flag_change;
  news.new_messages = true;
  co_await tell_news(std::move(news));
}

net::Task<std::expected<void, Reply>> Session::tell_step_by_step(WatchWork& work) {
  while (!work.done()) {
    auto step = [&work] { return work.step(); };
    auto lines = co_await off_loop(std::move(step));
    if (!lines) co_return std::unexpected(reply_for(lines.error()));
    stream_.write(*lines);
    auto relieved = co_await relieve();
    if (!relieved) co_return std::unexpected(farewell(net::StreamError::closed));
  }
  co_return std::expected<void, Reply>{};
}

net::Task<void> Session::tell_new_messages(mailbox::UidSet uids) {
  if (!notifications_ || uids.empty()) co_return;
  const auto* wanted = notifications_->watch.selected();
  if (wanted == nullptr || wanted->events.new_items.empty()) co_return;
  const auto plan = plan_items(new_message_items(wanted->events.new_items, dialect_));
  if (!plan) co_return;
  FetchWork work{around_.store, login_->user, *selected_, *plan, dialect_, std::move(uids), {}};
  auto sent = co_await send_fetch(work);
  if (!sent) around_.log.error("imap.notify.unreadable", {{"user", login_->address}});
}

}  // namespace posthaste::imapd
