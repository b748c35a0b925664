// The directory: who has mail here. One LMDB environment, changed by the operator's command, read by the daemons.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/auth/app_password.h"
#include "common/auth/password.h"
#include "common/auth/route.h"
#include "common/base/clock.h"
#include "common/base/ids.h"

namespace posthaste::lmdb {
class Environment;
}

namespace posthaste::auth {

class Transaction;

enum class DirectoryError {
  not_found,    // no such domain, user, alias, route or app password
  exists,       // the address, domain or name is taken
  bad_address,  // not an address, or a name, that the directory can hold
  no_domain,    // the address lies in a domain that is not ours
  in_use,       // a domain that still has users or aliases
  too_many,     // more targets than an alias, or an expansion, may have; more app passwords than a user may
  alias_loop,   // aliases deeper than kAliasDepthMax, or that lead only to themselves
  read_only,    // opened as reader
  full,         // the map or the disk
  damaged,      // a row that nobody here has written
  io,           // the file system, or LMDB
};

inline constexpr std::size_t kAliasDepthMax = 10;
inline constexpr std::size_t kAliasTargetsMax = 1'000;  // of one alias
inline constexpr std::size_t kExpansionMax = 10'000;    // addresses that one recipient may become
inline constexpr std::size_t kAppPasswordsMax = 50;     // of one user
inline constexpr std::size_t kDirectoryMapOctets = 1'073'741'824;

struct User {
  UserId id{};
  std::string address;
  std::string display_name;
  std::optional<std::uint64_t> quota_octets;  // nothing: no limit
  bool enabled = true;                        // may log in; mail is taken for a disabled user too
  WallTime created{};
};

/// What a user proves themselves with. The version grows with every change and is never used twice for a user.
struct Credential {
  std::uint64_t version = 0;
  std::string hash;  // libcrypt's
  std::optional<ScramKeys> scram_sha1;
  std::optional<ScramKeys> scram_sha256;
};

/// By what a session has logged in: the user's own password, or an app password, as it was then.
struct ProvedLogin {
  UserId user{};
  std::string app_password;            // its name; empty for the user's own password
  std::uint64_t password_version = 0;  // Credential::version, or version_of() the app password
  bool operator==(const ProvedLogin&) const = default;
};

struct Alias {
  std::string address;               // "@example.org" takes whatever the domain does not name
  std::vector<std::string> targets;  // addresses here or elsewhere
};

/// A user and how the message's address named them.
struct LocalUser {
  UserId id{};
  std::string address;
  std::string detail;  // of user+detail@domain (RFC 5233), in the case it was written in; empty without
  bool operator==(const LocalUser&) const = default;
};

/// Where a recipient of ours leads: users here, and addresses elsewhere that aliases name. Never both empty.
struct Recipients {
  std::vector<LocalUser> users;
  std::vector<std::string> elsewhere;
  std::vector<std::string> missing;  // targets in our domains that are nobody's, for the log
  bool operator==(const Recipients&) const = default;
};
struct UnknownUser {
  bool operator==(const UnknownUser&) const = default;
};
struct NotOurDomain {
  bool operator==(const NotOurDomain&) const = default;
};
using Resolution = std::variant<Recipients, UnknownUser, NotOurDomain>;

enum class Role {
  reader,  // daemons
  writer,  // the operator's command; makes the environment when there is none
};

struct NewUser {
  std::string address;
  std::string display_name;
  std::optional<std::uint64_t> quota_octets;
  bool enabled = true;
  WallTime created{};
};

/// A change of the directory: all of it at commit(), or nothing when it is dropped. One at a time on a machine;
/// a second waits for the first. Stays on its thread.
class Change {
 public:
  Change(Change&&) noexcept;
  Change& operator=(Change&&) noexcept;
  ~Change();

  /// Errors: exists, bad_address.
  [[nodiscard]] std::expected<void, DirectoryError> add_domain(std::string_view domain);
  /// Takes the domain's aliases with it. Errors: not_found, in_use while it has users.
  [[nodiscard]] std::expected<void, DirectoryError> delete_domain(std::string_view domain);

  /// Mints the id. Errors: bad_address, no_domain, exists.
  [[nodiscard]] std::expected<UserId, DirectoryError> add_user(const NewUser& user);
  /// Users that are added from now on get numbers above `last`: the store has mail of numbers up to it, which an
  /// older copy of the directory did not give.
  [[nodiscard]] std::expected<void, DirectoryError> keep_numbers(UserId last);
  /// The user's row and credential. The id stays used, and on record among departed_users(). Errors: not_found.
  [[nodiscard]] std::expected<void, DirectoryError> delete_user(UserId id);
  /// Replaces display name, quota and `enabled`; address and creation stay. Errors: not_found.
  [[nodiscard]] std::expected<void, DirectoryError> update_user(const User& user);

  /// `credential.version` is ignored: the next one is given. Errors: not_found.
  [[nodiscard]] std::expected<void, DirectoryError> set_credential(UserId id, const Credential& credential);

  /// Errors: not_found (the user), exists (they have one of this name), bad_address (the name is empty, longer than
  /// kAppPasswordNameMaxOctets or not printable), too_many.
  [[nodiscard]] std::expected<void, DirectoryError> add_app_password(UserId id, const AppPassword& app_password);
  /// From the next login on it is worth nothing. Errors: not_found.
  [[nodiscard]] std::expected<void, DirectoryError> delete_app_password(UserId id, std::string_view name);

  /// Adds or replaces. Errors: bad_address (the alias or a target), no_domain, exists (a user has the address),
  /// too_many.
  [[nodiscard]] std::expected<void, DirectoryError> set_alias(const Alias& alias);
  /// Errors: not_found.
  [[nodiscard]] std::expected<void, DirectoryError> delete_alias(std::string_view address);

  /// Adds or replaces. The target need not be ours. Errors: bad_address (the target, or no host).
  [[nodiscard]] std::expected<void, DirectoryError> set_route(const Route& route);
  /// Errors: not_found.
  [[nodiscard]] std::expected<void, DirectoryError> delete_route(std::string_view target);

  /// Gives the domain the postmaster that RFC 5321 §4.5.1 demands: an alias postmaster@domain to `target`.
  /// Does nothing when postmaster is there already, as a user or an alias.
  [[nodiscard]] std::expected<void, DirectoryError> ensure_postmaster(std::string_view domain,
                                                                      std::string_view target);

  /// Durable and seen by every daemon's next lookup. Errors: full, io; then nothing has changed.
  [[nodiscard]] std::expected<void, DirectoryError> commit();

 private:
  friend class Directory;
  explicit Change(std::unique_ptr<Transaction> transaction);

  std::unique_ptr<Transaction> transaction_;
};

/// Each read is a transaction of its own of a few microseconds and sees the last commit: an ordinary call that
/// may stand on a loop. list_*() walk everything and belong to the operator's command.
class Directory {
 public:
  /// Opens the environment in the folder `path`, once for each process: further calls share it, and a reader may
  /// follow a writer but not the other way round. Open it after the last fork. Made by root, its files get the
  /// owner of the folder above. Errors: not_found (reader, nothing there), full, io, damaged.
  [[nodiscard]] static std::expected<Directory, DirectoryError> open(const std::filesystem::path& path, Role role);

  /// Where mail to `address` goes. The local part is given unquoted; both parts are compared without case.
  /// An address is looked up as it is, then without its detail, then as its domain's catch-all.
  /// Errors: alias_loop, too_many, damaged, io.
  [[nodiscard]] std::expected<Resolution, DirectoryError> resolve(std::string_view address,
                                                                  std::optional<char> delimiter = '+') const;

  [[nodiscard]] std::expected<bool, DirectoryError> is_our_domain(std::string_view domain) const;

  /// The number of the next new user: those below it were given.
  [[nodiscard]] std::expected<UserId, DirectoryError> next_user() const;

  /// The user of exactly this address: no alias, no detail. Errors: not_found, damaged, io.
  [[nodiscard]] std::expected<User, DirectoryError> find_user(std::string_view address) const;
  [[nodiscard]] std::expected<User, DirectoryError> find_user(UserId id) const;

  /// Users that were deleted, by id: the first so many of those behind `after`. None of them ever comes back: who
  /// gets the address again has another id. Errors: io.
  [[nodiscard]] std::expected<std::vector<UserId>, DirectoryError> departed_users(UserId after,
                                                                                  std::size_t users_max) const;

  /// Errors: not_found, also for a user without a credential; damaged, io.
  [[nodiscard]] std::expected<Credential, DirectoryError> find_credential(UserId id) const;

  /// By name. Errors: damaged, io.
  [[nodiscard]] std::expected<std::vector<AppPassword>, DirectoryError> app_passwords(UserId id) const;

  /// A user with all that they may log in by, of one instant.
  struct Account {
    User user;
    Credential credential;
    std::vector<AppPassword> app_passwords;
  };
  /// Whether a session that logged in so may go on: the user is there and may log in, and the password is the same.
  /// Errors: damaged, io.
  [[nodiscard]] std::expected<bool, DirectoryError> still_counts(const ProvedLogin& login) const;

  /// The number of the last change: another one when anything was changed since. Costs no transaction. Errors: io.
  [[nodiscard]] std::expected<std::uint64_t, DirectoryError> last_transaction() const;

  /// `login` is an address, or a local part alone while there is exactly one domain.
  /// Errors: not_found, damaged, io.
  [[nodiscard]] std::expected<Account, DirectoryError> find_account(std::string_view login) const;

  /// The address that `login` means, or would mean if it had a user: the same for each way to write it.
  /// Errors: damaged, io.
  [[nodiscard]] std::expected<std::string, DirectoryError> name_of_login(std::string_view login) const;

  /// 32 octets that nobody can tell without this directory, the same for every spelling of a login in every
  /// daemon: what users who are not there have for a salt. `purpose` keeps one use apart from another.
  /// Errors: damaged, io.
  [[nodiscard]] std::expected<std::string, DirectoryError> disguise(std::string_view purpose,
                                                                    std::string_view login) const;

  [[nodiscard]] std::expected<std::vector<std::string>, DirectoryError> list_domains() const;
  [[nodiscard]] std::expected<std::vector<User>, DirectoryError> list_users() const;  // by id
  [[nodiscard]] std::expected<std::vector<Alias>, DirectoryError> list_aliases() const;

  /// The route of `address`: its own, the one without its detail, or its domain's. Compared without case.
  /// Nothing when there is none. Errors: damaged, io.
  [[nodiscard]] std::expected<std::optional<Route>, DirectoryError> find_route(
      std::string_view address, std::optional<char> delimiter = '+') const;
  /// The route of all that is neither ours nor has a route of its own. Nothing when there is none.
  [[nodiscard]] std::expected<std::optional<Route>, DirectoryError> default_route() const;
  [[nodiscard]] std::expected<std::vector<Route>, DirectoryError> list_routes() const;  // with passwords

  /// Whether `login` may send as `sender`: their own address, with or without detail, or an alias that names them
  /// as a target.
  [[nodiscard]] std::expected<bool, DirectoryError> may_send_as(UserId id, std::string_view sender,
                                                                std::optional<char> delimiter = '+') const;

  /// Errors: read_only, io.
  [[nodiscard]] std::expected<Change, DirectoryError> change();

 private:
  Directory(std::shared_ptr<lmdb::Environment> environment, Role role);

  std::shared_ptr<lmdb::Environment> environment_;
  Role role_;
};

}  // namespace posthaste::auth
