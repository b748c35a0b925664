// The child's threads: a loop per worker, and the executors they share.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/daemon/heartbeat.h"
#include "common/daemon/program.h"
#include "common/net/uv_network.h"

namespace posthaste::daemon {

/// A bound socket and the binding's name.
struct BoundSocket {
  std::string name;
  net::ListeningSocket socket;
  Binding::Served served = Binding::Served::by_all_workers;
};

/// What main's thread does while the workers serve: returns when the daemon shall end, calling program.reload()
/// when that is due. `ask_loops` asks every loop to beat.
using WaitForEnd = std::function<void(const std::function<void()>& ask_loops)>;

/// Serves `sockets` with `program` on `setting.workers` threads until `wait_for_end` returns and the sessions have
/// drained. TCP sockets come in groups of one per worker, Unix sockets single. `heart` has a counter for each
/// worker.
void serve(Program& program, const Setting& setting, const std::vector<BoundSocket>& sockets, Heartbeat& heart,
           const WaitForEnd& wait_for_end);

}  // namespace posthaste::daemon
