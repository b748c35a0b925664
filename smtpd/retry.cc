#include "smtpd/retry.h"

#include <algorithm>

namespace posthaste::smtpd {
namespace {

constexpr std::chrono::milliseconds kDeliverydDelayMin = std::chrono::seconds{1};
constexpr std::chrono::milliseconds kDeliverydDelayMax = std::chrono::seconds{30};
constexpr std::uint64_t kJitterShare = 8;

}  // namespace

std::chrono::milliseconds retry_delay(const config::Queue& rules, Obstacle obstacle, std::uint32_t attempts,
                                      net::Random& random) {
  const bool ours = obstacle == Obstacle::our_deliveryd;
  const std::chrono::milliseconds longest = ours ? kDeliverydDelayMax : rules.retry_delay_max;
  std::chrono::milliseconds delay = ours ? kDeliverydDelayMin : rules.retry_delay_min;
  for (; attempts > 1 && delay < longest; --attempts) delay *= 2;
  delay = std::min(delay, longest);
  const auto share = static_cast<std::uint64_t>(delay.count()) / kJitterShare;
  const auto shift = static_cast<std::int64_t>(random.next() % (2 * share + 1)) - static_cast<std::int64_t>(share);
  return delay + std::chrono::milliseconds{shift};
}

bool is_expired(const config::Queue& rules, WallTime arrived, WallTime now) noexcept {
  return now - arrived >= rules.expire;
}

bool is_late(const config::Queue& rules, WallTime arrived, WallTime now) noexcept {
  return rules.delay_warning.count() != 0 && now - arrived >= rules.delay_warning;
}

}  // namespace posthaste::smtpd
