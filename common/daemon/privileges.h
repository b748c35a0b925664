// Who a child runs as.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "common/base/trusted_folder.h"
#include "common/config/config.h"

namespace posthaste::daemon {

/// Whom the child of a parent that runs as root will be: the configured user, or the owner of the store's folder.
/// Nothing when this process is not root's. Errors: a sentence for the operator.
std::expected<std::optional<Owner>, std::string> child_of_root(const config::Config& config);

/// For good: child_of_root(), with that user's group alone; no set-user-id program can give anything back
/// (PR_SET_NO_NEW_PRIVS). A process that is not root's stays who it is.
/// Errors: a sentence for the operator.
std::expected<void, std::string> drop_privileges(const config::Config& config);

}  // namespace posthaste::daemon
