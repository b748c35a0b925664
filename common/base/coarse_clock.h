// A clock that only goes forward, some milliseconds behind, for a few ns: to see what takes far too long.
#pragma once

#include <chrono>

namespace posthaste {

/// Since an instant that is the same for the whole life of the process.
[[nodiscard]] std::chrono::milliseconds coarse_uptime() noexcept;

}  // namespace posthaste
