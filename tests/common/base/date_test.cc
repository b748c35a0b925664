#include "common/base/date.h"

#include <gtest/gtest.h>

namespace posthaste {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;

struct Case {
  const char* name;
  std::int64_t unix_time;
  int zone_minutes;
  const char* date;
};

const Case kCases[] = {
    {"TheEpochWasAThursday", 0, 0, "Thu, 01 Jan 1970 00:00:00 +0000"},
    {"BeforeTheEpochTheDayIsRoundedDown", -1, 0, "Wed, 31 Dec 1969 23:59:59 +0000"},
    {"TheExampleOfRfc5322SectionA11", 880127706, -360, "Fri, 21 Nov 1997 09:55:06 -0600"},
    {"ALeapDay", 951782400, 0, "Tue, 29 Feb 2000 00:00:00 +0000"},
    {"AZoneMayMoveTheDate", 951782400, -1, "Mon, 28 Feb 2000 23:59:00 -0001"},
    {"AZoneOfHalfAnHour", 0, 330, "Thu, 01 Jan 1970 05:30:00 +0530"},
    {"ANegativeZoneOfHalfAnHour", 0, -210, "Wed, 31 Dec 1969 20:30:00 -0330"},
};

TEST(Date, IsRfc5322s) {
  for (const auto& test : kCases) {
    EXPECT_EQ(rfc5322_date(sys_seconds{seconds{test.unix_time}}, minutes{test.zone_minutes}), test.date)
        << test.name;
  }
}

}  // namespace
}  // namespace posthaste
