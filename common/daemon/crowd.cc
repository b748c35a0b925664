#include "common/daemon/crowd.h"

#include <algorithm>

namespace posthaste::daemon {

bool Crowd::take(Name name, std::uint32_t count, std::uint32_t max) noexcept {
  std::uint32_t held = UINT32_MAX;
  for (std::size_t row = 0; row < kCrowdRows; ++row) {
    auto& cell = rows_[row][crowd_cell(name, row)];
    held = std::min(held, cell.fetch_add(count, std::memory_order_relaxed) + count);
  }
  if (held <= max) return true;
  give_back(name, count);
  return false;
}

void Crowd::give_back(Name name, std::uint32_t count) noexcept {
  for (std::size_t row = 0; row < kCrowdRows; ++row) {
    rows_[row][crowd_cell(name, row)].fetch_sub(count, std::memory_order_relaxed);
  }
}

std::uint32_t Rates::note(Name name, net::Instant now) noexcept {
  const auto now_ms = static_cast<std::uint32_t>(now.time_since_epoch().count());
  const auto every_ms = static_cast<std::uint32_t>(forgotten_every_.count());
  std::uint32_t events = UINT32_MAX;
  for (std::size_t row = 0; row < kCrowdRows; ++row) {
    auto& cell = rows_[row][crowd_cell(name, row)];
    Level before = cell.load(std::memory_order_relaxed);
    Level after;
    do {
      // A worker whose clock is behind by a little sees no time passed, not 49 days.
      const std::uint32_t passed_ms = now_ms - before.at_ms;
      const std::uint32_t forgotten = passed_ms > UINT32_MAX / 2 ? 0 : passed_ms / every_ms;
      if (forgotten >= before.events) {
        after = {1, now_ms};
      } else {
        after = {before.events - forgotten + 1, before.at_ms + forgotten * every_ms};
      }
    } while (!cell.compare_exchange_weak(before, after, std::memory_order_relaxed));
    events = std::min(events, after.events);
  }
  return events;
}

}  // namespace posthaste::daemon
