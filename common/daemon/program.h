// What a daemon is made of: its listening sockets, and a program that serves them on every worker.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/daemon/disk_space.h"
#include "common/log/log.h"
#include "common/net/network.h"
#include "common/net/scope.h"
#include "common/net/task.h"
#include "common/net/world.h"

namespace posthaste::daemon {

/// A socket that the parent binds, under the name by which the program asks for it.
struct Binding {
  /// Who serves the connections of a Unix socket: they are not spread by the kernel, but dealt out.
  enum class Served { by_all_workers, by_the_first };

  std::string name;  // "smtp", "submission"
  net::Endpoint endpoint;
  Served served = Served::by_all_workers;
};

/// One thread with its loop, and what it may touch.
struct Worker {
  std::size_t index = 0;
  net::World& world;
  /// Sessions are spawned here; stop() is called when the daemon ends.
  net::TaskScope& scope;
  /// All sockets with that name, several when the daemon listens on several addresses.
  std::multimap<std::string, net::Listener*> listeners;
};

/// A daemon's own part. Made in the child after the last fork, as the user it runs as, before the first thread.
class Program {
 public:
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  virtual ~Program() = default;

  /// All workers, before the first thread: for what one of them does for all. They outlive every serve().
  virtual void prepare(const std::vector<Worker*>& /*workers*/) {}

  /// Runs on each worker's thread, side by side. Ends once the listeners are closed and the sessions drained.
  virtual net::Task<void> serve(Worker& worker) = 0;

  /// The configuration's files changed, or SIGHUP came: opens certificates again. On the main thread. Whether all
  /// can be used; while not, it is called again every second.
  [[nodiscard]] virtual bool reload() { return true; }
  /// At the start and once a day: warns of certificates that end soon. On the main thread.
  virtual void tell_expiries() {}

  /// Where it writes mail: the log is told when there is no room.
  [[nodiscard]] virtual std::vector<WatchedDisk> disks() const { return {}; }
};

/// What a program is built from. Both outlive it.
struct Setting {
  const config::Config& config;
  const log::Log& log;
  std::size_t workers;
};

/// What each client's connection costs a daemon in open files.
struct ClientDescriptors {
  /// Of the configuration: on each port. Lowered to what the limit on open files leaves room for.
  std::uint32_t& (*connections_max)(config::Config&);
  /// What one more connection on every port takes.
  std::uint64_t for_each;
  /// What is open beside clients, on all workers together.
  std::uint64_t (*beside_clients)(const config::Config&, std::size_t workers);
};

struct Daemon {
  std::string name;  // "smtpd"
  std::function<std::vector<Binding>(const config::Config&)> bindings;
  /// Errors: a sentence for the operator.
  std::function<std::expected<std::unique_ptr<Program>, std::string>(const Setting&)> make;
  ClientDescriptors descriptors;
  /// What tells whether the files that it maps are sound: "posthaste store check".
  std::string check_command;
};

[[nodiscard]] inline std::uint64_t nothing_beside_clients(const config::Config&, std::size_t) { return 0; }

/// The whole of main(): reads the configuration of the folder named by `-C DIR`, binds, then keeps a child alive
/// that serves, until SIGTERM or SIGINT. SIGHUP reloads. Returns the exit status: 0 after an orderly end, 1 for a
/// start that failed, with the reason on standard error, 2 for wrong arguments.
int run(int argc, char** argv, const Daemon& daemon);

/// A port of this installation on every address it listens on.
[[nodiscard]] std::vector<Binding> on_all_addresses(const config::Config& config, const std::string& name,
                                                    std::uint16_t standard_port);

}  // namespace posthaste::daemon
