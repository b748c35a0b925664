#include "common/daemon/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace posthaste::daemon {
namespace {

struct Account {
  uid_t user;
  gid_t group;
};

std::expected<Account, std::string> account_of(const config::Config& config) {
  if (config.user.empty()) {
    struct stat folder{};
    if (stat(config.paths.data.c_str(), &folder) != 0) {
      return std::unexpected("cannot look at " + config.paths.data.string() + ": " + std::strerror(errno));
    }
    return Account{folder.st_uid, folder.st_gid};
  }
  const passwd* entry = getpwnam(config.user.c_str());  // before the first thread
  if (entry == nullptr) return std::unexpected("there is no system user \"" + config.user + "\"");
  return Account{entry->pw_uid, entry->pw_gid};
}

}  // namespace

void give_to_child(const config::Config& config, const std::filesystem::path& path) {
  if (geteuid() != 0) return;
  const auto account = account_of(config);
  if (!account) return;
  [[maybe_unused]] const int given = lchown(path.c_str(), account->user, account->group);
}

std::expected<void, std::string> drop_privileges(const config::Config& config) {
  umask(0027);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return std::unexpected(std::string{"cannot give up new privileges: "} + std::strerror(errno));
  }
  if (geteuid() != 0) return {};
  const auto account = account_of(config);
  if (!account) return std::unexpected(account.error());
  if (setgroups(1, &account->group) != 0 || setresgid(account->group, account->group, account->group) != 0 ||
      setresuid(account->user, account->user, account->user) != 0) {
    return std::unexpected(std::string{"cannot become the daemon's user: "} + std::strerror(errno));
  }
  return {};
}

}  // namespace posthaste::daemon
