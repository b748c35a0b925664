// AUTH (RFC 4954): the dialogue around a SASL exchange.
#include <algorithm>
#include <utility>

#include "common/auth/sasl.h"
#include "common/base/base64.h"
#include "smtpd/session.h"

namespace posthaste::smtpd {
namespace {

/// Challenges as 334 replies (RFC 4954 §4).
class SaslDialogue final : public auth::SaslPeer {
 public:
  explicit SaslDialogue(net::Stream& stream) : stream_(stream) {}

  net::Task<std::expected<std::string, auth::SaslError>> ask(std::string challenge) override {
    stream_.write("334 " + base64_encode(challenge) + "\r\n");
    auto line = co_await stream_.read_line(smtp::kAuthLineMaxOctets);
    if (!line) {
      end_ = line.error();
      co_return std::unexpected(auth::SaslError::gone);
    }
    co_return auth::read_sasl_response(*line);
  }

  /// Why the client is gone.
  [[nodiscard]] net::StreamError end() const noexcept { return end_; }

 private:
  net::Stream& stream_;
  net::StreamError end_ = net::StreamError::closed;
};

/// "=" stands for an empty response (RFC 4954 §4).
std::expected<std::string, auth::SaslError> read_initial_response(std::string_view text) {
  if (text == "=") return std::string{};
  return auth::read_sasl_response(text);
}

}  // namespace

Session::Pending Session::on(smtp::Auth auth) {
  if (!is_submission()) return Answer{reply_for(Refusal::no_auth_here)};
  if (!client_) return Answer{reply_for(Refusal::greeting_first)};
  if (identity_) return Answer{reply_for(Refusal::auth_done_already)};
  if (transaction_) return Answer{reply_for(Refusal::transaction_open)};
  const auto offered = sasl_mechanisms();
  if (offered.empty()) return Answer{reply_for(Refusal::tls_first_for_auth)};
  const auto mechanism = parse_sasl_mechanism(auth.mechanism);
  if (!mechanism || std::ranges::find(offered, *mechanism) == offered.end()) {
    return Answer{reply_for(Refusal::unknown_mechanism)};
  }
  if (!auth.initial_response) return authenticate(*mechanism, std::nullopt);
  auto initial_response = read_initial_response(*auth.initial_response);
  if (!initial_response) return Answer{reply_for(initial_response.error())};
  return authenticate(*mechanism, std::move(*initial_response));
}

net::Task<Session::Answer> Session::authenticate(SaslMechanism mechanism,
                                                 std::optional<std::string> initial_response) {
  SaslDialogue dialogue{stream_};
  limit_.end_at(patience_ends());
  auto outcome = co_await auth::authenticate(context_.authenticator, mechanism, stream_.tls(),
                                             std::move(initial_response), stream_.peer().address, dialogue);
  limit_.lift();
  if (!outcome.identity) {
    if (outcome.identity.error() == auth::SaslOutcome::Failure{auth::SaslError::gone}) {
      co_return std::unexpected(dialogue.end());
    }
    co_return Answer{refuse_login(outcome.login, outcome.identity.error())};
  }
  user_place_ = context_.user_connections.enter(outcome.identity->id);
  if (!user_place_) {
    const auto& client = stream_.peer().address;
    context_.log.info_by_client(client, "login.too_many",
                                {{"user", outcome.identity->address}, {"client", client}});
    co_return Answer{reply_for(Refusal::too_many_of_user)};
  }
  identity_ = std::move(*outcome.identity);
  place_.log_in(context_.world.clock.now());
  auto lose = [this] { lose_login(); };
  watched_ = context_.authenticator.logins().add(auth::login_of(*identity_), std::move(lose));
  context_.log.info("login.succeeded", {{"user", identity_->address},
                                        {"client", stream_.peer().address},
                                        {"tls", stream_.tls() != nullptr},
                                        {"mechanism", name_of(mechanism)},
                                        {"app_password", identity_->app_password}});
  co_return Answer{smtp::Reply{235, {2, 7, 0}, "Authentication succeeded"}};
}

smtp::Reply Session::refuse_login(const std::string& login, const auth::SaslOutcome::Failure& failure) {
  const auto say = [](auto error) { return reply_for(error); };
  smtp::Reply reply = std::visit(say, failure);
  const auto& client = stream_.peer().address;
  context_.log.info_by_client(client, "login.failed",
                              {{"user", login}, {"client", client}, {"reason", reply.lines.front()}});
  const auto* error = std::get_if<auth::AuthError>(&failure);
  const bool own_fault =
      error != nullptr && *error != auth::AuthError::busy && *error != auth::AuthError::unavailable;
  const bool enough = own_fault && ++authentication_errors_ >= kAuthenticationErrorsMax;
  return enough ? reply_for(Refusal::too_many_auth_errors) : reply;
}

}  // namespace posthaste::smtpd
