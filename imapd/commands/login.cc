// STARTTLS, LOGIN and AUTHENTICATE (RFC 9051 §6.2, RFC 4959).
#include <utility>
#include <variant>

#include "common/auth/sasl.h"
#include "common/session/logins.h"
#include "common/session/sasl_dialogue.h"
#include "imapd/limits.h"
#include "imapd/session.h"

namespace posthaste::imapd {
net::Task<Reply> Session::run(imap::StartTls) {
  if (stream_.tls() != nullptr) co_return reply_for(Refusal::tls_active);
  starts_tls_ = true;
  co_return reply_for(Done::begin_tls);
}

net::Task<void> Session::start_tls() {
  const auto certificate = around_.certificates.current();
  auto secured = co_await stream_.accept_tls(*certificate);
  if (!secured) hang_up(secured.error());
}

net::Task<Reply> Session::run(imap::Login command) {
  if (!around_.authenticator.takes_passwords(stream_.tls())) co_return reply_for(Refusal::tls_needed);
  auto identity = co_await around_.authenticator.check_password(command.user, std::move(command.password),
                                                                stream_.peer().address);
  if (!identity) co_return refuse_login(command.user, identity.error());
  co_return co_await log_in(std::move(*identity), "LOGIN command");
}

net::Task<Reply> Session::run(imap::Authenticate command) {
  const auto offered = around_.authenticator.mechanisms(stream_.tls());
  if (offered.empty()) co_return reply_for(Refusal::tls_needed);
  const auto mechanism = session::choose_mechanism(offered, command.mechanism);
  if (!mechanism) co_return reply_for(Refusal::unknown_mechanism);
  session::SaslDialogue dialogue{stream_, "+ ", kSaslLineMaxOctets};
  auto outcome = co_await auth::authenticate(around_.authenticator, *mechanism, stream_.tls(),
                                             std::move(command.initial_response), stream_.peer().address, dialogue);
  if (dialogue.end()) hang_up(*dialogue.end());
  if (!outcome.identity) co_return refuse_login(outcome.login, outcome.identity.error());
  co_return co_await log_in(std::move(*outcome.identity), name_of(*mechanism));
}

Reply Session::refuse_login(const std::string& user, const auth::SaslOutcome::Failure& failure) {
  const auto say = [](auto error) { return reply_for(error); };
  Reply reply = std::visit(say, failure);
  session::tell_refused_login(around_.log, user, stream_, reply.text);
  if (failure == auth::SaslOutcome::Failure{auth::AuthError::wrong} && ++failed_logins_ >= kFailedLoginsMax) {
    hang_up(reply_for(Refusal::many_failed_logins));
  }
  return reply;
}

/// The mailboxes of a user whom the store has not met yet are made at the first login.
net::Task<std::expected<void, mailbox::StoreError>> Session::meet(UserId user) {
  const auto find_user = [](const mailbox::Snapshot& snapshot) { return snapshot.user(); };
  const auto known = co_await around_.store.look(around_.world.loop, io(), user, find_user);
  if (!known) co_return std::unexpected(known.error());
  if (*known) co_return std::expected<void, mailbox::StoreError>{};
  mailbox::Batch batch;
  batch.operations.emplace_back(mailbox::CreateUser{});
  mailbox::IdempotencyKey no_key;  // no repeat will come from here
  auto created = co_await around_.applier.apply(user, std::move(batch), std::move(no_key));
  if (!created) co_return std::unexpected(created.error());
  co_return std::expected<void, mailbox::StoreError>{};
}

net::Task<Reply> Session::log_in(auth::Identity identity, std::string_view mechanism) {
  auto place = around_.user_connections.enter(identity.id);
  if (!place) {
    session::tell_too_many(around_.log, identity, stream_);
    co_return reply_for(Refusal::many_sessions);
  }
  auto met = co_await meet(identity.id);
  if (!met) co_return reply_for(met.error());
  auto lose = [this] { lose_login(); };
  auto watched = around_.authenticator.logins().add(auth::login_of(identity), std::move(lose));
  login_.emplace(identity.id, identity.address, std::move(*place), std::move(watched),
                 around_.append_memory.of(identity.id), around_.fair_shares.of(identity.id, around_.world.io));
  place_.log_in(around_.world.clock.now());
  limit_.lift();
  stream_.set_timeout(around_.config.imap.idle_timeout);
  session::tell_login(around_.log, identity, stream_, mechanism);
  co_return reply_for(Done::logged_in, "CAPABILITY " + capabilities());
}

}  // namespace posthaste::imapd
