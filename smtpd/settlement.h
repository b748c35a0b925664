// What follows from an attempt: what the queue shall remember of each recipient, and what the sender is to be told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/config/config.h"
#include "common/dsn/report.h"
#include "common/net/random.h"
#include "smtpd/queue/change.h"
#include "smtpd/queue/entry.h"
#include "smtpd/relay/delivery.h"
#include "smtpd/retry.h"

namespace posthaste::smtpd {

struct Settlement {
  std::vector<queue::Update::Change> changes;
  /// For recipients whose NOTIFY asks for it (RFC 3461 §4.1), or who failed without having said anything.
  std::vector<dsn::RecipientReport> reports;
  std::vector<std::uint32_t> reported;  // whose reports they are, by their places
};

/// `outcomes` name `recipients` by their places. A deferred recipient whose message is too old has failed.
[[nodiscard]] Settlement settle(const config::Queue& rules, const queue::Envelope& envelope,
                                const std::vector<queue::QueuedRecipient>& recipients,
                                const std::vector<relay::Outcome>& outcomes, Obstacle obstacle, WallTime now,
                                net::Random& random);

/// "550 5.1.1 No such user": all of a reply on one line, for listings and reports.
[[nodiscard]] std::string on_one_line(const smtp::Reply& reply);

}  // namespace posthaste::smtpd
