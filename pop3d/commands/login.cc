// STLS (RFC 2595 §4), USER and PASS (RFC 1939 §7), AUTH (RFC 5034): from the greeting to the maildrop.
#include <utility>
#include <variant>

#include "common/auth/sasl.h"
#include "common/session/logins.h"
#include "common/session/sasl_dialogue.h"
#include "pop3d/limits.h"
#include "pop3d/session.h"

namespace posthaste::pop3d {

net::Task<void> Session::run(pop3::Stls) {
  if (stream_.tls() != nullptr) {
    refuse(reply_for(Refusal::tls_on_already));
    co_return;
  }
  if (utf8_) {
    refuse(reply_for(Refusal::tls_after_utf8));
    co_return;
  }
  // What was sent in the clear behind STLS may be somebody else's, and must not be obeyed under TLS.
  if (stream_.has_input()) {
    hang_up(reply_for(Refusal::input_after_stls));
    co_return;
  }
  say(pop3::ok("Begin TLS negotiation"));
  user_.reset();
  const auto certificate = around_.certificates.current();
  auto secured = co_await stream_.accept_tls(*certificate);
  if (!secured) hang_up(farewell(limit_.reason(secured.error())));
}

net::Task<void> Session::run(pop3::User command) {
  if (!around_.authenticator.takes_passwords(stream_.tls())) {
    refuse(reply_for(Refusal::tls_first));
    co_return;
  }
  user_ = std::move(command.name);
  say(pop3::ok("Send PASS"));
}

net::Task<void> Session::run(pop3::Pass command) {
  if (!user_) {
    const bool may = around_.authenticator.takes_passwords(stream_.tls());
    refuse(reply_for(may ? Refusal::user_first : Refusal::tls_first));
    co_return;
  }
  const auto user = std::move(*user_);
  user_.reset();
  auto identity =
      co_await around_.authenticator.check_password(user, std::move(command.password), stream_.peer().address);
  if (!identity) {
    refuse_login(user, identity.error());
    co_return;
  }
  co_await log_in(std::move(*identity), "PASS");
}

net::Task<void> Session::run(pop3::Auth command) {
  user_.reset();
  const auto offered = around_.authenticator.mechanisms(stream_.tls());
  if (offered.empty()) {
    refuse(reply_for(Refusal::tls_first));
    co_return;
  }
  if (!command.mechanism) {
    // Clients older than CAPA ask so.
    say(pop3::ok("Mechanisms follow"));
    for (const auto mechanism : offered) stream_.write(std::string{name_of(mechanism)} + "\r\n");
    stream_.write(".\r\n");
    co_return;
  }
  const auto mechanism = session::choose_mechanism(offered, *command.mechanism);
  if (!mechanism) {
    refuse(reply_for(Refusal::unknown_mechanism));
    co_return;
  }
  std::optional<std::string> initial_response;
  if (command.initial_response) {
    auto decoded = session::read_initial_response(*command.initial_response);
    if (!decoded) {
      refuse_login("", decoded.error());
      co_return;
    }
    initial_response = std::move(*decoded);
  }
  co_await authenticate(*mechanism, std::move(initial_response));
}

net::Task<void> Session::authenticate(SaslMechanism mechanism, std::optional<std::string> initial_response) {
  session::SaslDialogue dialogue{stream_, "+ ", pop3::kAuthLineMaxOctets};
  auto outcome = co_await auth::authenticate(around_.authenticator, mechanism, stream_.tls(),
                                             std::move(initial_response), stream_.peer().address, dialogue);
  if (dialogue.end()) {
    hang_up(farewell(limit_.reason(*dialogue.end())));
  } else if (!outcome.identity) {
    refuse_login(outcome.login, outcome.identity.error());
  } else {
    co_await log_in(std::move(*outcome.identity), name_of(mechanism));
  }
}

void Session::refuse_login(const std::string& login, const auth::SaslOutcome::Failure& failure) {
  const auto word = [](auto error) { return reply_for(error); };
  const auto reply = std::visit(word, failure);
  session::tell_refused_login(around_.log, login, stream_, reply.text);
  if (std::holds_alternative<auth::SaslError>(failure)) {
    refuse(reply);
    return;
  }
  say(reply);
  if (failure == auth::SaslOutcome::Failure{auth::AuthError::wrong} && ++failed_logins_ >= kFailedLoginsMax) {
    hang_up(reply_for(Refusal::too_many_logins));
  }
}

net::Task<void> Session::log_in(auth::Identity identity, std::string_view mechanism) {
  const auto now = around_.world.clock.now();
  if (around_.last_logins.too_soon(identity.id, now)) {
    say(reply_for(Refusal::login_too_soon));
    co_return;
  }
  auto lock = around_.locks.take(identity.id);
  if (!lock) {
    say(reply_for(Refusal::maildrop_in_use));
    co_return;
  }
  auto maildrop = co_await read_maildrop(around_.store, around_.world, identity.id);
  if (!maildrop) {
    around_.log.error("pop3.maildrop.unreadable", {{"user", identity.address}});
    say(reply_for_maildrop(maildrop.error()));
    co_return;
  }
  const UserId id = identity.id;
  around_.last_logins.note(id, now);
  place_.log_in(now);
  limit_.lift();
  auto lose = [this] { lose_login(); };
  auto watched = around_.authenticator.logins().add(auth::login_of(identity), std::move(lose));
  transaction_.emplace(std::move(identity), std::move(*lock), std::move(*maildrop),
                       MessageReader{around_.store, around_.world, id}, std::move(watched));
  session::tell_login(around_.log, transaction_->identity, stream_, mechanism);
  say(pop3::ok(std::to_string(transaction_->maildrop.count()) + " messages (" +
               std::to_string(transaction_->maildrop.octets()) + " octets)"));
}

}  // namespace posthaste::pop3d
