// Who a child runs as.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "common/config/config.h"

namespace posthaste::daemon {

/// Gives a file that a parent running as root has made to the child's user. Best effort: what then can't be opened
/// says so itself.
void give_to_child(const config::Config& config, const std::filesystem::path& path);

/// For good: the configured user, or the owner of the data folder, with that user's groups alone; no set-user-id
/// program can give anything back (PR_SET_NO_NEW_PRIVS). A process that is not root's stays who it is.
/// Errors: a sentence for the operator.
std::expected<void, std::string> drop_privileges(const config::Config& config);

}  // namespace posthaste::daemon
