// What a session works with.
#pragma once

#include <cstdint>

#include "common/auth/directory.h"
#include "common/config/config.h"
#include "common/daemon/fair_shares.h"
#include "common/daemon/memory_budget.h"
#include "common/log/log.h"
#include "common/mailbox/applier.h"
#include "common/net/scope.h"
#include "common/net/world.h"
#include "common/store/store.h"
#include "deliveryd/change_feed.h"

namespace posthaste::deliveryd {

/// One per worker; everything in it outlives the worker's sessions.
struct Resources {
  net::World& world;
  net::TaskScope& scope;
  const config::Config& config;
  const log::Log& log;
  const auth::Directory& directory;
  const store::Store& store;
  mailbox::Deliverer& local_store;
  ChangeInbox& changes;
  daemon::MemoryBudget& memory;           // for messages by LMTP
  daemon::MemoryBudget& attached_memory;  // for messages over the store socket
  daemon::MemoryBudget& decoded_memory;   // for what else is asked there
  daemon::FairShares& fair_shares;        // of the I/O executor
  std::uint32_t own_user;  // root and this user may use the store socket
};

}  // namespace posthaste::deliveryd
