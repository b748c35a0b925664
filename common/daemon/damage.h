// Says in a daemon's log which of the installation's databases are damaged.
#pragma once

#include "common/config/config.h"
#include "common/log/log.h"

namespace posthaste::daemon {

/// Writes `directory.damaged`, `store.index.damaged` or `queue.index.damaged` for each database in which this
/// process met what nobody wrote, and which it did not tell of before.
void tell_of_damage(const log::Log& log, const config::Config& config);

}  // namespace posthaste::daemon
