#include "common/auth/check.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/auth/lookup.h"
#include "common/auth/rows.h"
#include "common/auth/tables.h"
#include "common/base/octets.h"
#include "common/base/problems.h"

namespace posthaste::auth {
namespace {

constexpr std::size_t kShownMaxOctets = 200;
constexpr std::size_t kSecretOctets = 32;

/// Octets that may be anything, for eyes.
std::string shown(std::string_view octets) { return "\"" + escaped(octets, kShownMaxOctets) + "\""; }

std::string user_named(UserId id) { return "user " + std::to_string(number(id)); }

/// One run of the checker.
class Checker {
 public:
  Checker(const Transaction& transaction, std::optional<Table> routes, std::optional<Table> app_passwords,
          std::optional<Table> departed)
      : transaction_(transaction), routes_(routes), app_passwords_(app_passwords), departed_(departed) {}

  DirectoryReport run() {
    check_meta();
    walk("domains", Table::domains, [this](auto key, auto) { check_domain(key); });
    walk("users", Table::users, [this](auto key, auto row) { check_user(key, row); });
    walk("addresses", Table::addresses, [this](auto key, auto row) { check_address(key, row); });
    walk("credentials", Table::credentials, [this](auto key, auto row) { check_credential(key, row); });
    walk("aliases", Table::aliases, [this](auto key, auto row) { check_alias(key, row); });
    if (app_passwords_) walk("app passwords", *app_passwords_, [this](auto key, auto row) { check_app(key, row); });
    if (routes_) walk("routes", *routes_, [this](auto key, auto row) { check_route(key, row); });
    if (departed_) walk("departed users", *departed_, [this](auto key, auto) { check_departed(key); });
    return std::move(report_);
  }

 private:
  template <typename Row>
  void walk(const char* name, Table table, Row check_row) {
    std::uint64_t rows = 0;
    std::string last;
    const auto visit = [&](std::string_view key, std::string_view row) -> Result<void> {
      if (++rows > 1 && key <= std::string_view(last)) problem("the table of ", name, " is not in order");
      last = key;
      check_row(key, row);
      return {};
    };
    if (!transaction_.walk(table, "", visit)) return problem("the table of ", name, " cannot be read to its end");
    const auto counted = transaction_.count(table);
    if (counted && *counted != rows) problem("the table of ", name, " has ", rows, " rows, and counts ", *counted);
  }

  void check_meta() {
    const auto secret = transaction_.get(Table::meta, kSecretKey);
    const std::optional<std::string_view> octets = secret ? *secret : std::nullopt;
    if (!octets || octets->size() != kSecretOctets) problem("its secret is damaged or gone");
    const auto next = next_user_id(transaction_);
    if (next) next_user_ = *next;
    if (!next) problem("the number of the next user is damaged");
  }

  void check_domain(std::string_view key) {
    ++report_.domains;
    const auto domain = parse_domain(key);
    if (!domain || *domain != key) problem("domain ", shown(key), ": is no name");
    domains_.emplace(key);
  }

  [[nodiscard]] bool is_ours(const Address& address) const { return domains_.contains(address.domain); }

  void check_user(std::string_view key, std::string_view row) {
    const auto id = user_id_of(key);
    const auto user = id ? decode_user(*id, row) : std::nullopt;
    if (!user) return problem("a user's row is damaged: ", shown(key));
    ++report_.users;
    users_.insert(*id);
    const std::string name = user_named(*id) + " (" + shown(user->address) + "): ";
    if (next_user_ && *id >= *next_user_) problem(name, "the number is not below that of the next user");
    const auto address = parse_address(user->address);
    if (!address) return problem(name, "the address is none");
    if (!is_ours(*address)) problem(name, "the domain is not ours");
    const auto leads_to = transaction_.get(Table::addresses, key_of(*address));
    const std::optional<std::string_view> found = leads_to ? *leads_to : std::nullopt;
    if (!found || user_id_of(*found) != id) problem(name, "the address does not lead to this user");
    const auto credential = transaction_.contains(Table::credentials, key);
    if (credential && !*credential) problem(name, "has no password");
  }

  void check_address(std::string_view key, std::string_view row) {
    const auto id = user_id_of(row);
    if (!id) return problem("address ", shown(key), ": the row is damaged");
    if (!users_.contains(*id))
      problem("address ", shown(key), ": leads to ", user_named(*id), ", who does not exist");
  }

  void check_credential(std::string_view key, std::string_view row) {
    const auto id = user_id_of(key);
    if (!id) return problem("a password is nobody's: ", shown(key));
    if (!decode_credential(row)) problem(user_named(*id), ": the password's row is damaged");
    if (!users_.contains(*id)) problem(user_named(*id), ": has a password, and does not exist");
  }

  void check_alias(std::string_view key, std::string_view row) {
    ++report_.aliases;
    const auto address = address_of(key);
    if (!address) return problem("alias ", shown(key), ": is no address");
    const auto alias = parse_alias_address(to_string(*address));
    if (!alias) return problem("alias ", shown(key), ": is no address");
    if (!is_ours(*alias)) problem("alias ", shown(key), ": the domain is not ours");
    const auto targets = decode_alias_targets(row);
    if (!targets || targets->empty()) return problem("alias ", shown(key), ": the row is damaged");
    for (const auto& target : *targets) {
      const auto parsed = parse_address(target);
      if (!parsed) problem("alias ", shown(key), ": its target ", shown(target), " is no address");
    }
    if (std::ranges::all_of(*targets, [](const auto& target) { return parse_address(target).has_value(); })) {
      check_way(to_string(*alias));
    }
  }

  /// Where an alias leads, which is sound, may be nowhere.
  void check_way(const std::string& alias) {
    if (alias.starts_with('@')) return;
    const auto address = folded(alias);
    if (!address) return;
    const auto resolution = resolve_in(transaction_, *address, alias, std::nullopt);
    if (!resolution && resolution.error() == DirectoryError::alias_loop) {
      report_.notes.push_back("The alias " + alias + " leads back to itself, or too deep: mail to it is refused.");
    }
    if (!resolution) return;
    if (std::holds_alternative<UnknownUser>(*resolution)) {
      report_.notes.push_back("The alias " + alias + " leads to nobody: mail to it is refused.");
    }
    if (const auto* recipients = std::get_if<Recipients>(&*resolution)) {
      for (const auto& missing : recipients->missing) {
        report_.notes.push_back("The alias " + alias + " leads to " + missing + ", whom nobody here is.");
      }
    }
  }

  void check_app(std::string_view key, std::string_view row) {
    ++report_.app_passwords;
    const auto id = user_id_of(key.substr(0, sizeof(UserId)));
    const std::string_view name = key.substr(std::min(key.size(), sizeof(UserId)));
    if (!id || !is_app_password_name(name)) return problem("an app password has no name: ", shown(key));
    if (!decode_app_password(name, row))
      problem(user_named(*id), ": the app password ", shown(name), " is damaged");
    if (!users_.contains(*id)) problem(user_named(*id), ": has an app password, and does not exist");
  }

  void check_route(std::string_view key, std::string_view row) {
    ++report_.routes;
    if (!decode_route(key, row) || route_key(key) != key) problem("route ", shown(key), ": the row is damaged");
  }

  void check_departed(std::string_view key) {
    const auto id = user_id_of(key);
    if (!id) return problem("a deleted user has no number: ", shown(key));
    if (users_.contains(*id)) problem(user_named(*id), ": was deleted, and exists");
    if (next_user_ && *id >= *next_user_) problem(user_named(*id), ": was deleted, and the number was never given");
  }

  const Transaction& transaction_;
  const std::optional<Table> routes_;
  const std::optional<Table> app_passwords_;
  const std::optional<Table> departed_;
  DirectoryReport report_;
  const Problems problem{report_.problems};
  std::optional<UserId> next_user_;
  std::set<std::string, std::less<>> domains_;
  std::set<UserId> users_;
};

}  // namespace

Result<DirectoryReport> check_directory(const std::filesystem::path& path) {
  const auto environment = open_environment(path, Role::reader);
  if (!environment) return std::unexpected(environment.error());
  const auto routes = find_table(**environment, Table::routes);
  const auto app_passwords = find_table(**environment, Table::app_passwords);
  const auto departed = find_table(**environment, Table::departed);
  for (const auto* table : {&routes, &app_passwords, &departed}) {
    if (!*table) return std::unexpected(table->error());
  }
  const auto transaction = Transaction::begin(*environment, Access::read);
  if (!transaction) return std::unexpected(transaction.error());
  return Checker(**transaction, *routes, *app_passwords, *departed).run();
}

}  // namespace posthaste::auth
