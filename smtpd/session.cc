#include "smtpd/session.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "common/base/octets.h"
#include "common/session/logins.h"
#include "common/smtp/command.h"

namespace posthaste::smtpd {
namespace {

constexpr std::chrono::milliseconds kLastWordsTimeout = std::chrono::seconds{5};
constexpr std::size_t kQueuedMaxOctets = 16'384;  // of answers to pipelined commands, until they are sent
constexpr int kServiceClosing = 421;              // RFC 5321 §3.8

std::string_view name_of(Role role) noexcept {
  switch (role) {
    case Role::mx: return "smtp";
    case Role::submission: return "submission";
    case Role::submissions: return "submissions";
  }
  std::unreachable();
}

}  // namespace

Session::Session(std::unique_ptr<net::Transport> transport, Context& context, Role role,
                 daemon::Admission::Place place)
    : context_(context),
      role_(role),
      place_(std::move(place)),
      stream_(std::move(transport), context.config.smtp.session_timeout),
      limit_(context.world.clock, stream_),
      turns_(context.world.clock),
      connected_at_(context.world.clock.now()),
      last_message_at_(connected_at_),
      peer_(context.clients.identify(stream_.peer().address)),
      held_back_(context.world.clock) {}

net::Task<void> Session::converse() {
  const net::TaskScope::StopHandler on_stop{context_.scope, [this] {
                                              stream_.interrupt();
                                              held_back_.ring();
                                            }};
  context_.log.debug("session.opened", {{"client", stream_.peer().address}, {"port", name_of(role_)}});
  try {
    co_await converse_in_turns();
  } catch (const std::exception& failure) {  // ends this session alone
    context_.log.error("session.failed", {{"client", stream_.peer().address}, {"reason", failure.what()}});
  }
  context_.log.debug("session.closed", {{"client", stream_.peer().address}, {"port", name_of(role_)}});
}

net::Task<void> Session::converse_in_turns() {
  if (role_ == Role::submissions) {
    const auto server = context_.certificates.current();
    limit_.end_at(patience_ends());
    auto secured = co_await stream_.accept_tls(*server);
    if (!secured) co_return co_await hang_up(secured.error());
  }
  send({220, context_.config.hostname + " ESMTP Posthaste"});
  while (open_) {
    if (turns_.step()) co_await turns_.let_others_run();
    if (stream_.queued() >= kQueuedMaxOctets) {
      auto flushed = co_await stream_.flush();  // what a client has sent before it hung up may be much
      if (!flushed) co_return co_await hang_up(flushed.error());
    }
    if (login_lost_) co_return co_await hang_up(net::StreamError::interrupted);
    const auto patience_end = patience_ends();
    if (patience_end <= context_.world.clock.now()) co_return co_await hang_up(net::StreamError::timed_out);
    limit_.end_at(patience_end);
    auto line = co_await stream_.read_line(smtp::kAuthLineMaxOctets);
    limit_.lift();
    if (!line) co_return co_await hang_up(line.error());
    if (!transaction_ && ++commands_without_mail_ > kCommandsWithoutMailMax) {
      send(reply_for(Refusal::too_many_commands));
      break;
    }
    tell_command(*line);
    const bool utf8 = transaction_ && transaction_->smtp_utf8;
    auto command = smtp::parse_command(*line, {.recipient_utf8 = utf8 ? smtp::Utf8::allowed : smtp::Utf8::refused});
    if (!command) {
      auto slowed = co_await slow_down();
      if (!slowed) co_return co_await hang_up(slowed.error());
      send(reply_for(command.error().kind));
      if (smtp::ends_dialogue(command.error().kind)) break;
      continue;
    }
    const auto execute = [this](auto& known) { return on(std::move(known)); };
    auto pending = std::visit(execute, *command);
    auto answer = co_await pending;
    if (!answer) co_return co_await hang_up(answer.error());
    if (!*answer) continue;
    if (is_permanent_refusal(**answer)) {
      auto slowed = co_await slow_down();
      if (!slowed) co_return co_await hang_up(slowed.error());
    }
    send(std::move(**answer));
  }
  co_await stream_.flush();
}

/// Also what is taken although it breaks the syntax. No secrets: AUTH may hold one.
void Session::tell_command(std::string_view line) const {
  if (!context_.log.enabled(log::Level::debug) || istarts_with(line, "AUTH")) return;
  context_.log.debug("smtp.command", {{"client", stream_.peer().address}, {"line", escaped(line)}});
}

void Session::send(smtp::Reply reply) {
  if (is_error_of_speech(reply) && ++speech_errors_ >= kSpeechErrorsMax)
    reply = reply_for(Refusal::too_many_errors);
  if (reply.code == kServiceClosing) open_ = false;
  stream_.write(smtp::to_wire(reply));
}

net::Task<std::expected<void, net::StreamError>> Session::slow_down() {
  if (identity_) co_return std::expected<void, net::StreamError>{};
  const auto now = context_.world.clock.now();
  const auto delay = context_.clients.note_refusal(peer_, now);
  if (delay.count() == 0) co_return std::expected<void, net::StreamError>{};
  auto flushed = co_await stream_.flush();  // what the client waits for already is not held back
  if (!flushed) co_return flushed;
  co_await held_back_.wait_until(now + delay);
  if (context_.world.clock.now() < now + delay) co_return std::unexpected(net::StreamError::interrupted);
  if (stream_.is_broken()) co_return std::unexpected(net::StreamError::closed);
  co_return std::expected<void, net::StreamError>{};
}

net::Instant Session::patience_ends() const {
  const auto end = context_.world.clock.now() + context_.config.smtp.session_timeout;
  const bool has_to_log_in = is_submission() && !identity_;
  return std::min(end, has_to_log_in ? connected_at_ + context_.config.smtp.session_timeout
                                     : last_message_at_ + kWithoutMessageMax);
}

net::Task<void> Session::hang_up(net::StreamError error) {
  error = limit_.reason(error);
  context_.log.debug("session.broken", {{"client", stream_.peer().address}, {"reason", net::name_of(error)}});
  const bool may_return = !login_lost_ || error != net::StreamError::interrupted;
  const auto last_words = may_return ? reply_for(error) : reply_for(Refusal::login_lost);
  if (last_words) stream_.write(smtp::to_wire(*last_words));
  // Also what was said before: a client that only listens now must hear that its message was taken.
  stream_.set_timeout(kLastWordsTimeout);
  co_await stream_.flush();
}

void Session::lose_login() {
  session::tell_lost_login(context_.log, identity_->address, stream_);
  login_lost_ = true;
  stream_.interrupt();
  held_back_.ring();
  cut_off_ = context_.world.clock.start_timer(auth::LoginWatch::kLastWordsTime, [this] { stream_.close(); });
}

std::vector<SaslMechanism> Session::sasl_mechanisms() const {
  if (!is_submission() || (stream_.tls() == nullptr && context_.config.submission.require_tls)) return {};
  return context_.authenticator.mechanisms(stream_.tls());
}

std::string_view Session::tls_version() const noexcept {
  return stream_.tls() == nullptr ? std::string_view{} : stream_.tls()->version();
}

std::string_view Session::user() const noexcept {
  return identity_ ? std::string_view{identity_->address} : std::string_view{};
}

}  // namespace posthaste::smtpd
