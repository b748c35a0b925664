#include "common/daemon/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace posthaste::daemon {

std::expected<std::optional<Owner>, std::string> child_of_root(const config::Config& config) {
  if (geteuid() != 0) return std::nullopt;
  if (!config.user.empty()) {
    const passwd* entry = getpwnam(config.user.c_str());  // before the first thread
    if (entry == nullptr) return std::unexpected("there is no system user \"" + config.user + "\"");
    return Owner{entry->pw_uid, entry->pw_gid};
  }
  struct stat folder {};
  if (stat(config.paths.store.c_str(), &folder) != 0) {
    return std::unexpected("cannot look at " + config.paths.store.string() + ": " + std::strerror(errno) +
                           "; make it, or set `user` in posthaste.toml");
  }
  return Owner{folder.st_uid, folder.st_gid};
}

std::expected<void, std::string> drop_privileges(const config::Config& config) {
  umask(0027);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return std::unexpected(std::string{"cannot give up new privileges: "} + std::strerror(errno));
  }
  const auto child = child_of_root(config);
  if (!child) return std::unexpected(child.error());
  if (!*child) return {};
  const auto [user, group] = **child;
  if (setgroups(1, &group) != 0 || setresgid(group, group, group) != 0 || setresuid(user, user, user) != 0) {
    return std::unexpected(std::string{"cannot become the daemon's user: "} + std::strerror(errno));
  }
  return {};
}

}  // namespace posthaste::daemon
