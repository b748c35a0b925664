// The world as a session sees it: all that it may touch, real or simulated.
#pragma once

#include "common/net/clock.h"
#include "common/net/executor.h"
#include "common/net/loop.h"
#include "common/net/network.h"
#include "common/net/random.h"

namespace posthaste::net {

/// One per worker; everything in it outlives the worker's sessions.
struct World {
  Loop& loop;
  Clock& clock;
  Random& random;
  Network& network;
  Executor& io;       // file reads, long scans
  Executor& hashing;  // passwords, bounded
};

}  // namespace posthaste::net
