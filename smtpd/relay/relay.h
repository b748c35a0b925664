// The delivering half of the relay: takes a message for recipients of one destination, and tells what became of
// each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/log/log.h"
#include "common/net/network.h"
#include "common/net/task.h"
#include "common/net/world.h"
#include "smtpd/relay/delivery.h"
#include "smtpd/relay/seven_bit_form.h"

namespace posthaste::dns {
class Resolver;
}

namespace posthaste::relay {

struct Options {
  std::string hostname;                  // what EHLO says
  std::uint16_t smtp_port = 25;          // of the hosts that DNS names
  bool prefer_ipv6 = true;               // RFC 6724; IPv4 goes first anyway for a while after IPv6 was unreachable
  std::string trusted_certificates{};    // PEM, for hosts with whom TLS is required; empty: those the system trusts
  std::vector<std::string> own_names{};  // MX hosts that are ourselves, beside `hostname`
  std::vector<net::Endpoint> own_addresses{};  // likewise
  std::size_t connections_per_destination_max = 20;
  std::size_t connections_max = 200;      // of this worker, in use at once
  std::size_t idle_connections_max = 50;  // of this worker, beside those
  std::size_t messages_per_connection_max = 1000;
  std::size_t recipients_per_transaction_max = 100;  // every host takes so many (RFC 5321 §4.5.3.1.8)
  std::chrono::milliseconds idle_time = std::chrono::seconds{10};
  std::uint64_t conversion_room_octets = kConversionRoomOctets;  // of this worker
};

/// A worker's. Lives on one loop.
class Relay {
 public:
  /// `world` and `resolver` outlive the relay.
  Relay(net::World& world, dns::Resolver& resolver, Options options, log::Log log);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  /// After run() has ended.
  ~Relay();

  /// One attempt, with as many hosts, connections and transactions as it takes. Waits first for one of the
  /// destination's places that is in the sender's share of all, and for memory where the message must be converted.
  /// One outcome for each recipient, in any order. After stop(): all that is not answered is deferred.
  net::Task<std::vector<Outcome>> deliver(Destination destination, Message message,
                                          std::vector<Recipient> recipients);

  /// The next attempts try every host, also those where nobody answered lately: for an operator who asks for it.
  void forget_dead_hosts();

  /// Ends after stop(), when no delivery is left and every connection is closed.
  net::Task<void> run();
  /// A connection that is being made, or a question to DNS, is waited for: a minute at most.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace posthaste::relay
