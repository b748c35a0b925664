#include "common/auth/authenticator.h"

#include <utility>

namespace posthaste::auth {
namespace {

/// The hash of a password that nobody knows, by hash_password()'s scheme and cost: what is checked for nobody.
constexpr const char* kNobodysHash = "$y$j9T$pwpChwfi7paXcTV40z3B60$vA.s6EMy3CydWot67dWcfHrbLOwgEqPPDhiUfVKTkP8";

std::expected<Identity, AuthError> admit(const User& user) {
  if (!user.enabled) return std::unexpected(AuthError::disabled);
  return Identity{user.id, user.address};
}

const std::optional<ScramKeys>& keys_of(const Credential& credential, ScramHash hash) {
  return hash == ScramHash::sha1 ? credential.scram_sha1 : credential.scram_sha256;
}

}  // namespace

Authenticator::Authenticator(Directory directory, LoginMemory& memory, net::World& world)
    : directory_(std::move(directory)), memory_(memory), world_(world) {}

net::Task<std::expected<Identity, AuthError>> Authenticator::check_password(std::string login, std::string password,
                                                                            std::string peer) {
  if (login.size() > kLoginMaxOctets) login.clear();  // nobody's name; counted and slowed like any other
  const auto known = find(login);
  if (!known) co_return std::unexpected(known.error());
  if (*known && memory_.remembers((*known)->user.id, (*known)->credential.version, password, world_.clock.now())) {
    co_return admit((*known)->user);
  }

  co_await slow_down(login, peer);
  const auto account = find(login);  // anew: the wait may have been long
  if (!account) co_return std::unexpected(account.error());
  if (!world_.hashing.has_room()) co_return std::unexpected(AuthError::busy);
  std::string hash = *account && !(*account)->credential.hash.empty() ? (*account)->credential.hash : kNobodysHash;
  auto verify = [password, hash = std::move(hash)] { return verify_password(password, hash); };
  const bool fits = co_await world_.hashing.run(world_.loop, std::move(verify));

  if (!fits || !*account) {
    memory_.note_failure(peer, login, world_.clock.now());
    co_return std::unexpected(AuthError::wrong);
  }
  memory_.note_success(login);
  memory_.remember((*account)->user.id, (*account)->credential.version, password, world_.clock.now());
  co_return admit((*account)->user);
}

net::Task<std::expected<ScramOffer, AuthError>> Authenticator::offer_scram(std::string login, ScramHash hash,
                                                                           std::string peer) {
  if (login.size() > kLoginMaxOctets) login.clear();
  co_await slow_down(login, peer);
  auto account = find(login);
  if (!account) co_return std::unexpected(account.error());
  if (*account && keys_of((*account)->credential, hash)) {
    co_return ScramOffer{std::move(login), *keys_of((*account)->credential, hash), std::move((*account)->user)};
  }
  const auto disguise = directory_.disguise(hash == ScramHash::sha1 ? "SCRAM-SHA-1" : "SCRAM-SHA-256", login);
  if (!disguise) co_return std::unexpected(AuthError::unavailable);
  ScramKeys keys{disguise->substr(0, kScramSaltOctets), kScramIterations, digest(hash, *disguise), *disguise};
  co_return ScramOffer{std::move(login), std::move(keys), std::nullopt};
}

std::expected<Identity, AuthError> Authenticator::conclude_scram(const ScramOffer& offer, bool proved,
                                                                 const std::string& peer) {
  if (!proved || !offer.user) {
    memory_.note_failure(peer, offer.login, world_.clock.now());
    return std::unexpected(AuthError::wrong);
  }
  memory_.note_success(offer.login);
  return admit(*offer.user);
}

std::expected<Authenticator::Account, AuthError> Authenticator::find(const std::string& login) const {
  auto account = directory_.find_account(login);
  if (account) return std::move(*account);
  if (account.error() == DirectoryError::not_found) return std::nullopt;
  return std::unexpected(AuthError::unavailable);
}

net::Task<void> Authenticator::slow_down(std::string login, std::string peer) {
  const auto delay = memory_.delay(peer, login, world_.clock.now());
  if (delay.count() > 0) co_await world_.clock.sleep(delay);
}

}  // namespace posthaste::auth
