#include "smtpd/relay/relay.h"

#include <utility>

#include "common/net/event.h"
#include "common/net/scope.h"
#include "smtpd/relay/attempt.h"

namespace posthaste::relay {

struct Relay::State {
  State(net::World& the_world, dns::Resolver& resolver, Options the_options, log::Log the_log)
      : options(std::move(the_options)),
        log(std::move(the_log)),
        own{options.own_names, options.own_addresses},
        clients{the_world, tls, options.hostname, stop, options.recipients_per_transaction_max},
        pool(options.idle_connections_max, options.idle_time),
        places(options.connections_per_destination_max, options.connections_max),
        first_family(options.prefer_ipv6 ? Family::ipv6 : Family::ipv4),
        shared{the_world,
               resolver,
               log,
               clients,
               own,
               options.smtp_port,
               options.messages_per_connection_max,
               pool,
               dead_hosts,
               first_family,
               ipv6_again} {
    own.names.push_back(options.hostname);
  }

  const Options options;
  const log::Log log;
  const net::TlsClient tls;
  net::TaskScope stop;  // counts no tasks: interrupts the connections in use
  OwnHost own;
  const ClientContext clients;
  Pool pool;
  Places places;
  DeadHosts dead_hosts;
  Family first_family;
  net::Instant ipv6_again{};
  const Shared shared;
  net::Event changed;  // stopped, or a place was given back
};

Relay::Relay(net::World& world, dns::Resolver& resolver, Options options, log::Log log)
    : state_(std::make_unique<State>(world, resolver, std::move(options), std::move(log))) {}

Relay::~Relay() = default;

net::Task<std::vector<Outcome>> Relay::deliver(Destination destination, Message message,
                                               std::vector<Recipient> recipients) {
  auto& state = *state_;
  Attempt attempt{state.shared, destination, std::move(message), std::move(recipients)};
  const bool admitted = co_await state.places.take(destination);
  auto outcomes = co_await attempt.run();  // without a place we are stopping, and it says so of each recipient
  if (admitted) state.places.give_back(destination, attempt.experience());
  state.changed.notify_all();
  co_return outcomes;
}

net::Task<void> Relay::run() {
  auto& state = *state_;
  while (!state.stop.stopping() || state.places.taken() != 0) co_await state.changed.wait();
  co_await state.pool.drained();
}

void Relay::stop() {
  state_->pool.stop();
  state_->places.stop();
  state_->stop.stop();
  state_->changed.notify_all();
}

}  // namespace posthaste::relay
