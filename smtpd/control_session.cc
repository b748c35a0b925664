#include "smtpd/control_session.h"

#include <chrono>
#include <string>
#include <utility>

#include "common/base/octets.h"

namespace posthaste::smtpd {
namespace {

constexpr std::chrono::milliseconds kPatience = std::chrono::seconds{30};

queue::ControlAnswer answer_for(const Dispatcher::Changed& done) {
  if (done) return queue::ControlDone{1, *done};
  switch (done.error()) {
    case queue::QueueError::not_found: return std::unexpected("there is no such entry");
    case queue::QueueError::full: return std::unexpected("the disk is full");
    case queue::QueueError::io: return std::unexpected("the disk failed");
    case queue::QueueError::damaged: return std::unexpected("the message is damaged");
    case queue::QueueError::unavailable: return std::unexpected("the queue can't be read now: try again");
  }
  std::unreachable();
}

}  // namespace

ControlSession::ControlSession(std::unique_ptr<net::Transport> transport, Dispatcher& dispatcher, net::Clock& clock,
                               net::TaskScope& scope, const log::Log& log, std::uint32_t own_user)
    : stream_(std::move(transport), kPatience),
      limit_(clock, stream_),
      dispatcher_(dispatcher),
      scope_(scope),
      log_(log),
      own_user_(own_user) {}

net::Task<void> ControlSession::converse() {
  const net::TaskScope::StopHandler on_stop{scope_, [this] { stream_.interrupt(); }};
  const auto user = stream_.peer_user();
  if (!user || (*user != 0 && *user != own_user_)) {
    log_.warning("peer.refused", {{"socket", "control"}, {"uid", user.value_or(0)}});
    co_return;
  }
  for (;;) {
    limit_.end_in(kPatience);
    const auto line = co_await stream_.read_line(queue::kControlLineMaxOctets);
    limit_.lift();
    if (!line) co_return;
    const auto request = queue::parse_control_request(*line);
    queue::ControlAnswer answer = std::unexpected("not a request: \"" + escaped(*line) + "\"");
    if (request) answer = co_await carry_out(*request);
    stream_.write(queue::to_line(answer));
    stream_.write(kCrlf);
  }
}

Dispatcher::Changed ControlSession::retry(queue::EntryId entry) {
  const auto asked = dispatcher_.retry(entry);
  if (!asked) return std::unexpected(asked.error());
  return 0;
}

net::Task<queue::ControlAnswer> ControlSession::carry_out(queue::ControlRequest request) {
  if (!request.entry) co_return queue::ControlDone{dispatcher_.retry_all(), 0};
  Dispatcher::Changed done;
  switch (request.action) {
    case queue::ControlAction::retry: done = retry(*request.entry); break;
    case queue::ControlAction::hold: done = co_await dispatcher_.set_held(*request.entry, true); break;
    case queue::ControlAction::release: done = co_await dispatcher_.set_held(*request.entry, false); break;
    case queue::ControlAction::drop: done = co_await dispatcher_.drop(*request.entry); break;
  }
  co_return answer_for(done);
}

}  // namespace posthaste::smtpd
