// STLS (RFC 2595 §4), USER and PASS (RFC 1939 §7), AUTH (RFC 5034): from the greeting to the maildrop.
#include <utility>

#include "common/base/base64.h"
#include "common/base/octets.h"
#include "common/base/sasl_plain.h"
#include "pop3d/limits.h"
#include "pop3d/session.h"

namespace posthaste::pop3d {

net::Task<void> Session::run(pop3::Stls) {
  if (stream_.tls() != nullptr) {
    refuse(reply_for(Refusal::tls_on_already));
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
  if (!secured) hang_up(farewell(secured.error()));
}

net::Task<void> Session::run(pop3::User command) {
  if (!may_use_passwords()) {
    refuse(reply_for(Refusal::tls_first));
    co_return;
  }
  user_ = std::move(command.name);
  say(pop3::ok("Send PASS"));
}

net::Task<void> Session::run(pop3::Pass command) {
  if (!user_) {
    refuse(reply_for(may_use_passwords() ? Refusal::user_first : Refusal::tls_first));
    co_return;
  }
  auto user = std::move(*user_);
  user_.reset();
  co_await log_in(std::move(user), std::move(command.password));
}

net::Task<void> Session::run(pop3::Auth command) {
  user_.reset();
  if (!may_use_passwords()) {
    refuse(reply_for(Refusal::tls_first));
  } else if (!command.mechanism) {
    // Clients older than CAPA ask so.
    say(pop3::ok("Mechanisms follow"));
    stream_.write("PLAIN\r\nLOGIN\r\n.\r\n");
  } else if (command.mechanism == "PLAIN") {
    co_await authenticate_plain(std::move(command.initial_response));
  } else if (command.mechanism == "LOGIN") {
    co_await authenticate_login(std::move(command.initial_response));
  } else {
    refuse(reply_for(Refusal::unknown_mechanism));
  }
}

net::Task<void> Session::authenticate_plain(std::optional<std::string> initial_response) {
  auto message = co_await initial_or_asked(std::move(initial_response), {});
  if (!message) co_return;
  auto credentials = parse_sasl_plain(*message);
  if (!credentials) {
    refuse(reply_for(Refusal::bad_credentials));
  } else if (!credentials->authzid.empty() && !iequals(credentials->authzid, credentials->authcid)) {
    refuse(reply_for(Refusal::impersonation));
  } else {
    co_await log_in(std::move(credentials->authcid), std::move(credentials->password));
  }
}

net::Task<void> Session::authenticate_login(std::optional<std::string> initial_response) {
  auto login = co_await initial_or_asked(std::move(initial_response), std::string{kLoginUsernameChallenge});
  if (!login) co_return;
  auto password = co_await sasl_response(std::string{kLoginPasswordChallenge});
  if (!password) co_return;
  if (login->empty() || password->empty()) {
    refuse(reply_for(Refusal::bad_credentials));
    co_return;
  }
  co_await log_in(std::move(*login), std::move(*password));
}

/// The first response, decoded, asked for if it did not come with AUTH. Nothing: the exchange has ended with a
/// reply.
net::Task<std::optional<std::string>> Session::initial_or_asked(std::optional<std::string> initial_response,
                                                                std::string challenge) {
  if (!initial_response) co_return co_await sasl_response(std::move(challenge));
  if (*initial_response == "=") co_return std::string{};
  co_return decode_response(*initial_response);
}

/// Asks and decodes the answer. Nothing: the exchange has ended with a reply.
net::Task<std::optional<std::string>> Session::sasl_response(std::string challenge) {
  stream_.write("+ " + base64_encode(challenge) + "\r\n");
  auto line = co_await read_line();
  if (!line) {
    hang_up(farewell(line.error()));
    co_return std::nullopt;
  }
  if (*line == "*") {
    refuse(reply_for(Refusal::auth_cancelled));
    co_return std::nullopt;
  }
  co_return decode_response(*line);
}

std::optional<std::string> Session::decode_response(std::string_view base64) {
  auto response = base64_decode(base64);
  if (!response) refuse(reply_for(Refusal::bad_base64));
  return response;
}

net::Task<void> Session::log_in(std::string login, std::string password) {
  const std::string peer = stream_.peer().address;
  auto identity = co_await around_.authenticator.check_password(login, std::move(password), peer);
  if (!identity) {
    around_.log.info("pop3.login.failed", {{"user", login}, {"client", peer}});
    say(reply_for(identity.error()));
    if (identity.error() == auth::AuthError::wrong && ++failed_logins_ >= kFailedLoginsMax) {
      hang_up(reply_for(Refusal::too_many_logins));
    }
    co_return;
  }
  auto lock = around_.locks.take(identity->id);
  if (!lock) {
    say(reply_for(Refusal::maildrop_in_use));
    co_return;
  }
  auto maildrop = co_await read_maildrop(around_.store, around_.world, identity->id);
  if (!maildrop) {
    around_.log.error("pop3.maildrop.failed", {{"user", identity->address}});
    say(reply_for_maildrop(maildrop.error()));
    co_return;
  }
  const UserId id = identity->id;
  stream_.set_timeout(around_.config.pop3.idle_timeout);
  transaction_.emplace(std::move(*identity), std::move(*lock), std::move(*maildrop),
                       MessageReader{around_.store, around_.world, id});
  around_.log.info("pop3.login.succeeded", {{"user", transaction_->identity.address},
                                            {"client", peer},
                                            {"tls", stream_.tls() != nullptr},
                                            {"messages", transaction_->maildrop.count()}});
  say(pop3::ok(std::to_string(transaction_->maildrop.count()) + " messages (" +
               std::to_string(transaction_->maildrop.octets()) + " octets)"));
}

}  // namespace posthaste::pop3d
