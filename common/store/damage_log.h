// Says in a daemon's log which stored messages are damaged, each once.
#pragma once

#include "common/log/log.h"
#include "common/store/store.h"

namespace posthaste::store {

/// Writes `store.blob.damaged` for each blob found damaged from now on, with its place and the users whose mail it
/// is. `log` outlives the store.
void log_damage(Store& store, const log::Log& log);

}  // namespace posthaste::store
