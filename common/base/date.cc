#include "common/base/date.h"

#include <array>
#include <cstdio>

namespace posthaste {

std::string rfc5322_date(std::chrono::sys_seconds when, std::chrono::minutes zone) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto local = when + zone;
  const auto midnight = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss time{local - midnight};
  const std::chrono::hh_mm_ss offset{std::chrono::abs(zone)};
  std::array<char, 64> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d %c%02d%02d",
                    kDays[std::chrono::weekday{midnight}.c_encoding()], static_cast<unsigned>(date.day()),
                    kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                    static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                    static_cast<int>(time.seconds().count()), zone < std::chrono::minutes{0} ? '-' : '+',
                    static_cast<int>(offset.hours().count()), static_cast<int>(offset.minutes().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace posthaste
