#include "smtpd/relay/dead_hosts.h"

#include <algorithm>
#include <utility>

namespace posthaste::relay {

std::optional<Verdict> DeadHosts::reason_against(const net::Endpoint& endpoint, net::Instant now) {
  const auto entry = dead_.find(net::to_string(endpoint));
  if (entry == dead_.end()) return std::nullopt;
  auto& death = entry->second;
  if (now < death.until) return death.reason;
  death.until = now + kDeadTimeMin;
  death.tried_again = true;
  return std::nullopt;
}

void DeadHosts::died(const net::Endpoint& endpoint, Verdict reason, net::Instant now) {
  const auto name = net::to_string(endpoint);
  const auto entry = dead_.find(name);
  if (entry != dead_.end()) {
    auto& death = entry->second;
    death.reason = std::move(reason);
    if (!std::exchange(death.tried_again, false) && now < death.until) return;
    death.time = std::min(2 * death.time, kDeadTimeMax);
    death.until = now + death.time;
    return;
  }
  if (dead_.size() >= addresses_max_) make_room();
  dead_.emplace(name, Death{std::move(reason), kDeadTimeMin, now + kDeadTimeMin});
}

void DeadHosts::make_room() {
  const auto first = std::ranges::min_element(dead_, {}, [](const auto& entry) { return entry.second.until; });
  dead_.erase(first);
}

}  // namespace posthaste::relay
