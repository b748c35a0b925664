// The one place where smtpd, imapd and pop3d ask whether somebody is who they say.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/directory.h"
#include "common/auth/login_memory.h"
#include "common/auth/login_watch.h"
#include "common/auth/password.h"
#include "common/auth/settings.h"
#include "common/net/task.h"
#include "common/net/tls.h"
#include "common/net/world.h"

namespace posthaste::auth {

struct Identity {
  UserId id{};
  std::string address;
  std::string app_password;  // the name of the one that was used; empty for the user's own password
  std::uint64_t password_version = 0;
  bool operator==(const Identity&) const = default;
};

/// What to watch while a session of theirs is open.
[[nodiscard]] inline ProvedLogin login_of(const Identity& identity) {
  return {identity.id, identity.app_password, identity.password_version};
}

enum class AuthError {
  wrong,         // no such user, or not their password: nobody learns which (535 5.7.8, NO [AUTHENTICATIONFAILED])
  busy,          // too many checks wait already: try again (454 4.7.0, NO [UNAVAILABLE])
  disabled,      // the right password of a user who may not log in
  out_of_scope,  // the right app password, for another service
  unavailable,   // the directory can't be read
};

inline constexpr std::size_t kLoginMaxOctets = 320;  // a local part of 64, '@', a domain of 255

/// When a failed login is answered, counted from the instant at which it was begun, or after its delay: whether
/// nothing was hashed, or by which scheme, nobody can tell. A hash takes some fifty milliseconds, and where many
/// wait for the threads, half a second more; what lasts even longer is answered after twice this time, and so on.
inline constexpr auto kFailedAnswerAfter = std::chrono::seconds{1};

/// What a SCRAM exchange needs of its user, or of somebody made up in their place. Spent by conclude_scram().
struct ScramOffer {
  LoginMemory::Attempt attempt;
  /// A password that may be proved: its name, "" for the user's own, and its version.
  struct Password {
    std::string app_password;
    std::uint64_t version = 0;
  };
  std::vector<ScramKeys> keys;      // of each password that may be proved, all with one salt; never empty
  std::vector<Password> passwords;  // key by key
  std::optional<User> user;                // nobody when the login names no user with such keys
};

/// One for each worker. A login waits before it is checked, longer with each failure of its address and account;
/// a password that was right minutes ago is known without waiting or hashing, and so is any app password. No
/// account is ever locked.
class Authenticator {
 public:
  /// `memory` is shared with the daemon's other workers; it and `world` outlive the authenticator.
  Authenticator(Directory directory, LoginMemory& memory, net::World& world, LoginRules rules);

  /// The mechanisms for a connection; `tls` is null without TLS, where there are none unless plaintext is allowed.
  /// -PLUS needs TLS that can be bound to.
  [[nodiscard]] std::vector<SaslMechanism> mechanisms(const net::TlsSession* tls) const;
  /// Whether a command that carries a password, as IMAP's LOGIN and POP3's PASS, may be used.
  [[nodiscard]] bool takes_passwords(const net::TlsSession* tls) const;

  /// `login` is an address, or a local part alone while there is one domain; `peer` is the client's IP address.
  /// A failure is told after a fixed time. A login that names nobody costs no hash.
  net::Task<std::expected<Identity, AuthError>> check_password(std::string login, std::string password,
                                                               std::string peer);

  /// The keys for a ScramExchange. Whoever is not there gets salt and keys too, the same ones for every try, and
  /// fails at the proof. Errors: unavailable.
  net::Task<std::expected<ScramOffer, AuthError>> offer_scram(std::string login, ScramHash hash, std::string peer);

  /// Ends the exchange: `proved` is which key ScramExchange::finish() found proved, or nothing. A failure is told
  /// after a fixed time. Errors: wrong, disabled.
  net::Task<std::expected<Identity, AuthError>> conclude_scram(ScramOffer offer, std::optional<std::size_t> proved);

  /// Where sessions that have logged in hear that their login counts no more. To be run().
  [[nodiscard]] LoginWatch& logins() noexcept { return logins_; }

  /// A server's part of a SCRAM nonce.
  [[nodiscard]] std::string make_nonce();

 private:
  /// Who a login names, under a name that is the same for each way to write it.
  struct Named {
    std::string name;
    std::optional<Directory::Account> account;
  };

  [[nodiscard]] std::expected<Named, AuthError> find(const std::string& login) const;
  /// What is known without hashing: an app password, or a password that was right lately.
  [[nodiscard]] std::optional<std::expected<Identity, AuthError>> recognise(const Directory::Account& account,
                                                                            const std::string& password);
  /// Hashes, where there is a hash to compare with. Errors: wrong, busy, disabled, unavailable.
  net::Task<std::expected<Identity, AuthError>> verify(LoginMemory::Attempt attempt, std::string login,
                                                       std::string password);
  /// Waits until a failure may be told of what began at `begun`.
  net::Task<void> hold_back(net::Instant begun);

  Directory directory_;
  LoginMemory& memory_;
  net::World& world_;
  const LoginRules rules_;
  LoginWatch logins_;
};

}  // namespace posthaste::auth
