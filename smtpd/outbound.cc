#include "smtpd/outbound.h"

#include <cstdlib>
#include <utility>

#include "common/base/clock.h"
#include "common/config/layout.h"
#include "common/daemon/damage.h"
#include "common/dns/stub_resolver.h"
#include "common/dns/system_servers.h"
#include "common/journal/made_mark.h"
#include "common/net/scope.h"
#include "common/net/uv_network.h"
#include "smtpd/queue/open_words.h"
#include "smtpd/relay/relay.h"

namespace posthaste::smtpd {
namespace {

/// A failed writer writes no more: the parent starts the next child, which recovers.
[[noreturn]] void end_to_recover(const log::Log& log, const config::Config& config) {
  daemon::tell_of_damage(log, config);
  log.error(
      "queue.writer.failed",
      {{"reason",
        "input or output error; starting again to recover; if it comes again, see \"posthaste queue check\""}});
  std::_Exit(EXIT_FAILURE);
}

dns::StubResolver::Options resolver_options(const config::Dns& dns) {
  dns::StubResolver::Options options;
  for (const auto& server : dns.servers) options.servers.push_back(net::parse_endpoint(server, dns::kDnsPort));
  if (options.servers.empty()) options.servers = dns::system_servers();
  return options;
}

relay::Options relay_options(const config::Config& config) {
  relay::Options options;
  options.hostname = config.hostname;
  options.smtp_port = config.relay.smtp_port;
  options.connections_per_destination_max = config.relay.connections_per_host_max;
  options.connections_max = config.relay.connections_max;
  const auto port = config::port(config, config::kSmtpPort);
  for (const auto& address : config.listen.addresses) options.own_addresses.push_back({address, port});
  for (auto& address : net::machine_addresses()) options.own_addresses.push_back({std::move(address), port});
  return options;
}

}  // namespace

std::expected<std::unique_ptr<Outbound>, std::string> Outbound::open(const daemon::Setting& setting,
                                                                     const auth::Directory& directory) {
  std::unique_ptr<Outbound> outbound{new Outbound{setting, directory}};
  if (auto opened = outbound->open_queue(); !opened) return std::unexpected(opened.error());
  return outbound;
}

Outbound::Outbound(const daemon::Setting& setting, const auth::Directory& directory)
    : setting_(setting), directory_(directory), writer_(std::make_unique<net::ThreadPool>(1)) {}

Outbound::~Outbound() = default;

std::expected<void, std::string> Outbound::open_queue() {
  const journal::MadeMark mark{config::made_mark(setting_.config, "queue"), "queue",
                               journal::MadeMark::Backup::harms};
  if (auto allowed = mark.allow(setting_.config.paths.queue); !allowed) return allowed;
  queue::Options options;
  options.directory = setting_.config.paths.queue;
  if (setting_.config.store.disk_reserve_octets != 0) {
    options.reserve_octets = setting_.config.store.disk_reserve_octets;
  }
  const auto began = wall_clock();
  options.on_remade = [this, began](const queue::RebuiltIndex& remade) {
    const auto took = wall_clock() - began;
    setting_.log.warning("queue.index.remade",
                         {{"entries", remade.entries}, {"recipients", remade.recipients}, {"ms", took.count()}});
  };
  auto queue =
      queue::Queue::open(std::move(options), *writer_, [this] { end_to_recover(setting_.log, setting_.config); });
  if (!queue) return std::unexpected(queue::open_words(queue.error()));
  queue_ = std::move(*queue);
  if (const auto set = mark.set(setting_.config.paths.queue); !set) {
    setting_.log.warning("queue.mark.failed", {{"reason", set.error()}});
  }
  auto left = Dispatcher::left_in(*queue_);
  if (!left)
    return std::unexpected("cannot read the queue in " + setting_.config.paths.queue.string() +
                           "; see \"posthaste queue check\"");
  left_ = std::move(*left);
  return {};
}

void Outbound::prepare(const std::vector<daemon::Worker*>& workers) {
  std::vector<Dispatcher::Worker> dispatched;
  for (auto* worker : workers) {
    carriers_.push_back(std::make_unique<Carrier>(setting_.config.hostname));
    dispatched.push_back({&worker->world, carriers_.back().get()});
  }
  dispatcher_.emplace(std::move(dispatched), setting_.config, directory_, *queue_, setting_.log);
  setting_.log.info("queue.opened", {{"entries", left_.size()}});
  dispatcher_->load(std::exchange(left_, {}));
}

net::Task<void> Outbound::serve(daemon::Worker& worker, LmtpPool& mailboxes, net::TaskScope& accepting) {
  dns::StubResolver resolver{worker.world, worker.scope, resolver_options(setting_.config.dns)};
  relay::Relay relay{worker.world, resolver, relay_options(setting_.config), setting_.log};
  const net::TaskScope::StopHandler on_stop{worker.scope, [this, &relay] {
                                              dispatcher_->stop();
                                              relay.stop();
                                            }};
  net::TaskScope running;
  running.spawn(relay.run());
  carriers_[worker.index]->open(mailboxes, relay);
  if (worker.index == 0) running.spawn(dispatcher_->run());
  co_await accepting.drained();
  co_await worker.scope.drained();
  co_await dispatcher_->release(worker.index);
  co_await running.drained();
}

}  // namespace posthaste::smtpd
