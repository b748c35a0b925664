// IDLE (RFC 2177).
#include "common/base/octets.h"
#include "imapd/limits.h"
#include "imapd/session.h"

namespace posthaste::imapd {

net::Task<Reply> Session::run(imap::Idle) {
  const auto selected = selected_ ? std::optional{selected_->id} : std::nullopt;
  const bool knows_metadata = known_metadata_ != nullptr;
  const auto wake = [this, selected, knows_metadata](const std::optional<mailbox::Change>& change) {
    const bool concerns_selected = selected && (!change || change->mailbox == *selected);
    if (concerns_selected || knows_metadata) stream_.wake();
  };
  const auto subscription = around_.changes.subscribe(login_->user, wake);
  stream_.write("+ idling\r\n");
  limit_.end_in(around_.config.imap.idle_timeout);  // other sessions' changes do not put it off
  for (;;) {
    TellOptions everything;
    if (notifications_) {  // then exactly what was asked for is told (RFC 5465 §4)
      co_await notify_client(true);
    } else if (selected_) {
      co_await tell_news(std::move(everything));
    }
    if (!open_) co_return reply_for(Done::idled_without_mailbox);
    co_await tell_metadata();
    auto ready = co_await wait_for_client();
    if (!ready) {
      hang_up(ready.error());
      co_return reply_for(Refusal::idle_cut_off);
    }
    if (*ready == net::Readiness::input) break;
  }
  // What follows DONE in the same packet stays in the stream: it is the next command.
  auto line = co_await stream_.read_line(kCommandBeforeLoginMaxOctets);
  limit_.lift();
  if (!line) {
    hang_up(line.error());
    co_return reply_for(Refusal::idle_cut_off);
  }
  if (!iequals(*line, "DONE")) co_return reply_for(Refusal::not_done);
  co_return reply_for(Done::idled);
}

}  // namespace posthaste::imapd
