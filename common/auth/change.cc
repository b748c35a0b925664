#include <algorithm>
#include <utility>

#include "common/auth/address.h"
#include "common/auth/directory.h"
#include "common/auth/lookup.h"
#include "common/auth/rows.h"
#include "common/auth/tables.h"

namespace posthaste::auth {
namespace {

/// Ids begin at 1 and only grow: the counter outlives the users.
Result<UserId> mint_user_id(Transaction& transaction) {
  const auto id = next_user_id(transaction);
  if (!id) return id;
  const auto put = transaction.put(Table::meta, kNextUserId, key_of(next(*id)));
  if (!put) return std::unexpected(put.error());
  return *id;
}

/// Nobody has the address yet, in a domain of ours. Errors: no_domain, exists.
Result<void> check_vacant(const Transaction& transaction, const Address& address, Table other_table) {
  const auto ours = transaction.contains(Table::domains, address.domain);
  if (!ours) return std::unexpected(ours.error());
  if (!*ours) return std::unexpected(DirectoryError::no_domain);
  const auto taken = transaction.contains(other_table, key_of(address));
  if (!taken) return std::unexpected(taken.error());
  if (*taken) return std::unexpected(DirectoryError::exists);
  return {};
}

Result<std::vector<std::string>> keys_of_domain(const Transaction& transaction, Table table,
                                                const std::string& domain) {
  std::vector<std::string> keys;
  auto add = [&keys](std::string_view key, std::string_view /*row*/) -> Result<void> {
    keys.emplace_back(key);
    return {};
  };
  const auto walked = transaction.walk(table, domain + "@", add);
  if (!walked) return std::unexpected(walked.error());
  return keys;
}

}  // namespace

Change::Change(std::unique_ptr<Transaction> transaction) : transaction_(std::move(transaction)) {}
Change::Change(Change&&) noexcept = default;
Change& Change::operator=(Change&&) noexcept = default;
Change::~Change() = default;

Result<void> Change::add_domain(std::string_view domain) {
  const auto name = parse_domain(domain);
  if (!name) return std::unexpected(DirectoryError::bad_address);
  const auto table = Table::domains;
  const auto known = transaction_->contains(table, *name);
  if (!known) return std::unexpected(known.error());
  if (*known) return std::unexpected(DirectoryError::exists);
  return transaction_->put(table, *name, "");
}

Result<void> Change::delete_domain(std::string_view domain) {
  const auto name = parse_domain(domain);
  if (!name) return std::unexpected(DirectoryError::not_found);
  const auto users = keys_of_domain(*transaction_, Table::addresses, *name);
  if (!users) return std::unexpected(users.error());
  if (!users->empty()) return std::unexpected(DirectoryError::in_use);
  const auto aliases = keys_of_domain(*transaction_, Table::aliases, *name);
  if (!aliases) return std::unexpected(aliases.error());
  for (const auto& key : *aliases) {
    const auto erased = transaction_->erase(Table::aliases, key);
    if (!erased) return erased;
  }
  return transaction_->erase(Table::domains, *name);
}

Result<UserId> Change::add_user(const NewUser& user) {
  const auto address = parse_address(user.address);
  if (!address) return std::unexpected(DirectoryError::bad_address);
  for (const auto table : {Table::addresses, Table::aliases}) {
    const auto vacant = check_vacant(*transaction_, *address, table);
    if (!vacant) return std::unexpected(vacant.error());
  }
  const auto id = mint_user_id(*transaction_);
  if (!id) return id;
  const User row{*id, to_string(*address), user.display_name, user.quota_octets, user.enabled, user.created};
  auto put = transaction_->put(Table::users, key_of(*id), encode(row));
  if (put) put = transaction_->put(Table::addresses, key_of(*address), key_of(*id));
  if (!put) return std::unexpected(put.error());
  return id;
}

Result<void> Change::keep_numbers(UserId last) {
  const auto id = next_user_id(*transaction_);
  if (!id) return std::unexpected(id.error());
  if (*id > last) return {};
  return transaction_->put(Table::meta, kNextUserId, key_of(next(last)));
}

Result<void> Change::delete_user(UserId id) {
  const auto user = user_by_id(*transaction_, id);
  if (!user) return std::unexpected(user.error());
  const auto address = folded(user->address);
  if (!address) return transaction_->damaged();
  auto erased = transaction_->erase(Table::addresses, key_of(*address));
  if (erased) erased = transaction_->erase(Table::users, key_of(id));
  if (!erased) return erased;
  const auto credential = transaction_->erase(Table::credentials, key_of(id));
  if (!credential && credential.error() != DirectoryError::not_found) return credential;
  const auto app_passwords = app_passwords_of(*transaction_, Table::app_passwords, id);
  if (!app_passwords) return std::unexpected(app_passwords.error());
  for (const auto& app_password : *app_passwords) {
    erased = delete_app_password(id, app_password.name);
    if (!erased) return erased;
  }
  return transaction_->put(Table::departed, key_of(id), departed_row());
}

Result<void> Change::update_user(const User& user) {
  auto row = user_by_id(*transaction_, user.id);
  if (!row) return std::unexpected(row.error());
  row->display_name = user.display_name;
  row->quota_octets = user.quota_octets;
  row->enabled = user.enabled;
  return transaction_->put(Table::users, key_of(user.id), encode(*row));
}

Result<void> Change::set_credential(UserId id, const Credential& credential) {
  const auto user = user_by_id(*transaction_, id);
  if (!user) return std::unexpected(user.error());
  const auto former = credential_of(*transaction_, id);
  if (!former && former.error() != DirectoryError::not_found) return std::unexpected(former.error());
  Credential row = credential;
  row.version = former ? former->version + 1 : 1;
  return transaction_->put(Table::credentials, key_of(id), encode(row));
}

Result<void> Change::add_app_password(UserId id, const AppPassword& app_password) {
  const auto user = user_by_id(*transaction_, id);
  if (!user) return std::unexpected(user.error());
  const auto& name = app_password.name;
  if (!is_app_password_name(name)) return std::unexpected(DirectoryError::bad_address);
  const auto others = app_passwords_of(*transaction_, Table::app_passwords, id);
  if (!others) return std::unexpected(others.error());
  if (std::ranges::find(*others, name, &AppPassword::name) != others->end())
    return std::unexpected(DirectoryError::exists);
  if (others->size() >= kAppPasswordsMax) return std::unexpected(DirectoryError::too_many);
  return transaction_->put(Table::app_passwords, key_of(id) + name, encode(app_password));
}

Result<void> Change::delete_app_password(UserId id, std::string_view name) {
  if (!is_app_password_name(name)) return std::unexpected(DirectoryError::not_found);
  return transaction_->erase(Table::app_passwords, key_of(id) + std::string{name});
}

Result<void> Change::set_alias(const Alias& alias) {
  const auto address = parse_alias_address(alias.address);
  if (!address || alias.targets.empty()) return std::unexpected(DirectoryError::bad_address);
  if (alias.targets.size() > kAliasTargetsMax) return std::unexpected(DirectoryError::too_many);
  for (const auto& target : alias.targets) {
    if (!parse_address(target)) return std::unexpected(DirectoryError::bad_address);
  }
  const auto vacant = check_vacant(*transaction_, *address, Table::addresses);
  if (!vacant) return vacant;
  return transaction_->put(Table::aliases, key_of(*address), encode(alias.targets));
}

Result<void> Change::delete_alias(std::string_view address) {
  const auto alias = parse_alias_address(address);
  if (!alias) return std::unexpected(DirectoryError::not_found);
  return transaction_->erase(Table::aliases, key_of(*alias));
}

Result<void> Change::set_route(const Route& route) {
  const auto key = route_key(route.target);
  if (!key || route.host.empty()) return std::unexpected(DirectoryError::bad_address);
  return transaction_->put(Table::routes, *key, encode(route));
}

Result<void> Change::delete_route(std::string_view target) {
  const auto key = route_key(target);
  if (!key) return std::unexpected(DirectoryError::not_found);
  return transaction_->erase(Table::routes, *key);
}

Result<void> Change::ensure_postmaster(std::string_view domain, std::string_view target) {
  const auto name = parse_domain(domain);
  if (!name) return std::unexpected(DirectoryError::bad_address);
  const Address postmaster{"postmaster", *name};
  for (const auto table : {Table::addresses, Table::aliases}) {
    const auto there = transaction_->contains(table, key_of(postmaster));
    if (!there) return std::unexpected(there.error());
    if (*there) return {};
  }
  return set_alias({to_string(postmaster), {std::string{target}}});
}

Result<void> Change::commit() {
  const auto transaction = std::move(transaction_);
  return transaction->commit();
}

}  // namespace posthaste::auth
