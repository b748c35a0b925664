#include "common/auth/directory.h"

#include <algorithm>
#include <span>
#include <utility>

#include "common/auth/lookup.h"
#include "common/auth/rows.h"
#include "common/auth/tables.h"
#include "common/base/idna.h"
#include "common/base/octets.h"

namespace posthaste::auth {
namespace {

/// The only domain there is. Nothing when there are several, or none.
Result<std::optional<std::string>> only_domain(const Transaction& transaction) {
  std::optional<std::string> only;
  std::size_t count = 0;
  auto note = [&only, &count](std::string_view domain, std::string_view /*row*/) -> Result<void> {
    only = std::string{domain};
    if (++count > 1) return std::unexpected(DirectoryError::not_found);  // enough seen
    return {};
  };
  const auto walked = transaction.walk(Table::domains, "", note);
  if (count > 1) return std::nullopt;
  if (!walked) return std::unexpected(walked.error());
  return only;
}

Result<std::optional<Address>> address_of_login(const Transaction& transaction, std::string_view login) {
  if (auto address = folded(login)) return address;
  const auto domain = only_domain(transaction);
  if (!domain) return std::unexpected(domain.error());
  if (!*domain) return std::nullopt;
  return Address{lower(login), **domain};
}

/// The version that this password has now. Errors: not_found, also for a user who may not log in.
Result<std::uint64_t> password_version(const Transaction& transaction, std::optional<Table> app_passwords,
                                       const ProvedLogin& login) {
  const auto user = user_by_id(transaction, login.user);
  if (!user) return std::unexpected(user.error());
  if (!user->enabled) return std::unexpected(DirectoryError::not_found);
  if (login.app_password.empty()) {
    const auto credential = credential_of(transaction, login.user);
    if (!credential) return std::unexpected(credential.error());
    return credential->version;
  }
  if (!app_passwords) return std::unexpected(DirectoryError::not_found);
  const auto row = transaction.get(*app_passwords, key_of(login.user) + login.app_password);
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::unexpected(DirectoryError::not_found);
  const auto app_password = decode_app_password(login.app_password, **row);
  if (!app_password) return transaction.damaged();
  return version_of(*app_password);
}

/// The route of the first of `keys` that has one.
Result<std::optional<Route>> first_route(const std::shared_ptr<lmdb::Environment>& environment,
                                         std::span<const std::string> keys) {
  const auto table = find_table(*environment, Table::routes);
  if (!table) return std::unexpected(table.error());
  if (!*table) return std::nullopt;
  const auto transaction = Transaction::begin(environment, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  for (const auto& key : keys) {
    auto route = route_of(**transaction, **table, key);
    if (!route || *route) return route;
  }
  return std::nullopt;
}

}  // namespace

Directory::Directory(std::shared_ptr<lmdb::Environment> environment, Role role)
    : environment_(std::move(environment)), role_(role) {}

Result<Directory> Directory::open(const std::filesystem::path& path, Role role) {
  auto environment = open_environment(path, role);
  if (!environment) return std::unexpected(environment.error());
  return Directory{std::move(*environment), role};
}

Result<Resolution> Directory::resolve(std::string_view address, std::optional<char> delimiter) const {
  const auto wanted = folded(address);
  if (!wanted) return NotOurDomain{};
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  return resolve_in(**transaction, *wanted, address, delimiter);
}

Result<bool> Directory::is_our_domain(std::string_view domain) const {
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  return (*transaction)->contains(Table::domains, fold_domain(domain));
}

Result<User> Directory::find_user(std::string_view address) const {
  const auto wanted = folded(address);
  if (!wanted) return std::unexpected(DirectoryError::not_found);
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  return user_by_address(**transaction, *wanted);
}

Result<User> Directory::find_user(UserId id) const {
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  return user_by_id(**transaction, id);
}

Result<UserId> Directory::next_user() const {
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  return next_user_id(**transaction);
}

Result<std::vector<UserId>> Directory::departed_users(UserId after, std::size_t users_max) const {
  const auto table = find_table(*environment_, Table::departed);
  if (!table) return std::unexpected(table.error());
  std::vector<UserId> departed;
  if (!*table) return departed;
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  auto add = [&transaction, &departed, users_max](std::string_view key, std::string_view /*row*/) -> Result<void> {
    const auto id = user_id_of(key);
    if (!id) return (*transaction)->damaged();
    if (departed.size() == users_max) return std::unexpected(DirectoryError::too_many);  // enough seen
    departed.push_back(*id);
    return {};
  };
  const auto walked = (*transaction)->walk_from(**table, key_of(next(after)), add);
  if (!walked && walked.error() != DirectoryError::too_many) return std::unexpected(walked.error());
  return departed;
}

Result<Credential> Directory::find_credential(UserId id) const {
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  return credential_of(**transaction, id);
}

Result<Directory::Account> Directory::find_account(std::string_view login) const {
  const auto table = find_table(*environment_, Table::app_passwords);
  if (!table) return std::unexpected(table.error());
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  const auto address = address_of_login(**transaction, login);
  if (!address) return std::unexpected(address.error());
  if (!*address) return std::unexpected(DirectoryError::not_found);
  auto user = user_by_address(**transaction, **address);
  if (!user) return std::unexpected(user.error());
  auto credential = credential_of(**transaction, user->id);
  if (!credential) return std::unexpected(credential.error());
  auto app_passwords = app_passwords_of(**transaction, *table, user->id);
  if (!app_passwords) return std::unexpected(app_passwords.error());
  return Account{std::move(*user), std::move(*credential), std::move(*app_passwords)};
}

Result<std::vector<AppPassword>> Directory::app_passwords(UserId id) const {
  const auto table = find_table(*environment_, Table::app_passwords);
  if (!table) return std::unexpected(table.error());
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  return app_passwords_of(**transaction, *table, id);
}

Result<bool> Directory::still_counts(const ProvedLogin& login) const {
  const auto table = find_table(*environment_, Table::app_passwords);
  if (!table) return std::unexpected(table.error());
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  const auto version = password_version(**transaction, *table, login);
  if (version) return *version == login.password_version;
  if (version.error() == DirectoryError::not_found) return false;
  return std::unexpected(version.error());
}

Result<std::uint64_t> Directory::last_transaction() const { return environment_->last_commit(); }

Result<std::string> Directory::name_of_login(std::string_view login) const {
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  const auto address = address_of_login(**transaction, login);
  if (!address) return std::unexpected(address.error());
  return *address ? to_string(**address) : lower(login);
}

Result<std::string> Directory::disguise(std::string_view purpose, std::string_view login) const {
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  const auto secret = (*transaction)->get(Table::meta, kSecretKey);
  if (!secret) return std::unexpected(secret.error());
  if (!*secret) return (*transaction)->damaged();
  const auto name = name_of_login(login);
  if (!name) return std::unexpected(name.error());
  return hmac(ScramHash::sha256, **secret, std::string{purpose} + " " + *name);
}

Result<std::vector<std::string>> Directory::list_domains() const {
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  std::vector<std::string> domains;
  auto add = [&domains](std::string_view domain, std::string_view /*row*/) -> Result<void> {
    domains.emplace_back(domain);
    return {};
  };
  const auto walked = (*transaction)->walk(Table::domains, "", add);
  if (!walked) return std::unexpected(walked.error());
  return domains;
}

Result<std::vector<User>> Directory::list_users() const {
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  std::vector<User> users;
  auto add = [&transaction, &users](std::string_view key, std::string_view row) -> Result<void> {
    const auto id = user_id_of(key);
    auto user = id ? decode_user(*id, row) : std::nullopt;
    if (!user) return (*transaction)->damaged();
    users.push_back(std::move(*user));
    return {};
  };
  const auto walked = (*transaction)->walk(Table::users, "", add);
  if (!walked) return std::unexpected(walked.error());
  return users;
}

Result<std::vector<Alias>> Directory::list_aliases() const {
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  std::vector<Alias> aliases;
  auto add = [&transaction, &aliases](std::string_view key, std::string_view row) -> Result<void> {
    const auto address = address_of(key);
    auto targets = decode_alias_targets(row);
    if (!address || !targets) return (*transaction)->damaged();
    aliases.push_back({to_string(*address), std::move(*targets)});
    return {};
  };
  const auto walked = (*transaction)->walk(Table::aliases, "", add);
  if (!walked) return std::unexpected(walked.error());
  return aliases;
}

Result<std::optional<Route>> Directory::find_route(std::string_view address, std::optional<char> delimiter) const {
  const auto wanted = folded(address);
  if (!wanted || wanted->domain == kDefaultRoute) return std::nullopt;
  const auto user = split_subaddress(wanted->local_part, delimiter).user;
  const std::string keys[] = {to_string(*wanted), to_string(Address{std::string{user}, wanted->domain}),
                              wanted->domain};
  return first_route(environment_, keys);
}

Result<std::optional<Route>> Directory::default_route() const {
  const std::string keys[] = {std::string{kDefaultRoute}};
  return first_route(environment_, keys);
}

Result<std::vector<Route>> Directory::list_routes() const {
  const auto table = find_table(*environment_, Table::routes);
  if (!table) return std::unexpected(table.error());
  std::vector<Route> routes;
  if (!*table) return routes;
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  auto add = [&transaction, &routes](std::string_view key, std::string_view row) -> Result<void> {
    auto route = decode_route(key, row);
    if (!route) return (*transaction)->damaged();
    routes.push_back(std::move(*route));
    return {};
  };
  const auto walked = (*transaction)->walk(**table, "", add);
  if (!walked) return std::unexpected(walked.error());
  return routes;
}

Result<bool> Directory::may_send_as(UserId id, std::string_view sender, std::optional<char> delimiter) const {
  const auto address = folded(sender);
  if (!address || address->local_part.empty()) return false;
  const auto transaction = Transaction::begin(environment_, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  const auto matched = match(**transaction, *address, sender, delimiter);
  if (!matched) return std::unexpected(matched.error());
  if (!*matched) return false;
  if (const auto* owner = std::get_if<UserId>(&(*matched)->leads_to)) return *owner == id;
  const auto user = user_by_id(**transaction, id);
  if (!user) return std::unexpected(user.error());
  const auto& targets = std::get<std::vector<std::string>>((*matched)->leads_to);
  return std::ranges::any_of(targets, [&user](const auto& target) { return iequals(target, user->address); });
}

Result<Change> Directory::change() {
  if (role_ == Role::reader) return std::unexpected(DirectoryError::read_only);
  auto transaction = Transaction::begin(environment_, Access::write);
  if (!transaction) return std::unexpected(transaction.error());
  return Change{std::move(*transaction)};
}

}  // namespace posthaste::auth
