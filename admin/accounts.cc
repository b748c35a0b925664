#include "admin/accounts.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iostream>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "admin/credentials.h"
#include "common/auth/address.h"
#include "common/auth/password.h"
#include "common/base/clock.h"
#include "common/base/octets.h"

namespace posthaste::admin {
namespace {

/// Why an address can't be a new user's when it is an alias; nothing when it is none.
std::optional<std::string> taken_by_alias(const std::vector<auth::Alias>& aliases, const std::string& address) {
  const auto found =
      std::ranges::find_if(aliases, [&](const auto& alias) { return iequals(alias.address, address); });
  if (found == aliases.end()) return std::nullopt;
  std::string targets;
  for (const auto& target : found->targets) targets += " " + target;
  return address + " is an alias, to" + targets + ": delete it first, by \"posthaste alias delete " + address +
         "\"";
}

/// Aliases whose mail comes to a new user, too.
void tell_of_aliases(const std::vector<auth::Alias>& aliases, const std::string& address, Report& report) {
  for (const auto& alias : aliases) {
    const bool leads_here =
        std::ranges::any_of(alias.targets, [&](const auto& target) { return iequals(target, address); });
    if (!leads_here) continue;
    report.text += "The mail to " + alias.address + " comes to " + address + ", too.\n";
    report.json["aliases"].push_back(alias.address);
  }
}

Outcome<UserId> add_to(auth::Change& change, const std::string& address, const std::string& display_name,
                       const auth::Credential& credential) {
  const auto id = change.add_user(
      {.address = address, .display_name = display_name, .quota_octets = std::nullopt, .created = wall_clock()});
  if (!id) return Failure(sentence(id.error(), address));
  if (auto set = change.set_credential(*id, credential); !set) return Failure(sentence(set.error(), address));
  const std::string domain = address.substr(address.rfind('@') + 1);
  if (auto set = change.ensure_postmaster(domain, address); !set) return Failure(sentence(set.error(), address));
  return *id;
}

/// Of a password that is soon guessed; empty for any other.
std::string warning_of(std::string_view password) {
  constexpr std::size_t kShortOctets = 8;
  return password.size() < kShortOctets ? "The password is very short: others guess it soon.\n" : "";
}

Outcome<auth::Change> begin(auth::Directory& directory) {
  auto change = directory.change();
  if (!change) return Failure(sentence(change.error(), "the directory"));
  return std::move(*change);
}

Outcome<void> commit(auth::Change& change) {
  if (auto committed = change.commit(); !committed) return Failure(sentence(committed.error(), "the directory"));
  return {};
}

nlohmann::json as_json(const auth::User& user) {
  return {
      {"id", number(user.id)}, {"address", user.address}, {"name", user.display_name}, {"enabled", user.enabled}};
}

}  // namespace

Outcome<void> expect_user(const auth::Directory& directory, const std::string& address) {
  const auto user = directory.find_user(address);
  if (!user) return Failure(sentence_for_address(directory, user.error(), address));
  return {};
}

Outcome<void> expect_free(const auth::Directory& directory, const std::string& address) {
  const auto parsed = auth::parse_address(address);
  if (!parsed) return Failure(sentence_for_address(directory, auth::DirectoryError::bad_address, address));
  const auto ours = directory.is_our_domain(parsed->domain);
  if (!ours) return Failure(sentence(ours.error(), address));
  if (!*ours) return Failure(sentence(auth::DirectoryError::no_domain, address));
  const auto user = directory.find_user(address);
  if (user) return Failure(sentence(auth::DirectoryError::exists, address));
  if (user.error() != auth::DirectoryError::not_found) return Failure(sentence(user.error(), address));
  const auto aliases = directory.list_aliases();
  if (!aliases) return Failure(sentence(aliases.error(), "the directory"));
  if (auto taken = taken_by_alias(*aliases, address)) return Failure(std::move(*taken));
  return {};
}

Outcome<Report> add_user(auth::Directory& directory, const std::string& address, const std::string& display_name,
                         const std::string& password) {
  const auto credential = credential_for(auth::PlainPassword{password}, fresh_salts());
  if (!credential) return Failure(credential.error());
  auto change = begin(directory);
  if (!change) return Failure(change.error());
  const auto id = add_to(*change, address, display_name, *credential);
  if (!id) return Failure(id.error());
  if (auto committed = commit(*change); !committed) return Failure(committed.error());
  Report report{"Added " + address + ".\n", {{"id", number(*id)}, {"address", address}}};
  tell_of_aliases(directory.list_aliases().value_or(std::vector<auth::Alias>{}), address, report);
  report.text += warning_of(password);
  return report;
}

namespace {

struct ImportedUser {
  std::size_t line;
  std::string address;
  auth::ImportedPassword password;
  Outcome<auth::Credential> credential = Failure("");
};

std::string what_is_wrong(auth::ImportError error) {
  using enum auth::ImportError;
  switch (error) {
    case no_colon: return "no \":\" between address and password";
    case bad_address: return "not an address";
    case unsupported_scheme: return admin::what_is_wrong(auth::PasswordError::unsupported_scheme);
    case malformed: return admin::what_is_wrong(auth::PasswordError::malformed);
    case too_long: return admin::what_is_wrong(auth::PasswordError::too_long);
    case invalid: return admin::what_is_wrong(auth::PasswordError::invalid);
  }
  std::unreachable();
}

struct Rejected {
  std::size_t line;
  std::string reason;
};

std::vector<ImportedUser> read_import(std::istream& lines, std::vector<Rejected>& rejected) {
  std::vector<ImportedUser> users;
  std::string line;
  for (std::size_t count = 1; std::getline(lines, line); ++count) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line.starts_with('#')) continue;
    auto parsed = auth::parse_import_line(line);
    if (parsed) {
      users.push_back({count, std::move(parsed->address), std::move(parsed->password)});
    } else {
      rejected.push_back({count, what_is_wrong(parsed.error())});
    }
  }
  return users;
}

void hash_on_all_cores(std::vector<ImportedUser>& users) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < users.size(); at = next++) {
        users[at].credential = credential_for(users[at].password, fresh_salts());
      }
    });
  }
}

}  // namespace

Outcome<Report> import_users(auth::Directory& directory, std::istream& lines) {
  std::vector<Rejected> rejected;
  auto users = read_import(lines, rejected);
  hash_on_all_cores(users);
  auto change = begin(directory);
  if (!change) return Failure(change.error());
  const auto before = directory.list_aliases();
  if (!before) return Failure(sentence(before.error(), "the directory"));
  std::vector<std::string> added;
  for (const auto& user : users) {
    if (!user.credential) {
      rejected.push_back({user.line, user.credential.error()});
    } else if (auto taken = taken_by_alias(*before, user.address)) {
      rejected.push_back({user.line, std::move(*taken)});
    } else if (const auto id = add_to(*change, user.address, "", *user.credential); !id) {
      rejected.push_back({user.line, id.error()});
    } else {
      added.push_back(user.address);
    }
  }
  if (auto committed = commit(*change); !committed) return Failure(committed.error());

  std::ranges::sort(rejected, {}, &Rejected::line);
  Report report;
  report.success = rejected.empty();
  report.text = "Added " + std::to_string(added.size()) + (added.size() == 1 ? " user.\n" : " users.\n");
  report.json = {{"added", added.size()}, {"rejected", nlohmann::json::array()}};
  for (const auto& address : added) tell_of_aliases(*before, address, report);
  for (const auto& [line, reason] : rejected) {
    report.text += "line " + std::to_string(line) + ": " + reason + "\n";
    report.json["rejected"].push_back({{"line", line}, {"reason", reason}});
  }
  return report;
}

Outcome<Report> list_users(const auth::Directory& directory) {
  const auto users = directory.list_users();
  if (!users) return Failure(sentence(users.error(), "the directory"));
  Report report;
  report.json = nlohmann::json::array();
  for (const auto& user : *users) {
    report.text += user.address + (user.enabled ? "\n" : "  (disabled)\n");
    report.json.push_back(as_json(user));
  }
  return report;
}

namespace {

/// Aliases that lead to `address`.
Outcome<std::vector<auth::Alias>> aliases_to(const auth::Directory& directory, const std::string& address) {
  auto aliases = directory.list_aliases();
  if (!aliases) return Failure(sentence(aliases.error(), "the directory"));
  std::erase_if(*aliases, [&](const auto& alias) {
    return std::ranges::none_of(alias.targets, [&](const auto& target) { return iequals(target, address); });
  });
  return std::move(*aliases);
}

/// No alias leads to `address` any more: whoever gets it later does not get their mail by that. Says what was done.
Outcome<void> take_out_of_aliases(auth::Change& change, const std::vector<auth::Alias>& aliases,
                                  const std::string& address, Report& report) {
  for (auto alias : aliases) {
    std::erase_if(alias.targets, [&](const auto& target) { return iequals(target, address); });
    const bool is_empty = alias.targets.empty();
    const auto changed = is_empty ? change.delete_alias(alias.address) : change.set_alias(alias);
    if (!changed) return Failure(sentence(changed.error(), alias.address));
    report.json[is_empty ? "aliases_deleted" : "aliases_changed"].push_back(alias.address);
    report.text += is_empty ? alias.address + " led to nobody else, and is gone: \"posthaste alias add " +
                                  alias.address + " ADDRESS\" gives its mail to somebody.\n"
                            : alias.address + " leads there no more, only to its other targets.\n";
  }
  return {};
}

/// The user or alias that gets the mail to an address as a detail of theirs; `id` says nothing.
std::optional<auth::LocalUser> without_detail(const auth::Directory& directory, const std::string& address) {
  const std::size_t at = address.rfind('@');
  const auto [name, detail] = auth::split_subaddress(std::string_view{address}.substr(0, at), '+');
  if (!detail) return std::nullopt;
  auth::LocalUser base{.id = {}, .address = std::string{name} + address.substr(at), .detail = std::string{*detail}};
  if (directory.find_user(base.address)) return base;
  const auto aliases = directory.list_aliases();
  const bool is_alias = aliases && std::ranges::any_of(*aliases, [&base](const auto& alias) {
                          return iequals(alias.address, base.address);
                        });
  if (!is_alias) return std::nullopt;
  return base;
}

}  // namespace

Outcome<Report> delete_user(auth::Directory& directory, const std::string& address) {
  const auto user = directory.find_user(address);
  if (!user) return Failure(sentence_for_address(directory, user.error(), address));
  auto change = begin(directory);  // from here on nobody else makes an alias
  if (!change) return Failure(change.error());
  const auto aliases = aliases_to(directory, user->address);
  if (!aliases) return Failure(aliases.error());
  if (auto deleted = change->delete_user(user->id); !deleted) return Failure(sentence(deleted.error(), address));
  Report report;
  report.text = "Deleted " + address + ". Open sessions end within seconds, and the mail is removed.\n";
  report.json = {{"id", number(user->id)},
                 {"address", user->address},
                 {"aliases_deleted", nlohmann::json::array()},
                 {"aliases_changed", nlohmann::json::array()}};
  if (auto taken = take_out_of_aliases(*change, *aliases, user->address, report); !taken) {
    return Failure(taken.error());
  }
  if (auto committed = commit(*change); !committed) return Failure(committed.error());
  const auto resolution = directory.resolve(user->address);
  if (resolution && std::holds_alternative<auth::Recipients>(*resolution)) {
    const auto base = without_detail(directory, user->address);
    report.json["catch_all"] = !base;
    report.text += "Mail to " + address + " goes to " +
                   (base ? base->address + ", as the detail " + base->detail : "the catch-all of its domain") +
                   " from now on.\n";
  }
  return report;
}

Outcome<Report> set_password(auth::Directory& directory, const std::string& address, const std::string& password) {
  const auto user = directory.find_user(address);
  if (!user) return Failure(sentence_for_address(directory, user.error(), address));
  auto change = begin(directory);  // from here on nobody else gives the user a salt
  if (!change) return Failure(change.error());
  const auto former = directory.find_credential(user->id);
  if (!former && former.error() != auth::DirectoryError::not_found)
    return Failure(sentence(former.error(), address));
  const auto app_passwords = directory.app_passwords(user->id);
  if (!app_passwords) return Failure(sentence(app_passwords.error(), address));
  const auto credential =
      credential_for(auth::PlainPassword{password}, salts_of(former.value_or(auth::Credential{}), *app_passwords));
  if (!credential) return Failure(credential.error());
  if (auto set = change->set_credential(user->id, *credential); !set)
    return Failure(sentence(set.error(), address));
  if (auto committed = commit(*change); !committed) return Failure(committed.error());
  return Report{"The password of " + address + " is changed.\n" + warning_of(password),
                {{"address", user->address}}};
}

namespace {

/// Shows nothing of what is typed while it lives. A signal that ends the process shows it again first.
/// One at a time.
class SilentTerminal {
 public:
  SilentTerminal() {
    tcgetattr(STDIN_FILENO, &before_);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      struct sigaction show_again {};
      show_again.sa_handler = end_by;
      show_again.sa_flags = static_cast<int>(SA_RESETHAND);
      sigaction(kSignals[i], &show_again, &former_[i]);
    }
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  ~SilentTerminal() {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &former_[i], nullptr);
  }

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGQUIT, SIGHUP};

  /// With the default action back, the signal does again what it does.
  static void end_by(int signal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    raise(signal);
  }

  static inline termios before_{};  // the handler reads it
  std::array<struct sigaction, kSignals.size()> former_{};
};

std::string ask(const char* prompt) {
  std::cerr << prompt << std::flush;
  std::string line;
  std::getline(std::cin, line);
  std::cerr << '\n';
  return line;
}

}  // namespace

Outcome<std::string> read_password(bool from_stdin) {
  std::string password;
  if (from_stdin || isatty(STDIN_FILENO) == 0) {
    std::getline(std::cin, password);
    if (password.ends_with('\r')) password.pop_back();
  } else {
    const SilentTerminal silent;
    password = ask("Password: ");
    if (ask("Once more: ") != password) return Failure("the two passwords differ; nothing was changed");
  }
  if (password.empty()) return Failure("the password is empty; nothing was changed");
  return password;
}

}  // namespace posthaste::admin
