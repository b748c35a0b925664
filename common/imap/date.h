// Dates as IMAP writes them: INTERNALDATE's date-time, and SEARCH's date (RFC 9051 §9).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

/// An instant, and the zone in which it was written.
struct DateTime {
  std::chrono::sys_seconds instant;
  std::chrono::minutes zone{0};  // east of Greenwich
  bool operator==(const DateTime&) const = default;
};

/// date-time, quotes included. A one-digit day may come with or without its leading space.
/// Errors: syntax; bad_date, for a day, time or zone that does not exist.
Parsed<DateTime> date_time(Cursor& cursor);
/// date, with or without quotes. Errors: syntax; bad_date.
Parsed<std::chrono::year_month_day> date(Cursor& cursor);

/// All of `text`.
[[nodiscard]] Parsed<DateTime> parse_date_time(std::string_view text);
[[nodiscard]] Parsed<std::chrono::year_month_day> parse_date(std::string_view text);

/// Appends `" 1-Feb-1994 21:52:25 -0800"`, quotes included; years outside 0 to 9999 are held at that edge.
void append_date_time(std::string& out, const DateTime& date_time);
/// "1-Feb-1994".
[[nodiscard]] std::string to_string(std::chrono::year_month_day date);

}  // namespace posthaste::imap
