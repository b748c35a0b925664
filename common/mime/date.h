// The date-time of a message (RFC 5322 §3.3), with its obsolete forms (§4.3).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace posthaste::mime {

/// An instant, and the zone its author wrote it in. The calendar day of the author (RFC 9051 §6.4.4, SENTON) is the
/// day of `time + zone`.
struct DateTime {
  std::chrono::sys_seconds time;
  std::chrono::minutes zone{0};  // east of UTC
  bool operator==(const DateTime&) const = default;
};

/// Reads the body of a Date field. The day name may lack or be wrong, as may the seconds; comments stand anywhere;
/// years of two and three digits, and zones by name, mean what RFC 5322 §4.3 says; no zone is UTC; what follows the
/// zone is not looked at. Nothing if day, month, year or time cannot be read or is no such day or time.
[[nodiscard]] std::optional<DateTime> parse_date_time(std::string_view text);

}  // namespace posthaste::mime
