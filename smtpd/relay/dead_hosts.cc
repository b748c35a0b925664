#include "smtpd/relay/dead_hosts.h"

#include <algorithm>
#include <utility>

namespace posthaste::relay {

std::optional<Verdict> DeadHosts::reason_against(const net::Endpoint& endpoint, net::Instant now) {
  const auto entry = dead_.find(net::to_string(endpoint));
  if (entry == dead_.end()) return std::nullopt;
  auto& dead = entry->second;
  if (now < dead.until) return dead.reason;
  dead.until = now + kDeadTimeMin;
  dead.tried_again = true;
  return std::nullopt;
}

void DeadHosts::died(const net::Endpoint& endpoint, Death death, Verdict reason, net::Instant now) {
  const auto name = net::to_string(endpoint);
  const auto entry = dead_.find(name);
  if (entry != dead_.end()) {
    auto& dead = entry->second;
    dead.reason = std::move(reason);
    if (!std::exchange(dead.tried_again, false) && now < dead.until) return;
    dead.time = death == Death::quick ? kDeadTimeMin : std::min(2 * dead.time, kDeadTimeMax);
    dead.until = now + dead.time;
    return;
  }
  if (dead_.size() >= addresses_max_) make_room();
  dead_.emplace(name, Dead{std::move(reason), kDeadTimeMin, now + kDeadTimeMin});
}

void DeadHosts::make_room() {
  const auto first = std::ranges::min_element(dead_, {}, [](const auto& entry) { return entry.second.until; });
  dead_.erase(first);
}

}  // namespace posthaste::relay
