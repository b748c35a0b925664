// STARTTLS, LOGIN and AUTHENTICATE (RFC 9051 §6.2, RFC 4616, RFC 4959).
#include "common/base/base64.h"
#include "common/base/octets.h"
#include "common/base/sasl_plain.h"
#include "imapd/limits.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

Reply privacy_required() { return no("PRIVACYREQUIRED", "Start TLS first"); }

}  // namespace

net::Task<Reply> Session::run(imap::StartTls) {
  if (stream_.tls() != nullptr) co_return bad("TLS is active already");
  starts_tls_ = true;
  co_return ok("Begin TLS negotiation now");
}

net::Task<void> Session::start_tls() {
  const auto certificate = around_.certificates.current();
  auto secured = co_await stream_.accept_tls(*certificate);
  if (!secured) hang_up(farewell(secured.error()));
}

net::Task<Reply> Session::run(imap::Login command) {
  if (!may_use_passwords()) co_return privacy_required();
  co_return co_await log_in(std::move(command.user), std::move(command.password));
}

net::Task<Reply> Session::run(imap::Authenticate command) {
  const bool plain = command.mechanism == "PLAIN";
  if (!plain && command.mechanism != "LOGIN") co_return no("CANNOT", "Unknown mechanism");
  if (!may_use_passwords()) co_return privacy_required();
  if (plain) co_return co_await authenticate_plain(std::move(command.initial_response));
  co_return co_await authenticate_login(std::move(command.initial_response));
}

/// One round of the exchange: the decoded response. Errors: the reply that ends it.
net::Task<std::expected<std::string, Reply>> Session::ask(std::string challenge) {
  stream_.write("+ " + base64_encode(challenge) + "\r\n");
  auto line = co_await login_deadline_.read_line(stream_, kSaslLineMaxOctets);
  if (!line) {
    hang_up(farewell(line.error()));
    co_return std::unexpected(bad("Authentication was cut off"));
  }
  if (*line == "*") co_return std::unexpected(bad("Authentication cancelled"));
  auto response = base64_decode(*line);
  if (!response) co_return std::unexpected(bad("Not base64"));
  co_return std::move(*response);
}

net::Task<Reply> Session::authenticate_plain(std::optional<std::string> initial_response) {
  if (!initial_response) {
    std::string nothing;
    auto response = co_await ask(std::move(nothing));
    if (!response) co_return std::move(response.error());
    initial_response = std::move(*response);
  }
  auto credentials = parse_sasl_plain(*initial_response);
  if (!credentials) co_return bad("Not a PLAIN message");
  if (!credentials->authzid.empty() && !iequals(credentials->authzid, credentials->authcid)) {
    co_return no("AUTHORIZATIONFAILED", "Nobody may act for somebody else here");
  }
  co_return co_await log_in(std::move(credentials->authcid), std::move(credentials->password));
}

net::Task<Reply> Session::authenticate_login(std::optional<std::string> initial_response) {
  if (!initial_response) {
    std::string challenge{kLoginUsernameChallenge};
    auto user = co_await ask(std::move(challenge));
    if (!user) co_return std::move(user.error());
    initial_response = std::move(*user);
  }
  std::string challenge{kLoginPasswordChallenge};
  auto password = co_await ask(std::move(challenge));
  if (!password) co_return std::move(password.error());
  co_return co_await log_in(std::move(*initial_response), std::move(*password));
}

/// The mailboxes of a user whom the store has not met yet are made at the first login.
net::Task<std::expected<void, store::StoreError>> Session::meet(UserId user) {
  const auto is_known = [this, user]() -> std::expected<bool, store::StoreError> {
    auto snapshot = around_.store.read(user);
    if (!snapshot) return std::unexpected(snapshot.error());
    auto info = snapshot->user();
    if (!info) return std::unexpected(info.error());
    return info->has_value();
  };
  const auto known = is_known();
  if (!known) co_return std::unexpected(known.error());
  if (*known) co_return std::expected<void, store::StoreError>{};
  store::Batch batch;
  batch.operations.emplace_back(store::CreateUser{});
  store::IdempotencyKey no_key;  // no repeat will come from here
  auto created = co_await around_.applier.apply(user, std::move(batch), std::move(no_key));
  if (!created) co_return std::unexpected(created.error());
  co_return std::expected<void, store::StoreError>{};
}

net::Task<Reply> Session::log_in(std::string user, std::string password) {
  const std::string peer = stream_.peer().address;
  auto identity = co_await around_.authenticator.check_password(user, std::move(password), peer);
  if (!identity) {
    around_.log.info("imap.login.failed", {{"user", user}, {"client", peer}});
    if (identity.error() == auth::AuthError::wrong && ++failed_logins_ >= kFailedLoginsMax) {
      hang_up(bye("CLIENTBUG", "Too many failed logins"));
    }
    co_return reply_for(identity.error());
  }
  auto place = around_.user_connections.enter(identity->id);
  if (!place) {
    around_.log.warning("imap.login.too_many", {{"user", identity->address}, {"client", peer}});
    co_return no("LIMIT", "Too many connections of this user");
  }
  auto met = co_await meet(identity->id);
  if (!met) co_return reply_for(met.error());
  login_.emplace(identity->id, std::move(identity->address), std::move(*place));
  stream_.set_timeout(around_.config.imap.idle_timeout);
  around_.log.info("imap.login.succeeded",
                   {{"user", login_->address}, {"client", peer}, {"tls", stream_.tls() != nullptr}});
  co_return ok("CAPABILITY " + capabilities(), "Logged in");
}

}  // namespace posthaste::imapd
