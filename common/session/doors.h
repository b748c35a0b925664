// The ports at which a daemon's clients come in, and how many of them may be inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/daemon/admission.h"
#include "common/daemon/program.h"
#include "common/log/log.h"
#include "common/net/network.h"
#include "common/net/scope.h"
#include "common/net/task.h"

namespace posthaste::session {

/// When a connection is encrypted (RFC 8314 §3): once the client asks for it, or from the first octet on.
enum class Security { starttls, implicit_tls };

struct Port {
  const char* name;        // of its sockets, and in the log: "imaps"
  std::uint16_t standard;  // the number by IANA
  Security security;
  daemon::Clientele clientele;
};

/// Each of `ports` on every address that the installation listens on.
[[nodiscard]] std::vector<daemon::Binding> bindings(const config::Config& config, std::span<const Port> ports);

/// The places behind all ports of a daemon, for all its workers.
class Doors {
 public:
  /// `ports` and `clients` outlive it. So many connections at once on each port.
  Doors(std::span<const Port> ports, daemon::Clients& clients, std::size_t connections_max);

  using Serve = std::function<net::Task<void>(const Port& port, std::unique_ptr<net::Transport> transport,
                                              daemon::Admission::Place place)>;

  /// Lets clients in at the sockets of `worker` that are named as the ports are, until those close: spawns the
  /// accept loops in `accepting`, and what `serve` gives in the worker's own scope. For whom there is no place
  /// hears `refusal`, a line with its end, as far as that goes without waiting; under implicit TLS nobody would
  /// understand it. The log tells of him: client.turned_away. `worker` and `log` outlive the scopes.
  void open(daemon::Worker& worker, net::TaskScope& accepting, const log::Log& log, const std::string& refusal,
            const Serve& serve);

 private:
  struct Door {
    Door(const Port& its_port, daemon::Clients& clients, std::size_t connections_max)
        : port(its_port), admission(clients, its_port.standard, connections_max, its_port.clientele) {}

    const Port& port;
    daemon::Admission admission;
  };

  static net::Task<void> accept(net::Listener& listener, Door& door, daemon::Worker& worker, const log::Log& log,
                                std::string refusal, Serve serve);

  std::list<Door> doors_;
};

}  // namespace posthaste::session
