// Addresses where nobody answered lately: they are passed over for a while.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "common/net/clock.h"
#include "common/net/network.h"
#include "smtpd/relay/verdict.h"

namespace posthaste::relay {

inline constexpr std::chrono::milliseconds kDeadTimeMin = std::chrono::minutes{1};
inline constexpr std::chrono::milliseconds kDeadTimeMax = std::chrono::minutes{30};

/// How long it took to see that nobody answers.
enum class Death {
  quick,  // a round trip: the connection was refused
  slow,   // a timeout
};

/// A dead host costs one delivery its timeout, and not each of them. The time doubles with each slow death that
/// follows another; an address that answers is forgotten.
class DeadHosts {
 public:
  explicit DeadHosts(std::size_t addresses_max = 10'000) : addresses_max_(addresses_max) {}

  /// Why `endpoint` must not be tried now, or nothing. When its time is over this says nothing to the first who
  /// asks, and the old reason to those who ask while that one is trying, kDeadTimeMin at most.
  [[nodiscard]] std::optional<Verdict> reason_against(const net::Endpoint& endpoint, net::Instant now);

  /// Deaths that were under way when the first was told count as one.
  void died(const net::Endpoint& endpoint, Death death, Verdict reason, net::Instant now);
  void lives(const net::Endpoint& endpoint) { dead_.erase(net::to_string(endpoint)); }

  void forget_all() { dead_.clear(); }

  [[nodiscard]] std::size_t size() const noexcept { return dead_.size(); }

 private:
  struct Dead {
    Verdict reason;
    std::chrono::milliseconds time;
    net::Instant until;
    bool tried_again = false;  // somebody is at it
  };
  void make_room();

  const std::size_t addresses_max_;
  std::map<std::string, Dead> dead_;
};

}  // namespace posthaste::relay
