// A worker's way out: carries queued messages to our mailboxes by LMTP, or to other hosts by the relay.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/net/scope.h"
#include "common/net/task.h"
#include "common/smtp/command.h"
#include "smtpd/lmtp_pool.h"
#include "smtpd/next_hop.h"
#include "smtpd/queue/change.h"
#include "smtpd/queue/entry.h"
#include "smtpd/relay/relay.h"
#include "smtpd/retry.h"

namespace posthaste::smtpd {

/// One attempt: a message, and those of its recipients who share the next hop.
struct Consignment {
  NextHop hop;
  queue::Envelope envelope;
  std::vector<queue::SharedOctets> message;
  std::vector<relay::Recipient> recipients;  // by their places in the entry
  std::string sender;                        // as share_holder() says
};

/// What became of it: one outcome for each recipient.
struct Carried {
  std::vector<relay::Outcome> outcomes;
  Obstacle obstacle = Obstacle::other_host;  // to the deferred ones
};

/// What a final reply of deliveryd says of a recipient.
[[nodiscard]] relay::Result result_of(const smtp::Reply& reply) noexcept;

/// MAIL for deliveryd: with the delivery id, so that a repeat is no second copy.
[[nodiscard]] smtp::Mail mail_for(const queue::Envelope& envelope, std::uint64_t octets);

/// Lives on one loop; made before that runs.
class Carrier {
 public:
  /// `hostname` is who says what deliveryd has said.
  explicit Carrier(std::string hostname) : hostname_(std::move(hostname)) {}

  /// What was started before begins now. Both stay until drained() after the last start().
  void open(LmtpPool& mailboxes, relay::Relay& relay);

  using Answer = std::move_only_function<void(Carried)>;
  void start(Consignment consignment, Answer answer);
  /// The operator knows better which hosts answer.
  void forget_dead_hosts();
  /// Waits for all that was started.
  net::Task<void> drained() { co_await started_.drained(); }

 private:
  struct Started {
    Consignment consignment;
    Answer answer;
  };
  net::Task<Carried> carry(Consignment consignment);
  net::Task<Carried> carry_home(Consignment consignment);
  net::Task<void> carry_and_answer(Consignment consignment, Answer answer);

  const std::string hostname_;
  LmtpPool* mailboxes_ = nullptr;  // until open()
  relay::Relay* relay_ = nullptr;
  std::vector<Started> early_;
  net::TaskScope started_;
};

}  // namespace posthaste::smtpd
