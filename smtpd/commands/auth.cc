// AUTH (RFC 4954): the dialogue around a SASL exchange.
#include <utility>

#include "common/auth/sasl.h"
#include "common/session/logins.h"
#include "common/session/sasl_dialogue.h"
#include "smtpd/session.h"

namespace posthaste::smtpd {

Session::Pending Session::on(smtp::Auth auth) {
  if (!is_submission()) return Answer{reply_for(Refusal::no_auth_here)};
  if (!client_) return Answer{reply_for(Refusal::greeting_first)};
  if (identity_) return Answer{reply_for(Refusal::auth_done_already)};
  if (transaction_) return Answer{reply_for(Refusal::transaction_open)};
  const auto offered = sasl_mechanisms();
  if (offered.empty()) return Answer{reply_for(Refusal::tls_first_for_auth)};
  const auto mechanism = session::choose_mechanism(offered, auth.mechanism);
  if (!mechanism) return Answer{reply_for(Refusal::unknown_mechanism)};
  if (!auth.initial_response) return authenticate(*mechanism, std::nullopt);
  auto initial_response = session::read_initial_response(*auth.initial_response);
  if (!initial_response) return Answer{reply_for(initial_response.error())};
  return authenticate(*mechanism, std::move(*initial_response));
}

net::Task<Session::Answer> Session::authenticate(SaslMechanism mechanism,
                                                 std::optional<std::string> initial_response) {
  session::SaslDialogue dialogue{stream_, "334 ", smtp::kAuthLineMaxOctets};
  limit_.end_at(patience_ends());
  auto outcome = co_await auth::authenticate(context_.authenticator, mechanism, stream_.tls(),
                                             std::move(initial_response), stream_.peer().address, dialogue);
  limit_.lift();
  if (!outcome.identity) {
    if (outcome.identity.error() == auth::SaslOutcome::Failure{auth::SaslError::gone}) {
      co_return std::unexpected(dialogue.end().value_or(net::StreamError::closed));
    }
    co_return Answer{refuse_login(outcome.login, outcome.identity.error())};
  }
  user_place_ = context_.user_connections.enter(outcome.identity->id);
  if (!user_place_) {
    session::tell_too_many(context_.log, *outcome.identity, stream_);
    co_return Answer{reply_for(Refusal::too_many_of_user)};
  }
  identity_ = std::move(*outcome.identity);
  place_.log_in(context_.world.clock.now());
  auto lose = [this] { lose_login(); };
  watched_ = context_.authenticator.logins().add(auth::login_of(*identity_), std::move(lose));
  session::tell_login(context_.log, *identity_, stream_, name_of(mechanism));
  co_return Answer{smtp::Reply{235, {2, 7, 0}, "Authentication succeeded"}};
}

smtp::Reply Session::refuse_login(const std::string& login, const auth::SaslOutcome::Failure& failure) {
  const auto say = [](auto error) { return reply_for(error); };
  smtp::Reply reply = std::visit(say, failure);
  session::tell_refused_login(context_.log, login, stream_, reply.lines.front());
  const auto* error = std::get_if<auth::AuthError>(&failure);
  const bool own_fault =
      error != nullptr && *error != auth::AuthError::busy && *error != auth::AuthError::unavailable;
  const bool enough = own_fault && ++authentication_errors_ >= kAuthenticationErrorsMax;
  return enough ? reply_for(Refusal::too_many_auth_errors) : reply;
}

}  // namespace posthaste::smtpd
