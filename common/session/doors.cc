#include "common/session/doors.h"

#include <string_view>
#include <utility>

namespace posthaste::session {
namespace {

void turn_away(net::Transport& transport, const Port& port, daemon::TurnedAway reason, std::string_view refusal,
               const log::Log& log) {
  const auto& client = transport.peer().address;
  log.info_by_client(client, "client.turned_away",
                     {{"client", client}, {"port", port.name}, {"reason", name_of(reason)}});
  transport.close(port.security == Security::implicit_tls ? std::string_view{} : refusal);
}

}  // namespace

std::vector<daemon::Binding> bindings(const config::Config& config, std::span<const Port> ports) {
  std::vector<daemon::Binding> bindings;
  for (const auto& port : ports) {
    for (auto& binding : daemon::on_all_addresses(config, port.name, port.standard)) {
      bindings.push_back(std::move(binding));
    }
  }
  return bindings;
}

Doors::Doors(std::span<const Port> ports, daemon::Clients& clients, std::size_t connections_max) {
  for (const auto& port : ports) doors_.emplace_back(port, clients, connections_max);
}

void Doors::open(daemon::Worker& worker, net::TaskScope& accepting, const log::Log& log, const std::string& refusal,
                 const Serve& serve) {
  for (auto& door : doors_) {
    const auto [first, last] = worker.listeners.equal_range(door.port.name);
    for (auto listener = first; listener != last; ++listener) {
      accepting.spawn(accept(*listener->second, door, worker, log, refusal, serve));
    }
  }
}

net::Task<void> Doors::accept(net::Listener& listener, Door& door, daemon::Worker& worker, const log::Log& log,
                              std::string refusal, Serve serve) {
  while (auto transport = co_await listener.accept()) {
    auto place = door.admission.enter(transport->peer().address, worker.world.clock.now());
    if (!place) {
      turn_away(*transport, door.port, place.error(), refusal, log);
      continue;
    }
    worker.scope.spawn(serve(door.port, std::move(transport), std::move(*place)));
  }
}

}  // namespace posthaste::session
