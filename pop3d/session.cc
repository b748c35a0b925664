#include "pop3d/session.h"

#include <chrono>
#include <exception>
#include <utility>
#include <variant>

#include "common/base/http_request.h"
#include "common/session/logins.h"
#include "pop3d/command_states.h"
#include "pop3d/limits.h"

namespace posthaste::pop3d {

Session::Session(const Surroundings& surroundings, std::unique_ptr<net::Transport> transport,
                 session::Security security, daemon::Admission::Place place)
    : around_(surroundings),
      security_(security),
      place_(std::move(place)),
      stream_(std::move(transport), surroundings.config.pop3.idle_timeout),
      limit_(surroundings.world.clock, stream_, surroundings.config.pop3.idle_timeout) {}

net::Task<void> Session::converse(net::TaskScope& scope) {
  const net::TaskScope::StopHandler stop{scope, [this] { stream_.interrupt(); }};
  try {
    if (security_ == session::Security::implicit_tls) {
      const auto certificate = around_.certificates.current();
      auto secured = co_await stream_.accept_tls(*certificate);
      if (!secured) co_return;
    }
    // Without angle brackets: they would offer APOP (RFC 1939 §7).
    say(pop3::ok(around_.config.hostname + " Posthaste POP3 ready"));
    co_await serve();
    co_await flush();
  } catch (const std::exception& failure) {  // ends this session alone, without the UPDATE state
    around_.log.error("session.failed", {{"client", stream_.peer().address}, {"reason", failure.what()}});
  }
  stream_.close();
}

net::Task<void> Session::serve() {
  while (open_ && !login_lost_) {
    auto line = co_await read_line();
    if (!line) {
      if (!login_lost_) hang_up(farewell(limit_.reason(line.error())));
      co_return;
    }
    co_await answer(std::move(*line));
    co_await relieve();
    co_await take_turns();
  }
}

net::Task<std::expected<std::string, net::StreamError>> Session::read_line() {
  if (limit_.has_passed()) co_return std::unexpected(net::StreamError::timed_out);  // whatever came meanwhile
  if (transaction_) limit_.end_in(around_.config.pop3.idle_timeout);
  if (held_ && !stream_.has_input()) co_await flush();  // an error comes back with the line
  auto line = co_await stream_.read_line(pop3::kAuthLineMaxOctets);
  if (transaction_) limit_.lift();
  if (!line) co_return std::unexpected(line.error());
  co_return std::string{*line};
}

net::Task<void> Session::take_turns() {
  if (++commands_since_turn_ < kCommandsInOneTurn) co_return;
  commands_since_turn_ = 0;
  const std::chrono::milliseconds at_once{0};
  co_await around_.world.clock.sleep(at_once);
}

net::Task<void> Session::answer(std::string line) {
  if (!transaction_ && ++commands_before_login_ > kCommandsBeforeLoginMax) {
    hang_up(reply_for(Refusal::too_many_commands));
    co_return;
  }
  if (!transaction_ && is_http_request(line)) {
    hang_up(pop3::err("This is POP3, not HTTP"));
    co_return;
  }
  auto command = pop3::parse_command(line);
  if (!command) {
    refuse(reply_for(command.error()));
    co_return;
  }
  const auto execute_it = [this](auto& known) { return execute(std::move(known)); };
  auto execution = std::visit(execute_it, *command);
  co_await execution;
}

template <typename Command>
net::Task<void> Session::execute(Command command) {
  if constexpr (kLegalIn<Command> == LegalIn::neither) {
    refuse(reply_for(Refusal::not_offered));
    co_return;
  } else {
    if (kLegalIn<Command> == LegalIn::transaction && !transaction_) {
      refuse(reply_for(Refusal::log_in_first));
    } else if (kLegalIn<Command> == LegalIn::authorization && transaction_) {
      refuse(reply_for(Refusal::logged_in_already));
    } else {
      co_await run(std::move(command));
    }
  }
}

void Session::refuse(const pop3::Reply& reply) {
  say(reply);
  if (++bad_commands_ >= kBadCommandsMax) hang_up(reply_for(Refusal::too_many_commands));
}

void Session::hang_up(const std::optional<pop3::Reply>& last_words) {
  if (last_words) say(*last_words);
  open_ = false;
}

void Session::lose_login() {
  session::tell_lost_login(around_.log, transaction_->identity.address, stream_);
  login_lost_ = true;
  stream_.interrupt();
  cut_off_ = around_.world.clock.start_timer(auth::LoginWatch::kLastWordsTime, [this] { stream_.close(); });
}

net::Task<void> Session::relieve() {
  hold_output();
  if (stream_.queued() >= kQueuedMaxOctets) co_await flush();
}

net::Task<void> Session::flush() {
  hold_output();
  auto flushed = co_await stream_.flush();
  if (!flushed) open_ = false;
  if (held_) held_->shrink_to(transaction_ ? transaction_->reader.octets_ahead() : 0);
}

bool Session::has_memory_for(std::size_t more_octets) {
  const std::size_t ahead = transaction_ ? transaction_->reader.octets_ahead() : 0;
  const std::size_t octets = stream_.queued() + ahead + more_octets;
  if (octets <= kUncountedOctets) return true;
  if (!held_) held_.emplace(around_.output_memory);
  if (octets <= held_->octets()) return true;
  if (held_->grow_to(octets + kCountedInStepsOf)) return true;
  if (ahead == 0 || !transaction_) return held_->grow_to(octets);
  transaction_->reader.forget_ahead();
  return has_memory_for(more_octets);
}

void Session::hold_output() {
  if (has_memory_for(0)) return;
  around_.log.warning("output.refused", {{"client", stream_.peer().address}, {"octets", stream_.queued()}});
  stream_.close();
  open_ = false;
}

}  // namespace posthaste::pop3d
