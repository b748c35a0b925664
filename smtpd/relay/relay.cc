#include "smtpd/relay/relay.h"

#include <chrono>
#include <string>
#include <utility>

#include "common/net/event.h"
#include "common/net/scope.h"
#include "smtpd/relay/attempt.h"

namespace posthaste::relay {
namespace {

constexpr std::chrono::milliseconds kShortageToldAgain = std::chrono::minutes{1};

}  // namespace

struct Relay::State {
  State(net::World& the_world, dns::Resolver& resolver, Options the_options, log::Log the_log)
      : options(std::move(the_options)),
        log(std::move(the_log)),
        verifying_tls(options.trusted_certificates, log),
        own{options.own_names, options.own_addresses},
        clients{.world = the_world,
                .opportunistic_tls = opportunistic_tls,
                .verifying_tls = verifying_tls,
                .hostname = options.hostname,
                .stop = stop,
                .recipients_max = options.recipients_per_transaction_max},
        pool(options.idle_connections_max, options.idle_time),
        places(options.connections_per_destination_max, options.connections_max),
        conversion_room(options.conversion_room_octets),
        shared{.world = the_world,
               .resolver = resolver,
               .log = log,
               .clients = clients,
               .own = own,
               .smtp_port = options.smtp_port,
               .messages_per_connection_max = options.messages_per_connection_max,
               .first_family = options.prefer_ipv6 ? Family::ipv6 : Family::ipv4,
               .pool = pool,
               .dead_hosts = dead_hosts,
               .ipv6_again = ipv6_again,
               .conversion_room = conversion_room} {
    own.names.push_back(options.hostname);
  }

  const Options options;
  const log::Log log;
  const net::TlsClient opportunistic_tls;
  VerifyingTls verifying_tls;
  net::TaskScope stop;  // counts no tasks: interrupts the connections in use
  OwnHost own;
  const ClientContext clients;
  Pool pool;
  Places places;
  DeadHosts dead_hosts;
  net::Instant ipv6_again{};
  MessageRoom conversion_room;
  const Shared shared;
  std::size_t deliveries = 0;
  net::Event changed;  // stopped, or no delivery is left
  net::Instant shortage_told_again{};

  /// Mail that waits because its sender's share of the connections is used up.
  void tell_of_shortage(const std::string& sender) {
    const net::Instant now = clients.world.clock.now();
    if (!places.is_short_for(sender) || now < shortage_told_again) return;
    log.warning("relay.connections.short", {{"sender", sender.empty() ? "<>" : sender},
                                            {"sender_connections", places.held_by(sender)},
                                            {"connections", places.taken()},
                                            {"connections_max", options.connections_max}});
    shortage_told_again = now + kShortageToldAgain;
  }
};

Relay::Relay(net::World& world, dns::Resolver& resolver, Options options, log::Log log)
    : state_(std::make_unique<State>(world, resolver, std::move(options), std::move(log))) {}

Relay::~Relay() = default;

net::Task<std::vector<Outcome>> Relay::deliver(Destination destination, Message message,
                                               std::vector<Recipient> recipients) {
  auto& state = *state_;
  ++state.deliveries;
  const std::string sender = message.sender;
  Attempt attempt{state.shared, destination, std::move(message), std::move(recipients)};
  for (bool again = true; again;) {
    state.tell_of_shortage(sender);
    const bool admitted = co_await state.places.take(destination, sender);
    if (!admitted) break;  // we are stopping, and it says so of each recipient
    co_await attempt.run();
    state.places.give_back(destination, sender, attempt.experience());
    again = attempt.lacks_room();
    if (again) again = co_await attempt.wait_for_room();  // without a place, which others need meanwhile
  }
  auto outcomes = attempt.end();
  if (--state.deliveries == 0) state.changed.notify_all();
  co_return outcomes;
}

void Relay::forget_dead_hosts() { state_->dead_hosts.forget_all(); }

net::Task<void> Relay::run() {
  auto& state = *state_;
  while (!state.stop.stopping() || state.deliveries != 0) co_await state.changed.wait();
  co_await state.pool.drained();
}

void Relay::stop() {
  state_->stop.stop();  // first: whom the next two wake shall see it
  state_->pool.stop();
  state_->places.stop();
  state_->conversion_room.stop();
  state_->changed.notify_all();
}

}  // namespace posthaste::relay
