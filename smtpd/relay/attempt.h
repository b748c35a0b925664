// One attempt to deliver a message: hosts in their order, connections, transactions, until each recipient has its
// outcome.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/dns/resolver.h"
#include "common/log/log.h"
#include "common/net/clock.h"
#include "common/net/task.h"
#include "smtpd/relay/client.h"
#include "smtpd/relay/dead_hosts.h"
#include "smtpd/relay/delivery.h"
#include "smtpd/relay/hosts.h"
#include "smtpd/relay/places.h"
#include "smtpd/relay/pool.h"
#include "smtpd/relay/seven_bit_form.h"

namespace posthaste::relay {

/// What a worker's attempts share.
struct Shared {
  net::World& world;
  dns::Resolver& resolver;
  const log::Log& log;
  const ClientContext& clients;
  const OwnHost& own;
  std::uint16_t smtp_port;
  std::size_t messages_per_connection_max;
  Family first_family;  // of the addresses of one host
  Pool& pool;
  DeadHosts& dead_hosts;
  net::Instant& ipv6_again;  // until then IPv4 goes first, since IPv6 was unreachable
  MessageRoom& conversion_room;
};

class Attempt {
 public:
  /// `shared` outlives it. At least one recipient.
  Attempt(const Shared& shared, Destination destination, Message message, std::vector<Recipient> recipients);

  /// Asks hosts, with whatever recipients are left.
  net::Task<void> run();
  /// Once run() has ended.
  [[nodiscard]] Experience experience() const noexcept;
  /// Whether hosts are left out of a run() for want of memory alone. Then, after wait_for_room(), another may ask
  /// them: that is not a failure of theirs.
  [[nodiscard]] bool lacks_room() const noexcept { return seven_bit_.lacks_room() && !over(); }
  net::Task<bool> wait_for_room() { return seven_bit_.wait_for_room(); }
  /// What became of each recipient; of whoever is left, the weightiest of what the last run() has met.
  [[nodiscard]] std::vector<Outcome> end();

 private:
  /// A recipient whose outcome is not known yet, and the one that it gets if nobody has a better one.
  struct Pending {
    Recipient recipient;
    Outcome so_far;
  };

  net::Task<void> try_idle_connections();
  net::Task<void> try_domain(std::string name);
  net::Task<void> try_fixed_host(FixedHost fixed);
  net::Task<void> try_addresses(std::vector<HostAddress> addresses);
  net::Task<void> try_address(HostAddress address);
  net::Task<std::unique_ptr<Client>> connect(HostAddress address);
  /// False when the connection turned out to be gone before the host answered to anything.
  net::Task<bool> use(std::unique_ptr<Client> client);

  [[nodiscard]] Family first_family() const;
  [[nodiscard]] bool over() const noexcept;
  void failed_to_open(const HostAddress& address, const OpenFailure& failure);
  void settle(const Client& client, std::vector<Pending> batch, std::vector<Answer> answers,
              std::vector<Pending>& elsewhere);
  /// Of all who are pending.
  void note(const Verdict& verdict, const HostAddress* address);
  [[nodiscard]] Outcome outcome_of(const Recipient& recipient, const Verdict& verdict, const Client& client) const;
  void end(const Pending& pending, Outcome outcome);

  const Shared& shared_;
  const Destination destination_;
  const Message message_;
  const Access access_;
  LazyTraits traits_;
  SevenBitForm seven_bit_;
  std::vector<Pending> pending_;
  std::vector<Outcome> outcomes_;
  std::optional<net::Endpoint> asked_;  // over a connection that was idle
  std::size_t addresses_tried_ = 0;
  bool connected_ = false;
  bool connection_failed_ = false;
};

}  // namespace posthaste::relay
