#include "common/auth/lookup.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "common/auth/rows.h"
#include "common/base/idna.h"
#include "common/base/octets.h"

namespace posthaste::auth {
namespace {

/// A user or an alias of exactly this address.
Result<std::optional<Match>> exact_match(const Transaction& transaction, const Address& address,
                                         std::string detail) {
  const auto key = key_of(address);
  const auto user = transaction.get(Table::addresses, key);
  if (!user) return std::unexpected(user.error());
  if (*user) {
    const auto id = user_id_of(**user);
    if (!id) return transaction.damaged();
    return Match{*id, std::move(detail)};
  }
  const auto alias = transaction.get(Table::aliases, key);
  if (!alias) return std::unexpected(alias.error());
  if (!*alias) return std::nullopt;
  auto targets = decode_alias_targets(**alias);
  if (!targets) return transaction.damaged();
  return Match{std::move(*targets), std::move(detail)};
}

/// Follows aliases breadth first. Each address is visited once, so that a loop ends by itself.
class Expansion {
 public:
  Expansion(const Transaction& transaction, std::optional<char> delimiter)
      : transaction_(transaction), delimiter_(delimiter) {}

  Result<Resolution> expand(const Address& address, Match first) {
    visited_.insert(to_string(address));
    auto added = add(std::move(first), 0);
    while (added && !waiting_.empty()) {
      const auto step = std::move(waiting_.front());
      waiting_.pop_front();
      added = follow(step);
    }
    if (!added) return std::unexpected(added.error());
    if (!found_.users.empty() || !found_.elsewhere.empty()) return std::move(found_);
    if (!found_.missing.empty()) return UnknownUser{};
    return std::unexpected(DirectoryError::alias_loop);
  }

 private:
  struct Step {
    std::string target;
    std::string detail;  // the recipient's, kept for targets that have none of their own
    std::size_t depth;
  };

  Result<void> follow(const Step& step) {
    const auto address = folded(step.target);
    if (!address) return transaction_.damaged();
    if (!visited_.insert(to_string(*address)).second) return {};
    if (visited_.size() > kExpansionMax) return std::unexpected(DirectoryError::too_many);
    const auto ours = transaction_.contains(Table::domains, address->domain);
    if (!ours) return std::unexpected(ours.error());
    if (!*ours) {
      found_.elsewhere.push_back(step.target);
      return {};
    }
    auto matched = match(transaction_, *address, step.target, delimiter_);
    if (!matched) return std::unexpected(matched.error());
    if (!*matched) {
      found_.missing.push_back(step.target);
      return {};
    }
    if ((*matched)->detail.empty()) (*matched)->detail = step.detail;
    return add(std::move(**matched), step.depth);
  }

  Result<void> add(Match matched, std::size_t depth) {
    if (const auto* id = std::get_if<UserId>(&matched.leads_to)) return add_user(*id, std::move(matched.detail));
    if (depth == kAliasDepthMax) return std::unexpected(DirectoryError::alias_loop);
    for (auto& target : std::get<std::vector<std::string>>(matched.leads_to)) {
      waiting_.push_back({std::move(target), matched.detail, depth + 1});
    }
    return {};
  }

  Result<void> add_user(UserId id, std::string detail) {
    if (std::ranges::find(found_.users, id, &LocalUser::id) != found_.users.end()) return {};
    auto user = user_by_id(transaction_, id);
    if (!user) return transaction_.damaged();  // an address always has its user
    found_.users.push_back({id, std::move(user->address), std::move(detail)});
    return {};
  }

  const Transaction& transaction_;
  std::optional<char> delimiter_;
  std::deque<Step> waiting_;
  std::set<std::string> visited_;
  Recipients found_;
};

}  // namespace

std::optional<Address> folded(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  return Address{lower(address.substr(0, at)), fold_domain(address.substr(at + 1))};
}

Result<UserId> next_user_id(const Transaction& transaction) {
  const auto row = transaction.get(Table::meta, kNextUserId);
  if (!row) return std::unexpected(row.error());
  const std::optional<std::string_view> octets = *row;
  if (!octets) return UserId{1};
  const auto id = user_id_of(*octets);
  if (!id) return transaction.damaged();
  return *id;
}

Result<User> user_by_id(const Transaction& transaction, UserId id) {
  const auto row = transaction.get(Table::users, key_of(id));
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::unexpected(DirectoryError::not_found);
  auto user = decode_user(id, **row);
  if (!user) return transaction.damaged();
  return std::move(*user);
}

Result<User> user_by_address(const Transaction& transaction, const Address& address) {
  const auto row = transaction.get(Table::addresses, key_of(address));
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::unexpected(DirectoryError::not_found);
  const auto id = user_id_of(**row);
  if (!id) return transaction.damaged();
  return user_by_id(transaction, *id);
}

Result<Credential> credential_of(const Transaction& transaction, UserId id) {
  const auto row = transaction.get(Table::credentials, key_of(id));
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::unexpected(DirectoryError::not_found);
  auto credential = decode_credential(**row);
  if (!credential) return transaction.damaged();
  return std::move(*credential);
}

Result<std::vector<AppPassword>> app_passwords_of(const Transaction& transaction, std::optional<Table> table,
                                                  UserId id) {
  std::vector<AppPassword> app_passwords;
  if (!table) return app_passwords;
  const auto prefix = key_of(id);
  auto add = [&transaction, &app_passwords, &prefix](std::string_view key, std::string_view row) -> Result<void> {
    auto app_password = decode_app_password(key.substr(prefix.size()), row);
    if (!app_password) return transaction.damaged();
    app_passwords.push_back(std::move(*app_password));
    return {};
  };
  const auto walked = transaction.walk(*table, prefix, add);
  if (!walked) return std::unexpected(walked.error());
  return app_passwords;
}

Result<std::optional<Match>> match(const Transaction& transaction, const Address& address, std::string_view written,
                                   std::optional<char> delimiter) {
  auto found = exact_match(transaction, address, "");
  if (!found || *found) return found;
  const auto parts = split_subaddress(address.local_part, delimiter);
  if (parts.detail) {
    const auto begin = address.local_part.size() - parts.detail->size();  // folding changes no lengths
    std::string detail{written.substr(begin, parts.detail->size())};
    found = exact_match(transaction, {std::string{parts.user}, address.domain}, std::move(detail));
    if (!found || *found) return found;
  }
  return exact_match(transaction, {"", address.domain}, "");
}

Result<Resolution> resolve_in(const Transaction& transaction, const Address& address, std::string_view written,
                              std::optional<char> delimiter) {
  const auto ours = transaction.contains(Table::domains, address.domain);
  if (!ours) return std::unexpected(ours.error());
  if (!*ours) return NotOurDomain{};
  if (address.local_part.empty()) return UnknownUser{};  // "@domain" is how the catch-all is kept, not an address
  auto first = match(transaction, address, written, delimiter);
  if (!first) return std::unexpected(first.error());
  if (!*first) return UnknownUser{};
  return Expansion{transaction, delimiter}.expand(address, std::move(**first));
}

std::optional<std::string> route_key(std::string_view target) {
  if (target == kDefaultRoute) return std::string{target};
  if (target.find('@') == std::string_view::npos) {
    auto domain = parse_domain(target);
    if (!domain) return std::nullopt;
    return std::move(*domain);
  }
  const auto address = parse_address(target);
  if (!address) return std::nullopt;
  return to_string(*address);
}

Result<std::optional<Route>> route_of(const Transaction& transaction, Table routes, std::string_view key) {
  const auto row = transaction.get(routes, key);
  if (!row) return std::unexpected(row.error());
  if (!*row) return std::nullopt;
  auto route = decode_route(key, **row);
  if (!route) return transaction.damaged();
  return route;
}

}  // namespace posthaste::auth
