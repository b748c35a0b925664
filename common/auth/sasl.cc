#include "common/auth/sasl.h"

#include <utility>

#include "common/auth/scram.h"
#include "common/base/base64.h"
#include "common/base/octets.h"
#include "common/base/sasl_plain.h"

namespace posthaste::auth {
namespace {

using Response = std::expected<std::string, SaslError>;

SaslOutcome failed(SaslError error) { return {"", std::unexpected(SaslOutcome::Failure{error})}; }

SaslOutcome outcome(std::string login, std::expected<Identity, AuthError> identity) {
  if (!identity) return {std::move(login), std::unexpected(SaslOutcome::Failure{identity.error()})};
  return {std::move(login), std::move(*identity)};
}

/// The client speaks first: what came with the command, or what an empty challenge brings.
net::Task<Response> first_response(std::optional<std::string> initial_response, std::string challenge,
                                   SaslPeer& peer) {
  if (initial_response) co_return std::move(*initial_response);
  co_return co_await peer.ask(std::move(challenge));
}

net::Task<SaslOutcome> plain(Authenticator& authenticator, std::optional<std::string> initial_response,
                             std::string address, SaslPeer& peer) {
  auto message = co_await first_response(std::move(initial_response), "", peer);
  if (!message) co_return failed(message.error());
  auto credentials = parse_sasl_plain(*message);
  if (!credentials) co_return failed(SaslError::bad_message);
  const bool as_oneself = credentials->authzid.empty() || iequals(credentials->authzid, credentials->authcid);
  if (!as_oneself) co_return failed(SaslError::impersonation);
  auto identity = co_await authenticator.check_password(credentials->authcid, std::move(credentials->password),
                                                        std::move(address));
  co_return outcome(std::move(credentials->authcid), std::move(identity));
}

/// LOGIN is not a standard, yet some clients know nothing else; an initial response is the user name.
net::Task<SaslOutcome> login(Authenticator& authenticator, std::optional<std::string> initial_response,
                             std::string address, SaslPeer& peer) {
  auto name = co_await first_response(std::move(initial_response), std::string{kLoginUsernameChallenge}, peer);
  if (!name) co_return failed(name.error());
  auto password = co_await peer.ask(std::string{kLoginPasswordChallenge});
  if (!password) co_return failed(password.error());
  const bool usable = !name->empty() && !password->empty() && name->size() <= kSaslNameMaxOctets &&
                      password->size() <= kSaslNameMaxOctets && is_utf8(*name);
  if (!usable) co_return failed(SaslError::bad_message);
  auto identity = co_await authenticator.check_password(*name, std::move(*password), std::move(address));
  co_return outcome(std::move(*name), std::move(identity));
}

SaslError error_of(ScramError error) {
  switch (error) {
    case ScramError::impersonation: return SaslError::impersonation;
    case ScramError::other_channel: return SaslError::other_channel;
    case ScramError::malformed:
    case ScramError::extension:
    case ScramError::nonce_mismatch:
    case ScramError::wrong_proof: return SaslError::bad_message;
  }
  std::unreachable();
}

/// The data of the channel binding that the client names (RFC 5802 §6), empty where it names none. Errors:
/// bad_message, a flag that does not belong to the mechanism, or a kind that we do not have here; other_channel.
std::expected<std::string, SaslError> channel_of(const ScramClientFirst& first, SaslMechanism mechanism,
                                                 const Authenticator& authenticator, const net::TlsSession* tls) {
  if (binds_channel(mechanism) != (first.binds == ClientBinds::yes)) return std::unexpected(SaslError::bad_message);
  if (first.binds == ClientBinds::yes) {
    const bool exporter = first.binding_name == "tls-exporter";
    if (!exporter && first.binding_name != "tls-server-end-point") return std::unexpected(SaslError::bad_message);
    auto data = tls->channel_binding(exporter ? net::ChannelBinding::tls_exporter
                                              : net::ChannelBinding::tls_server_end_point);
    if (!data) return std::unexpected(SaslError::bad_message);
    return std::move(*data);
  }
  // A client that could bind and saw no -PLUS among our mechanisms was shown another list than ours.
  if (first.binds == ClientBinds::server_does_not) {
    for (const auto offered : authenticator.mechanisms(tls)) {
      if (binds_channel(offered)) return std::unexpected(SaslError::other_channel);
    }
  }
  return std::string{};
}

net::Task<SaslOutcome> scram(Authenticator& authenticator, SaslMechanism mechanism, const net::TlsSession* tls,
                             std::optional<std::string> initial_response, std::string address, SaslPeer& peer) {
  const bool sha1 = mechanism == SaslMechanism::scram_sha_1 || mechanism == SaslMechanism::scram_sha_1_plus;
  const auto hash = sha1 ? ScramHash::sha1 : ScramHash::sha256;
  auto message = co_await first_response(std::move(initial_response), "", peer);
  if (!message) co_return failed(message.error());
  auto first = parse_scram_client_first(*message);
  if (!first) co_return failed(error_of(first.error()));
  auto channel = channel_of(*first, mechanism, authenticator, tls);
  if (!channel) co_return failed(channel.error());

  const std::string login = first->user_name;
  auto offer = co_await authenticator.offer_scram(login, hash, std::move(address));
  if (!offer) co_return outcome(login, std::unexpected(offer.error()));
  const ScramExchange exchange{hash, std::move(*first), offer->keys, authenticator.make_nonce(),
                               std::move(*channel)};
  auto client_final = co_await peer.ask(exchange.server_first());
  if (!client_final) co_return failed(client_final.error());
  auto proof = exchange.finish(*client_final);
  if (!proof && proof.error() != ScramError::wrong_proof) {
    co_return SaslOutcome{login, std::unexpected(SaslOutcome::Failure{error_of(proof.error())})};
  }
  const auto proved = proof ? std::optional{proof->key} : std::nullopt;
  auto identity = co_await authenticator.conclude_scram(std::move(*offer), proved);
  if (!identity) co_return outcome(login, std::unexpected(identity.error()));

  // None of the three protocols has room for more data beside its success (RFC 4954 §4, RFC 5034 §4, RFC 9051
  // §6.2.2): it goes as a challenge, and the client answers with nothing.
  auto heard = co_await peer.ask(std::move(proof->server_final));
  if (!heard) co_return failed(heard.error());
  if (!heard->empty()) co_return failed(SaslError::bad_message);
  co_return outcome(login, std::move(identity));
}

}  // namespace

std::expected<std::string, SaslError> read_sasl_response(std::string_view line) {
  if (line == "*") return std::unexpected(SaslError::cancelled);
  auto response = base64_decode(line);
  if (!response) return std::unexpected(SaslError::bad_base64);
  return std::move(*response);
}

net::Task<SaslOutcome> authenticate(Authenticator& authenticator, SaslMechanism mechanism,
                                    const net::TlsSession* tls, std::optional<std::string> initial_response,
                                    std::string address, SaslPeer& peer) {
  using enum SaslMechanism;
  switch (mechanism) {
    case plain: return auth::plain(authenticator, std::move(initial_response), std::move(address), peer);
    case login: return auth::login(authenticator, std::move(initial_response), std::move(address), peer);
    case scram_sha_256_plus:
    case scram_sha_1_plus:
    case scram_sha_256:
    case scram_sha_1:
      return scram(authenticator, mechanism, tls, std::move(initial_response), std::move(address), peer);
  }
  std::unreachable();
}

}  // namespace posthaste::auth
