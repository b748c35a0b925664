#include "common/mime/date.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/mime/lexer.h"

namespace posthaste::mime {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct NamedZone {
  std::string_view name;
  std::chrono::hours offset;
};

/// Obsolete zones (RFC 5322 §4.3). All other names, the military ones too, mean UTC as far as anyone can know.
constexpr std::array<NamedZone, 8> kZones = {{{"EDT", std::chrono::hours{-4}},
                                              {"EST", std::chrono::hours{-5}},
                                              {"CDT", std::chrono::hours{-5}},
                                              {"CST", std::chrono::hours{-6}},
                                              {"MDT", std::chrono::hours{-6}},
                                              {"MST", std::chrono::hours{-7}},
                                              {"PDT", std::chrono::hours{-7}},
                                              {"PST", std::chrono::hours{-8}}}};

/// The decimal number that stands here, of at most `digits_max` digits.
std::optional<unsigned> read_number(Lexer& lexer, std::size_t digits_max) {
  const std::string_view digits = lexer.take_while(is_digit);
  if (digits.size() > digits_max) return std::nullopt;
  const auto number = parse_decimal(digits);
  if (!number) return std::nullopt;
  return static_cast<unsigned>(*number);
}

std::optional<std::chrono::month> read_month(Lexer& lexer) {
  const std::string_view word = lexer.take_while(is_alpha);
  const auto* const month =
      std::ranges::find_if(kMonths, [&](std::string_view name) { return iequals(name, word.substr(0, 3)); });
  if (month == kMonths.end()) return std::nullopt;
  return std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1);
}

/// year and obs-year: two digits lie between 1950 and 2049, three count from 1900 (RFC 5322 §4.3).
std::optional<std::chrono::year> read_year(Lexer& lexer) {
  const std::string_view digits = lexer.take_while(is_digit);
  if (digits.size() < 2 || digits.size() > 4) return std::nullopt;
  const auto number = parse_decimal(digits);
  if (!number) return std::nullopt;
  int year = static_cast<int>(*number);
  if (digits.size() == 2 && year < 50) {
    year += 2000;
  } else if (digits.size() < 4) {
    year += 1900;
  }
  return std::chrono::year(year);
}

/// date (RFC 5322 §3.3), with hyphens for white space too.
std::optional<std::chrono::year_month_day> read_date(Lexer& lexer) {
  const auto skip_separator = [&] {
    lexer.skip_cfws();
    if (lexer.skip('-')) lexer.skip_cfws();
  };
  const auto day = read_number(lexer, 2);
  skip_separator();
  const auto month = read_month(lexer);
  skip_separator();
  const auto year = read_year(lexer);
  if (!day || !month || !year) return std::nullopt;
  const std::chrono::year_month_day date(*year, *month, std::chrono::day(*day));
  if (!date.ok()) return std::nullopt;
  return date;
}

/// time-of-day (RFC 5322 §3.3): second 60 is a leap second.
std::optional<std::chrono::seconds> read_time_of_day(Lexer& lexer) {
  const auto hour = read_number(lexer, 2);
  lexer.skip_cfws();
  if (!lexer.skip(':')) return std::nullopt;
  lexer.skip_cfws();
  const auto minute = read_number(lexer, 2);
  lexer.skip_cfws();
  std::optional<unsigned> second = 0;
  if (lexer.skip(':')) {
    lexer.skip_cfws();
    second = read_number(lexer, 2);
    lexer.skip_cfws();
  }
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

/// zone and obs-zone (RFC 5322 §3.3, §4.3).
std::chrono::minutes read_zone(Lexer& lexer) {
  using std::chrono::minutes;
  const bool west = lexer.at('-');
  if (west || lexer.at('+')) {
    lexer.skip_one();
    const std::string_view digits = lexer.take_while(is_digit);
    const auto hours_and_minutes = parse_decimal(digits);
    if (digits.size() != 4 || !hours_and_minutes) return minutes{0};
    const unsigned hour = static_cast<unsigned>(*hours_and_minutes) / 100;
    const unsigned minute = static_cast<unsigned>(*hours_and_minutes) % 100;
    if (hour > 23 || minute > 59) return minutes{0};
    const minutes east = std::chrono::hours(hour) + minutes(minute);
    return west ? -east : east;
  }
  const std::string_view word = lexer.take_while(is_alpha);
  const auto* const zone = std::ranges::find_if(kZones, [&](const NamedZone& z) { return iequals(z.name, word); });
  return zone == kZones.end() ? minutes{0} : minutes{zone->offset};
}

}  // namespace

std::optional<DateTime> parse_date_time(std::string_view text) {
  Lexer lexer(text);
  lexer.skip_cfws();
  lexer.take_while(is_alpha);  // day-of-week: the date itself is what counts
  lexer.skip_cfws();
  if (lexer.skip(',')) lexer.skip_cfws();
  const auto date = read_date(lexer);
  if (!date) return std::nullopt;
  lexer.skip_cfws();
  const auto time_of_day = read_time_of_day(lexer);
  if (!time_of_day) return std::nullopt;
  lexer.skip_cfws();
  const std::chrono::minutes zone = read_zone(lexer);
  return DateTime{std::chrono::sys_days(*date) + *time_of_day - zone, zone};
}

}  // namespace posthaste::mime
