#include "common/base/coarse_clock.h"

#include <time.h>

namespace posthaste {

std::chrono::milliseconds coarse_uptime() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::seconds{now.tv_sec} +
                                                               std::chrono::nanoseconds{now.tv_nsec});
}

}  // namespace posthaste
