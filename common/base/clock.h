// The machine's wall clock: the one place that asks for it. Everybody else is given a function that tells the time.
#pragma once

#include <chrono>

namespace posthaste {

/// An instant in UTC, without leap seconds.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

[[nodiscard]] WallTime wall_clock() noexcept;

}  // namespace posthaste
