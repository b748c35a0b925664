// AUTH PLAIN and LOGIN (RFC 4954, RFC 4616), each with or without an initial response.
#include <utility>

#include "common/base/base64.h"
#include "common/base/octets.h"
#include "smtpd/session.h"

namespace posthaste::smtpd {
namespace {

/// "=" stands for an empty response (RFC 4954 §4).
std::expected<std::string, Refusal> decode(std::string_view base64) {
  if (base64 == "=") return std::string{};
  auto octets = base64_decode(base64);
  if (!octets) return std::unexpected(Refusal::bad_base64);
  return std::move(*octets);
}

}  // namespace

Session::Pending Session::on(smtp::Auth auth) {
  if (!is_submission()) return Answer{reply_for(Refusal::no_auth_here)};
  if (!client_) return Answer{reply_for(Refusal::greeting_first)};
  if (identity_) return Answer{reply_for(Refusal::auth_done_already)};
  if (transaction_) return Answer{reply_for(Refusal::transaction_open)};
  if (!may_authenticate()) return Answer{reply_for(Refusal::tls_first_for_auth)};
  if (auth.mechanism != "PLAIN" && auth.mechanism != "LOGIN") return Answer{reply_for(Refusal::unknown_mechanism)};
  return authenticate(std::move(auth));
}

net::Task<Session::Answer> Session::authenticate(smtp::Auth auth) {
  auto exchange =
      auth.mechanism == "PLAIN" ? plain(std::move(auth.initial_response)) : login(std::move(auth.initial_response));
  auto credentials = co_await exchange;
  if (!credentials) {
    if (const auto* ended = std::get_if<net::StreamError>(&credentials.error())) co_return std::unexpected(*ended);
    co_return Answer{reply_for(std::get<Refusal>(credentials.error()))};
  }
  const bool as_oneself = credentials->authzid.empty() || iequals(credentials->authzid, credentials->authcid);
  if (!as_oneself) co_return Answer{reply_for(Refusal::impersonation)};
  auto identity = co_await context_.authenticator.check_password(
      credentials->authcid, std::move(credentials->password), stream_.peer().address);
  co_return Answer{conclude(std::move(identity), credentials->authcid)};
}

smtp::Reply Session::conclude(std::expected<auth::Identity, auth::AuthError> identity, const std::string& login) {
  if (!identity) {
    smtp::Reply reply = reply_for(identity.error());
    context_.log.info("smtp.auth.failed",
                      {{"client", stream_.peer().address}, {"login", login}, {"reason", reply.lines.front()}});
    const bool own_fault =
        identity.error() == auth::AuthError::wrong || identity.error() == auth::AuthError::disabled;
    const bool enough = own_fault && ++authentication_errors_ >= kAuthenticationErrorsMax;
    return enough ? reply_for(Refusal::too_many_auth_errors) : reply;
  }
  identity_ = std::move(*identity);
  return {235, {2, 7, 0}, "Authentication succeeded"};
}

net::Task<Session::Credentials> Session::plain(std::optional<std::string> initial_response) {
  if (!initial_response) {
    auto answered = co_await response("");
    if (!answered) co_return std::unexpected(answered.error());
    initial_response = std::move(*answered);
  }
  auto message = decode(*initial_response);
  if (!message) co_return std::unexpected(message.error());
  auto credentials = parse_sasl_plain(*message);
  if (!credentials) co_return std::unexpected(Refusal::bad_credentials);
  co_return std::move(*credentials);
}

/// LOGIN is not a standard, yet some clients know nothing else; an initial response is the user name.
net::Task<Session::Credentials> Session::login(std::optional<std::string> initial_response) {
  if (!initial_response) {
    auto answered = co_await response(base64_encode(kLoginUsernameChallenge));
    if (!answered) co_return std::unexpected(answered.error());
    initial_response = std::move(*answered);
  }
  auto name = decode(*initial_response);
  if (!name) co_return std::unexpected(name.error());
  auto answered = co_await response(base64_encode(kLoginPasswordChallenge));
  if (!answered) co_return std::unexpected(answered.error());
  auto password = decode(*answered);
  if (!password) co_return std::unexpected(password.error());
  const bool usable = !name->empty() && !password->empty() && name->size() <= kSaslNameMaxOctets &&
                      password->size() <= kSaslNameMaxOctets && is_utf8(*name);
  if (!usable) co_return std::unexpected(Refusal::bad_credentials);
  co_return PlainCredentials{"", std::move(*name), std::move(*password)};
}

/// Still in base64. Errors: auth_cancelled; the stream's, a line beyond kAuthLineMaxOctets among them.
net::Task<std::expected<std::string, Session::Failure>> Session::response(std::string challenge) {
  send({334, std::move(challenge)});
  auto line = co_await stream_.read_line(smtp::kAuthLineMaxOctets);
  if (!line) co_return std::unexpected(Failure{line.error()});
  if (*line == "*") co_return std::unexpected(Failure{Refusal::auth_cancelled});
  co_return std::string{*line};
}

}  // namespace posthaste::smtpd
