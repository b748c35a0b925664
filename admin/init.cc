#include "admin/init.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "common/auth/address.h"
#include "common/base/clock.h"
#include "common/base/idna.h"
#include "common/base/trusted_folder.h"
#include "common/config/layout.h"
#include "common/net/tls.h"

namespace posthaste::admin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultUser = "posthaste";

struct Account {
  std::string name;
  uid_t user;
  gid_t group;
};

/// The first folder above that keeps somebody who owns nothing on the way from walking down to `folder`.
std::optional<fs::path> closed_above(const fs::path& folder) {
  std::optional<fs::path> closed;
  for (fs::path step = fs::absolute(folder).parent_path();; step = step.parent_path()) {
    struct stat entry {};
    if (stat(step.c_str(), &entry) == 0 && (entry.st_mode & S_IXOTH) == 0) closed = step;
    if (step == step.root_path()) return closed;
  }
}

std::string unreachable(const std::string& user, const fs::path& folder, const fs::path& closed) {
  return "the user " + user + " can't reach " + folder.string() + ": open " + closed.string() +
         " (\"chmod o+x\"), or choose another folder";
}

/// Why the daemons will be root, when root makes an installation for nobody else.
std::string why_root(const fs::path& folder) {
  const std::string begin_again = "The daemons will run as root. Better: remove the folder, ";
  const auto closed = closed_above(folder);
  if (getpwnam(kDefaultUser) != nullptr && closed) {
    return begin_again +
           "and init again where the user posthaste can reach it: " + unreachable(kDefaultUser, folder, *closed) +
           ".\n";
  }
  return begin_again +
         "make a system user (useradd --system posthaste), and init again where that user can reach it.\n";
}

/// Who the daemons will be: nothing for whoever runs this command.
Outcome<std::optional<Account>> choose_account(const InitOptions& options) {
  if (geteuid() != 0) return std::nullopt;
  const std::string name = options.user.empty() ? kDefaultUser : options.user;
  const passwd* entry = getpwnam(name.c_str());
  if (entry == nullptr) {
    if (options.user.empty()) return std::nullopt;
    return Failure("there is no system user \"" + name + "\": make one with \"useradd --system " + name + "\"");
  }
  const auto closed = entry->pw_uid != 0 ? closed_above(options.folder) : std::nullopt;
  if (closed && options.user.empty()) return std::nullopt;
  if (closed) return Failure(unreachable(name, options.folder, *closed));
  return Account{name, entry->pw_uid, entry->pw_gid};
}

Outcome<void> write_file(const fs::path& path, std::string_view text, mode_t mode) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0) return Failure("can't write " + path.string() + ": " + std::strerror(errno));
  const ssize_t written = write(descriptor, text.data(), text.size());
  const bool whole = written == static_cast<ssize_t>(text.size()) && fsync(descriptor) == 0;
  const int reason = errno;
  close(descriptor);
  if (!whole) return Failure("can't write " + path.string() + ": " + std::strerror(reason));
  return {};
}

/// TOML's basic string. The values here were checked to hold nothing that needs more.
std::string toml_string(std::string_view text) { return "\"" + std::string{text} + "\""; }

/// The sample configuration with what was asked for in place of the defaults.
std::string configuration(const InitOptions& options, const std::string& hostname, const std::string& user) {
  std::string text = config::sample();
  const auto set = [&text](std::string_view key, const std::string& value) {
    const std::string start = "\n" + std::string{key} + " = ";
    const std::size_t line = text.find(start);
    const std::size_t end = text.find('\n', line + 1);
    text.replace(line, end - line, start + value);
  };
  set("hostname", toml_string(hostname));
  set("user", toml_string(user));
  set("port_base", std::to_string(options.port_base));
  if (!options.addresses.empty()) {
    std::string list;
    for (const auto& address : options.addresses) list += (list.empty() ? "" : ", ") + toml_string(address);
    set("addresses", "[" + list + "]");
  }
  return text;
}

/// What the file would call by its key, here by its option.
std::string with_option_names(std::string text) {
  const std::pair<std::string_view, std::string_view> names[] = {{"\"listen.port_base\"", "--port-base"},
                                                                 {"\"listen.addresses\"", "--listen"},
                                                                 {"\"user\"", "--user"},
                                                                 {"\"hostname\"", "--hostname"}};
  for (const auto& [key, option] : names) {
    if (const auto at = text.find(key); at != std::string::npos) text.replace(at, key.size(), option);
  }
  return text;
}

/// Root's, when root makes them: it opens what lies in them.
Outcome<void> make_folders(const fs::path& folder, const std::optional<Account>& account) {
  for (const auto* name : {"", "tls", "run", "log", "store", "queue", "spool"}) {
    std::error_code error;
    fs::create_directories(folder / name, error);
    if (error) return Failure("can't make " + (folder / name).string() + ": " + error.message());
    // The daemons' user walks through, by its group.
    if (account && lchown((folder / name).c_str(), geteuid(), account->group) != 0) {
      return Failure("can't give " + (folder / name).string() + " to its group: " + std::strerror(errno));
    }
    const bool is_own =
        std::string_view{name} == "spool";  // messages on their way: nobody else's, not even to list
    chmod((folder / name).c_str(), is_own ? 0700 : 0750);
  }
  return {};
}

/// What the daemons write, and what only they read. The folder around it is root's, so nobody else is in there yet.
Outcome<void> give_to_daemons(const fs::path& folder, const Account& account) {
  std::vector<fs::path> theirs;
  for (const auto* name : {"directory", "store", "queue", "spool"}) {
    for (const auto& entry : fs::directory_iterator(folder / name)) theirs.push_back(entry.path());
    theirs.push_back(folder / name);
  }
  for (const auto& path : theirs) {
    if (lchown(path.c_str(), account.user, account.group) != 0) {
      return Failure("can't give " + path.string() + " to " + account.name + ": " + std::strerror(errno));
    }
  }
  constexpr mode_t kForTheGroup = 0640;
  for (const fs::path& path : {folder / config::kFileName, folder / "tls/key.pem"}) {
    if (lchown(path.c_str(), geteuid(), account.group) != 0 || chmod(path.c_str(), kForTheGroup) != 0) {
      return Failure("can't let " + account.name + " read " + path.string() + ": " + std::strerror(errno));
    }
  }
  return {};
}

Outcome<void> fill(const InitOptions& options, const std::string& hostname, const std::string& domain,
                   const std::string& user) {
  const fs::path& folder = options.folder;
  const auto certificate = net::make_self_signed(hostname, wall_clock());
  if (auto made = write_file(folder / "tls/cert.pem", certificate.certificate_pem, 0644); !made) return made;
  if (auto made = write_file(folder / "tls/key.pem", certificate.key_pem, 0600); !made) return made;
  auto directory = auth::Directory::open(folder / "directory", auth::Role::writer);
  if (!directory) return Failure(sentence(directory.error(), (folder / "directory").string()));
  auto change = directory->change();
  if (!change) return Failure(sentence(change.error(), domain));
  if (auto added = change->add_domain(domain); !added) return Failure(sentence(added.error(), domain));
  if (auto committed = change->commit(); !committed) return Failure(sentence(committed.error(), domain));
  // Last: a folder with this file is an installation.
  return write_file(folder / config::kFileName, configuration(options, hostname, user), 0640);
}

}  // namespace

Outcome<Report> init(const InitOptions& options) {
  const auto domain = auth::parse_domain(options.domain);
  if (!domain) return Failure("\"" + options.domain + "\" is not a domain name, like example.org");
  const auto host = auth::parse_domain(options.hostname.empty() ? "mail." + *domain : options.hostname);
  const auto hostname = host ? to_a_labels(*host) : std::nullopt;
  if (!hostname) return Failure("\"" + options.hostname + "\" is not a host name, like mail.example.org");
  const auto checked = config::parse(configuration(options, *hostname, options.user));
  if (!checked) return Failure(with_option_names(checked.error().front().text));
  if (fs::exists(options.folder / config::kFileName)) {
    return Failure(options.folder.string() + " is an installation already; nothing was changed");
  }
  const auto account = choose_account(options);
  if (!account) return Failure(account.error());
  std::error_code ignored;
  const bool existed = fs::exists(options.folder, ignored);
  if (existed && !fs::is_empty(options.folder, ignored)) {
    return Failure(options.folder.string() + " is not empty: name a new folder; nothing was changed");
  }
  // Root's, and on a way that is root's: nobody else can put anything there.
  const auto trusted = TrustedFolder::make(options.folder);
  if (!trusted) return Failure(trusted.error().text);
  auto made = make_folders(options.folder, *account);
  if (made) made = fill(options, *hostname, *domain, *account ? (*account)->name : "");
  if (made && *account) made = give_to_daemons(options.folder, **account);
  if (!made) {
    for (const auto& entry : fs::directory_iterator(options.folder, ignored)) fs::remove_all(entry.path(), ignored);
    if (!existed) fs::remove(options.folder, ignored);
    return Failure(made.error());
  }

  const std::string folder = options.folder.string();
  Report report;
  report.json = {{"folder", folder}, {"domain", *domain}, {"hostname", *hostname}};
  report.text = "Made " + folder + " for " + *domain + ", host name " + *hostname + ".\n";
  if (*account) {
    report.text += "The daemons will run as " + (*account)->name + ".\n";
    report.json["user"] = (*account)->name;
  } else if (geteuid() == 0) {
    report.text += why_root(options.folder);
  }
  report.text +=
      "Next: posthaste -C " + folder + " user add NAME@" + *domain + "; posthaste -C " + folder + " start\n";
  return report;
}

}  // namespace posthaste::admin
