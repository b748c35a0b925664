// When a recipient that could not be served is tried again, and when that ends (RFC 5321 §4.5.4.1).
#pragma once

#include <chrono>
#include <cstdint>

#include "common/base/clock.h"
#include "common/config/config.h"
#include "common/net/random.h"

namespace posthaste::smtpd {

/// What was in the way.
enum class Obstacle {
  other_host,     // the destination, or the way to it, or what it said
  our_deliveryd,  // our own mailboxes are out of reach: they come back soon
};

/// How long to wait after `attempts` (at least 1) that failed: twice as long each time, up to the longest, each up
/// to an eighth shorter or longer, so that mail which failed together does not come back together.
[[nodiscard]] std::chrono::milliseconds retry_delay(const config::Queue& rules, Obstacle obstacle,
                                                    std::uint32_t attempts, net::Random& random);

/// Whether a message that arrived then is given up now.
[[nodiscard]] bool is_expired(const config::Queue& rules, WallTime arrived, WallTime now) noexcept;

/// Whether its sender is to be told that it is late.
[[nodiscard]] bool is_late(const config::Queue& rules, WallTime arrived, WallTime now) noexcept;

}  // namespace posthaste::smtpd
