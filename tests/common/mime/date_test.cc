// Dates: the examples of RFC 5322 appendix A, obsolete forms, and what is no date.
#include "common/mime/date.h"

#include <gtest/gtest.h>

namespace posthaste::mime {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year_month_day;

/// An instant, in UTC.
sys_seconds utc(int y, unsigned m, unsigned d, int hour, int minute, int second) {
  const year_month_day date{std::chrono::year(y), std::chrono::month(m), std::chrono::day(d)};
  return sys_days(date) + std::chrono::hours(hour) + minutes(minute) + seconds(second);
}

struct Case {
  const char* name;
  std::string_view text;
  DateTime date_time;
};

const Case kCases[] = {
    {"RFC5322A11", " Fri, 21 Nov 1997 09:55:06 -0600\r\n", {utc(1997, 11, 21, 15, 55, 6), minutes{-360}}},
    {"RFC5322A12", "Tue, 1 Jul 2003 10:52:37 +0200", {utc(2003, 7, 1, 8, 52, 37), minutes{120}}},
    {"RFC5322A13NoSeconds", "Thu, 13 Feb 1969 23:32 -0330", {utc(1969, 2, 14, 3, 2, 0), minutes{-210}}},
    {"RFC5322A5Comments",
     "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland "
     "Time)\r\n",
     {utc(1969, 2, 14, 3, 2, 0), minutes{-210}}},
    {"RFC5322A62Obsolete", "21 Nov 97 09:55:06 GMT", {utc(1997, 11, 21, 9, 55, 6), minutes{0}}},
    {"RFC5322A63CommentsInTime",
     "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600",
     {utc(1997, 11, 21, 15, 55, 6), minutes{-360}}},
    {"TwoDigitsFrom50AreOfThe1900s", "1 Jan 50 00:00 GMT", {utc(1950, 1, 1, 0, 0, 0), minutes{0}}},
    {"TwoDigitsBelow50AreOfThe2000s", "1 Jan 49 00:00 GMT", {utc(2049, 1, 1, 0, 0, 0), minutes{0}}},
    {"ThreeDigitsCountFrom1900", "1 Jan 103 00:00 GMT", {utc(2003, 1, 1, 0, 0, 0), minutes{0}}},
    {"EasternStandardTime", "1 Jan 2024 00:00:00 EST", {utc(2024, 1, 1, 5, 0, 0), minutes{-300}}},
    {"PacificDaylightTime", "1 Jul 2024 00:00:00 pdt", {utc(2024, 7, 1, 7, 0, 0), minutes{-420}}},
    {"MilitaryZonesAreUnknown", "1 Jul 2024 00:00:00 K", {utc(2024, 7, 1, 0, 0, 0), minutes{0}}},
    {"UnknownZoneIsUtc", "1 Jul 2024 00:00:00 XYZ", {utc(2024, 7, 1, 0, 0, 0), minutes{0}}},
    {"MissingZoneIsUtc", "1 Jul 2024 00:00:00", {utc(2024, 7, 1, 0, 0, 0), minutes{0}}},
    {"ZoneOf60MinutesIsUnknown", "1 Jul 2024 00:00:00 +0160", {utc(2024, 7, 1, 0, 0, 0), minutes{0}}},
    {"ZoneOf5DigitsIsUnknown", "1 Jul 2024 00:00:00 +01000", {utc(2024, 7, 1, 0, 0, 0), minutes{0}}},
    {"WrongDayNameIsIgnored", "Mon, 2 Jul 2024 00:00:00 +0000", {utc(2024, 7, 2, 0, 0, 0), minutes{0}}},
    {"DayNameWithoutComma", "Tue 2 Jul 2024 00:00:00 +0000", {utc(2024, 7, 2, 0, 0, 0), minutes{0}}},
    {"FullMonthName", "2 July 2024 00:00:00 +0000", {utc(2024, 7, 2, 0, 0, 0), minutes{0}}},
    {"Hyphens", "02-Jul-2024 00:00:00 +0000", {utc(2024, 7, 2, 0, 0, 0), minutes{0}}},
    {"LeapSecond", "31 Dec 2016 23:59:60 +0000", {utc(2017, 1, 1, 0, 0, 0), minutes{0}}},
    {"LeapDay", "29 Feb 2024 12:00:00 +0000", {utc(2024, 2, 29, 12, 0, 0), minutes{0}}},
};

TEST(ParseDateTime, ReadsEachCase) {
  for (const auto& c : kCases) {
    const auto date_time = parse_date_time(c.text);
    ASSERT_TRUE(date_time) << c.name;
    EXPECT_EQ(date_time->time, c.date_time.time) << c.name;
    EXPECT_EQ(date_time->zone, c.date_time.zone) << c.name;
  }
}

TEST(ParseDateTime, IsNothingForWhatIsNoDate) {
  for (const std::string_view text : {"",
                                      " ",
                                      "Mon",
                                      "Mon,",
                                      "yesterday",
                                      "1",
                                      "1 Jan",
                                      "1 Jan 2024",
                                      "1 Jan 2024 10",
                                      "1 Jan 2024 10:",
                                      "1 Jan 2024 :10",
                                      "0 Jan 2024 10:00 GMT",
                                      "32 Jan 2024 10:00 GMT",
                                      "31 Apr 2024 10:00 GMT",
                                      "29 Feb 2023 10:00 GMT",
                                      "001 Jan 2024 10:00 GMT",
                                      "1 Foo 2024 10:00 GMT",
                                      "1 Ja 2024 10:00 GMT",
                                      "1 1 2024 10:00 GMT",
                                      "1 Jan 4 10:00 GMT",
                                      "1 Jan 20240 10:00 GMT",
                                      "1 Jan 2024 24:00 GMT",
                                      "1 Jan 2024 10:60 GMT",
                                      "1 Jan 2024 10:00:61 GMT",
                                      "1 Jan 2024 10:00: GMT",
                                      "1 Jan 2024 -1:00 GMT",
                                      "99999999999999999999 Jan 2024 10:00 GMT",
                                      "2024-01-01T10:00:00Z",
                                      "(1 Jan 2024 10:00:00 GMT"}) {
    EXPECT_FALSE(parse_date_time(text)) << text;
  }
}

}  // namespace
}  // namespace posthaste::mime
