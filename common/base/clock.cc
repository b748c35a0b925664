#include "common/base/clock.h"

#include <ctime>

namespace posthaste {

WallTime wall_clock() noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const auto since_epoch = std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
  return WallTime{std::chrono::floor<std::chrono::milliseconds>(since_epoch)};
}

}  // namespace posthaste
