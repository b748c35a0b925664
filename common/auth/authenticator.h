// The one place where smtpd, imapd and pop3d ask whether somebody is who they say.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "common/auth/directory.h"
#include "common/auth/login_memory.h"
#include "common/auth/password.h"
#include "common/net/task.h"
#include "common/net/world.h"

namespace posthaste::auth {

struct Identity {
  UserId id{};
  std::string address;
  bool operator==(const Identity&) const = default;
};

enum class AuthError {
  wrong,        // no such user, or not their password: nobody learns which (535 5.7.8, NO [AUTHENTICATIONFAILED])
  busy,         // too many checks wait already: try again (454 4.7.0, NO [UNAVAILABLE])
  disabled,     // the right password of a user who may not log in
  unavailable,  // the directory can't be read
};

inline constexpr std::size_t kLoginMaxOctets = 320;  // a local part of 64, '@', a domain of 255

/// What a SCRAM exchange needs of its user, or of somebody made up in their place. Spent by conclude_scram().
struct ScramOffer {
  std::string login;
  ScramKeys keys;
  std::optional<User> user;  // nobody when the login names no user with such keys
};

/// One for each worker. A login waits before it is checked, longer with each failure of its address and account;
/// a password that was right minutes ago is known without waiting or hashing. No account is ever locked.
class Authenticator {
 public:
  /// `memory` is shared with the daemon's other workers; it and `world` outlive the authenticator.
  Authenticator(Directory directory, LoginMemory& memory, net::World& world);

  /// `login` is an address, or a local part alone while there is one domain; `peer` is the client's IP address.
  /// A login that names nobody takes as long as one that does.
  net::Task<std::expected<Identity, AuthError>> check_password(std::string login, std::string password,
                                                               std::string peer);

  /// The keys for a ScramExchange. Whoever is not there gets salt and keys too, the same ones for every try, and
  /// fails at the proof. Errors: unavailable.
  net::Task<std::expected<ScramOffer, AuthError>> offer_scram(std::string login, ScramHash hash, std::string peer);

  /// Ends the exchange: `proved` is what ScramExchange::finish() found. Errors: wrong, disabled.
  std::expected<Identity, AuthError> conclude_scram(const ScramOffer& offer, bool proved, const std::string& peer);

 private:
  using Account = std::optional<Directory::Account>;

  [[nodiscard]] std::expected<Account, AuthError> find(const std::string& login) const;
  net::Task<void> slow_down(std::string login, std::string peer);

  Directory directory_;
  LoginMemory& memory_;
  net::World& world_;
};

}  // namespace posthaste::auth
