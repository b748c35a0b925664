#include "common/auth/authenticator.h"

#include <algorithm>
#include <utility>

#include "common/auth/saslprep.h"
#include "common/base/base64.h"

namespace posthaste::auth {
namespace {

std::expected<Identity, AuthError> admit(const User& user, ScramOffer::Password password) {
  if (!user.enabled) return std::unexpected(AuthError::disabled);
  return Identity{user.id, user.address, std::move(password.app_password), password.version};
}

/// The keys of all passwords of an account that this service takes. Beside them, the salt that the account has, be
/// it in a password for another service alone.
struct AccountKeys {
  std::vector<ScramKeys> keys;
  std::vector<ScramOffer::Password> passwords;
  std::optional<ScramKeys> any;
};

AccountKeys keys_of(const Directory::Account& account, ScramHash hash, Service service) {
  const bool sha1 = hash == ScramHash::sha1;
  AccountKeys found;
  const auto add = [&found](const ScramKeys& keys, ScramOffer::Password password) {
    // Another salt than the client will be told can't be proved: somebody's hand was in the directory.
    if (!found.keys.empty() && found.keys.front().salt != keys.salt) return;
    found.keys.push_back(keys);
    found.passwords.push_back(std::move(password));
  };
  const auto& own = sha1 ? account.credential.scram_sha1 : account.credential.scram_sha256;
  if (own) add(*own, {"", account.credential.version});
  found.any = own;
  for (const auto& app_password : account.app_passwords) {
    const auto& keys = sha1 ? app_password.scram_sha1 : app_password.scram_sha256;
    if (keys && !found.any) found.any = keys;
    if (keys && app_password.scope.contains(service)) {
      add(*keys, {app_password.name, version_of(app_password)});
    }
  }
  return found;
}

}  // namespace

Authenticator::Authenticator(Directory directory, LoginMemory& memory, net::World& world, LoginRules rules)
    : directory_(std::move(directory)),
      memory_(memory),
      world_(world),
      rules_(std::move(rules)),
      logins_(directory_, world.clock) {}

std::vector<SaslMechanism> Authenticator::mechanisms(const net::TlsSession* tls) const {
  if (tls == nullptr && !rules_.allow_plaintext) return {};
  const bool can_bind = tls != nullptr && (tls->channel_binding(net::ChannelBinding::tls_exporter) ||
                                           tls->channel_binding(net::ChannelBinding::tls_server_end_point));
  auto offered = rules_.mechanisms;
  if (!can_bind) std::erase_if(offered, binds_channel);
  return offered;
}

bool Authenticator::takes_passwords(const net::TlsSession* tls) const {
  return (tls != nullptr || rules_.allow_plaintext) && std::ranges::any_of(rules_.mechanisms, shows_password);
}

net::Task<std::expected<Identity, AuthError>> Authenticator::check_password(std::string login, std::string password,
                                                                            std::string peer) {
  const auto named = find(login);
  if (!named) co_return std::unexpected(named.error());
  auto attempt = memory_.begin(peer, named->name);
  if (named->account) {
    auto recognised = recognise(*named->account, password);
    if (recognised) {
      memory_.note_success(attempt, world_.clock.now());
      co_return std::move(*recognised);
    }
  }

  const auto delay = memory_.delay(attempt, world_.clock.now());
  if (delay.count() > 0) co_await world_.clock.sleep(delay);
  const auto begun = world_.clock.now();
  auto verified = co_await verify(std::move(attempt), std::move(login), std::move(password));
  if (!verified && verified.error() != AuthError::unavailable) co_await hold_back(begun);
  co_return verified;
}

net::Task<std::expected<Identity, AuthError>> Authenticator::verify(LoginMemory::Attempt attempt, std::string login,
                                                                    std::string password) {
  const auto named = find(login);  // anew: the wait may have been long
  if (!named) co_return std::unexpected(named.error());
  // Whoever is not there asks for a place too, so that it is refused to them no less often.
  if (!world_.hashing.has_room() || !memory_.take_check(attempt, world_.clock.now())) {
    co_return std::unexpected(AuthError::busy);
  }
  const auto& account = named->account;
  bool fits = false;
  if (account && !account->credential.hash.empty()) {
    auto check = [password, hash = account->credential.hash] { return verify_password(password, hash); };
    fits = co_await world_.hashing.run(world_.loop, std::move(check));
  }
  if (!fits) {
    memory_.note_failure(attempt, world_.clock.now());
    co_return std::unexpected(AuthError::wrong);
  }
  memory_.note_success(attempt, world_.clock.now());
  memory_.remember(account->user.id, account->credential.version, password, world_.clock.now());
  co_return admit(account->user, {"", account->credential.version});
}

net::Task<void> Authenticator::hold_back(net::Instant begun) {
  const auto passed = world_.clock.now() - begun;
  const auto times = passed / kFailedAnswerAfter + 1;
  co_await world_.clock.sleep(times * kFailedAnswerAfter - passed);
}

net::Task<std::expected<ScramOffer, AuthError>> Authenticator::offer_scram(std::string login, ScramHash hash,
                                                                           std::string peer) {
  auto named = find(login);
  if (!named) co_return std::unexpected(named.error());
  auto attempt = memory_.begin(peer, named->name);
  const auto delay = memory_.delay(attempt, world_.clock.now());
  if (delay.count() > 0) co_await world_.clock.sleep(delay);
  named = find(login);
  if (!named) co_return std::unexpected(named.error());

  AccountKeys found;
  if (named->account) found = keys_of(*named->account, hash, rules_.service);
  if (!found.keys.empty()) {
    co_return ScramOffer{std::move(attempt), std::move(found.keys), std::move(found.passwords),
                         std::move(named->account->user)};
  }
  const auto disguise = directory_.disguise(hash == ScramHash::sha1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256", login);
  if (!disguise) co_return std::unexpected(AuthError::unavailable);
  ScramKeys keys{disguise->substr(0, kScramSaltOctets), kScramIterations, digest(hash, *disguise), *disguise};
  if (found.any) {
    keys.salt = found.any->salt;
    keys.iterations = found.any->iterations;
  }
  std::vector<ScramKeys> made_up{std::move(keys)};
  std::vector<ScramOffer::Password> nothing(1);
  co_return ScramOffer{std::move(attempt), std::move(made_up), std::move(nothing), std::nullopt};
}

net::Task<std::expected<Identity, AuthError>> Authenticator::conclude_scram(ScramOffer offer,
                                                                            std::optional<std::size_t> proved) {
  const auto begun = world_.clock.now();
  std::expected<Identity, AuthError> identity = std::unexpected(AuthError::wrong);
  if (proved && offer.user) {
    memory_.note_success(offer.attempt, begun);
    identity = admit(*offer.user, std::move(offer.passwords[*proved]));
  } else {
    memory_.note_failure(offer.attempt, begun);
  }
  if (!identity) {
    offer.attempt.end();  // it is a failure now, and under way no more
    co_await hold_back(begun);
  }
  co_return identity;
}

std::string Authenticator::make_nonce() {
  constexpr std::size_t kNonceOctets = 18;  // 24 characters, none of them padding
  std::string octets(kNonceOctets, '\0');
  world_.random.fill(std::as_writable_bytes(std::span{octets}));
  return base64_encode(octets);
}

std::expected<Authenticator::Named, AuthError> Authenticator::find(const std::string& login) const {
  // Nobody's name when it is too long or SASLprep prohibits it; counted and slowed like any other.
  const auto prepared = login.size() <= kLoginMaxOctets ? saslprep(login, StringKind::query) : std::nullopt;
  auto name = directory_.name_of_login(prepared.value_or(""));
  if (!name) return std::unexpected(AuthError::unavailable);
  auto account = directory_.find_account(prepared.value_or(""));
  if (account) return Named{std::move(*name), std::move(*account)};
  if (account.error() == DirectoryError::not_found) return Named{std::move(*name), std::nullopt};
  return std::unexpected(AuthError::unavailable);
}

std::optional<std::expected<Identity, AuthError>> Authenticator::recognise(const Directory::Account& account,
                                                                           const std::string& password) {
  if (const auto digest = app_password_digest(password)) {
    const auto is_this = [&digest](const AppPassword& known) {
      return equal_in_constant_time(known.digest, *digest);
    };
    const auto known = std::ranges::find_if(account.app_passwords, is_this);
    if (known != account.app_passwords.end()) {
      if (known->scope.contains(rules_.service)) return admit(account.user, {known->name, version_of(*known)});
      return std::unexpected(AuthError::out_of_scope);
    }
  }
  const auto& credential = account.credential;
  if (memory_.remembers(account.user.id, credential.version, password, world_.clock.now()))
    return admit(account.user, {"", credential.version});
  return std::nullopt;
}

}  // namespace posthaste::auth
