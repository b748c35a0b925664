#include "common/imap/date.h"

#include <algorithm>
#include <array>
#include <optional>

#include "common/base/octets.h"
#include "common/imap/cursor.h"

namespace posthaste::imap {

namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// `count` digits, no fewer and no more are read.
Parsed<int> fixed_digits(Cursor& cursor, int count) {
  int value = 0;
  for (int i = 0; i < count; ++i) {
    const auto rest = cursor.rest();
    if (rest.empty() || !is_digit(rest.front())) return cursor.error();
    value = value * 10 + (rest.front() - '0');
    cursor.skip(rest.front());
  }
  return value;
}

// date-day
Parsed<int> day_of_month(Cursor& cursor) {
  auto day = fixed_digits(cursor, 1);
  if (!day) return day;
  const auto rest = cursor.rest();
  if (rest.empty() || !is_digit(rest.front())) return day;
  auto second = fixed_digits(cursor, 1);
  if (!second) return second;
  return *day * 10 + *second;
}

// date-month
Parsed<unsigned> month(Cursor& cursor) {
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (cursor.skip(kMonths[i])) return i + 1;
  }
  return cursor.error();
}

// date-text
Parsed<std::chrono::year_month_day> date_text(Cursor& cursor) {
  const auto start = cursor.offset();
  auto day = day_of_month(cursor);
  if (!day) return std::unexpected(day.error());
  if (!cursor.skip('-')) return cursor.error();
  auto month_number = month(cursor);
  if (!month_number) return std::unexpected(month_number.error());
  if (!cursor.skip('-')) return cursor.error();
  auto year = fixed_digits(cursor, 4);
  if (!year) return std::unexpected(year.error());
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{*month_number},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return cursor.error_at(start, SyntaxErrorKind::bad_date);
  return date;
}

// time
Parsed<std::chrono::seconds> time_of_day(Cursor& cursor) {
  const auto start = cursor.offset();
  auto hours = fixed_digits(cursor, 2);
  if (!hours) return std::unexpected(hours.error());
  if (!cursor.skip(':')) return cursor.error();
  auto minutes = fixed_digits(cursor, 2);
  if (!minutes) return std::unexpected(minutes.error());
  if (!cursor.skip(':')) return cursor.error();
  auto seconds = fixed_digits(cursor, 2);
  if (!seconds) return std::unexpected(seconds.error());
  // A leap second is written as 60 (RFC 5322 §3.3).
  if (*hours > 23 || *minutes > 59 || *seconds > 60) return cursor.error_at(start, SyntaxErrorKind::bad_date);
  return std::chrono::hours{*hours} + std::chrono::minutes{*minutes} + std::chrono::seconds{*seconds};
}

// zone
Parsed<std::chrono::minutes> zone(Cursor& cursor) {
  const auto start = cursor.offset();
  const bool west = cursor.next_is('-');
  if (!cursor.skip('-') && !cursor.skip('+')) return cursor.error();
  auto hours = fixed_digits(cursor, 2);
  if (!hours) return std::unexpected(hours.error());
  auto minutes = fixed_digits(cursor, 2);
  if (!minutes) return std::unexpected(minutes.error());
  if (*hours > 23 || *minutes > 59) return cursor.error_at(start, SyntaxErrorKind::bad_date);
  const std::chrono::minutes east = std::chrono::hours{*hours} + std::chrono::minutes{*minutes};
  return west ? -east : east;
}

template <typename T>
Parsed<T> whole(Parsed<T> (*rule)(Cursor&), std::string_view text) {
  Cursor cursor(text);
  auto value = rule(cursor);
  if (value && !cursor.at_end()) return cursor.error();
  return value;
}

void append_digits(std::string& out, unsigned value, unsigned width) {
  char digits[4];
  for (unsigned i = width; i > 0; --i, value /= 10) digits[i - 1] = static_cast<char>('0' + value % 10);
  out.append(digits, width);
}

void append_date_text(std::string& out, std::chrono::year_month_day date) {
  out.push_back('-');
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out.push_back('-');
  append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
}

// Four digits hold no other years.
std::chrono::sys_seconds within_four_digit_years(std::chrono::sys_seconds instant) {
  using std::chrono::January, std::chrono::December, std::chrono::sys_days;
  constexpr std::chrono::sys_seconds kFirst = sys_days{std::chrono::year{0} / January / 1};
  constexpr std::chrono::sys_seconds kLast =
      sys_days{std::chrono::year{9999} / December / 31} + std::chrono::hours{24} - std::chrono::seconds{1};
  return std::clamp(instant, kFirst, kLast);
}

}  // namespace

Parsed<DateTime> date_time(Cursor& cursor) {
  if (!cursor.skip('"')) return cursor.error();
  cursor.skip(' ');
  auto day = date_text(cursor);
  if (!day) return std::unexpected(day.error());
  if (!cursor.skip(' ')) return cursor.error();
  auto time = time_of_day(cursor);
  if (!time) return std::unexpected(time.error());
  if (!cursor.skip(' ')) return cursor.error();
  auto east = zone(cursor);
  if (!east) return std::unexpected(east.error());
  if (!cursor.skip('"')) return cursor.error();
  return DateTime{std::chrono::sys_days{*day} + *time - *east, *east};
}

Parsed<std::chrono::year_month_day> date(Cursor& cursor) {
  const bool quoted = cursor.skip('"');
  auto day = date_text(cursor);
  if (day && quoted && !cursor.skip('"')) return cursor.error();
  return day;
}

Parsed<DateTime> parse_date_time(std::string_view text) { return whole(date_time, text); }

Parsed<std::chrono::year_month_day> parse_date(std::string_view text) { return whole(date, text); }

void append_date_time(std::string& out, const DateTime& date_time) {
  const auto local = within_four_digit_years(date_time.instant + date_time.zone);
  const auto midnight = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss time{local - midnight};
  const auto zone_minutes = static_cast<unsigned>(std::chrono::abs(date_time.zone).count());
  const auto day = static_cast<unsigned>(date.day());

  out.push_back('"');
  if (day < 10) out.push_back(' ');
  append_digits(out, day, day < 10 ? 1 : 2);
  append_date_text(out, date);
  out.push_back(' ');
  append_digits(out, static_cast<unsigned>(time.hours().count()), 2);
  out.push_back(':');
  append_digits(out, static_cast<unsigned>(time.minutes().count()), 2);
  out.push_back(':');
  append_digits(out, static_cast<unsigned>(time.seconds().count()), 2);
  out.append(date_time.zone.count() < 0 ? " -" : " +");
  append_digits(out, zone_minutes / 60, 2);
  append_digits(out, zone_minutes % 60, 2);
  out.push_back('"');
}

std::string to_string(std::chrono::year_month_day date) {
  const auto day = static_cast<unsigned>(date.day());
  std::string out;
  append_digits(out, day, day < 10 ? 1 : 2);
  append_date_text(out, date);
  return out;
}

}  // namespace posthaste::imap
