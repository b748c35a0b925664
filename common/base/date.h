// Dates as messages carry them (RFC 5322 §3.3).
#pragma once

#include <chrono>
#include <string>

namespace posthaste {

/// `when` as a date-time, seen from `zone` east of UTC: "Sun, 22 Nov 2026 10:53:31 +0000". Years 1900 to 9999.
[[nodiscard]] std::string rfc5322_date(std::chrono::sys_seconds when,
                                       std::chrono::minutes zone = std::chrono::minutes{0});

}  // namespace posthaste
