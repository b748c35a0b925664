#include "common/imap/date.h"

#include <gtest/gtest.h>

namespace posthaste::imap {
namespace {

using std::chrono::day;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::month;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr year_month_day ymd(int y, unsigned m, unsigned d) { return {year{y}, month{m}, day{d}}; }

TEST(DateTime, IsRead) {
  struct Case {
    const char* text;
    DateTime expected;
  };
  const Case kCases[] = {
      // RFC 9051 §8
      {"\"17-Jul-1996 02:44:25 -0700\"",
       {sys_days{ymd(1996, 7, 17)} + hours{9} + minutes{44} + seconds{25}, -hours{7}}},
      // RFC 3502
      {"\" 7-Feb-1994 22:43:04 -0800\"",
       {sys_days{ymd(1994, 2, 8)} + hours{6} + minutes{43} + seconds{4}, -hours{8}}},
      {"\"7-Feb-1994 22:43:04 -0800\"",
       {sys_days{ymd(1994, 2, 8)} + hours{6} + minutes{43} + seconds{4}, -hours{8}}},
      {"\"07-feb-1994 22:43:04 +0530\"",
       {sys_days{ymd(1994, 2, 7)} + hours{17} + minutes{13} + seconds{4}, hours{5} + minutes{30}}},
      {"\"29-Feb-2000 00:00:00 +0000\"", {sys_days{ymd(2000, 2, 29)}, minutes{0}}},
      {"\"31-Dec-2016 23:59:60 +0000\"", {sys_days{ymd(2017, 1, 1)}, minutes{0}}},
  };
  for (const auto& test : kCases) EXPECT_EQ(parse_date_time(test.text), test.expected) << test.text;
}

TEST(DateTime, IsRefused) {
  struct Case {
    const char* text;
    SyntaxError error;
  };
  using enum SyntaxErrorKind;
  const Case kCases[] = {
      {"", {syntax, 0}},
      {"17-Jul-1996 02:44:25 -0700", {syntax, 0}},
      {"\"17-Jul-1996 02:44:25 -0700", {syntax, 27}},
      {"\"17-Jul-1996\"", {syntax, 12}},
      {"\"17-Jul-96 02:44:25 -0700\"", {syntax, 10}},
      {"\"17 Jul 1996 02:44:25 -0700\"", {syntax, 3}},
      {"\"17-Foo-1996 02:44:25 -0700\"", {syntax, 4}},
      {"\"17-07-1996 02:44:25 -0700\"", {syntax, 4}},
      {"\"117-Jul-1996 02:44:25 -0700\"", {syntax, 3}},
      {"\"17-Jul-1996 2:44:25 -0700\"", {syntax, 14}},
      {"\"17-Jul-1996 02:44 -0700\"", {syntax, 18}},
      {"\"17-Jul-1996 02:44:25 0700\"", {syntax, 22}},
      {"\"17-Jul-1996 02:44:25 GMT\"", {syntax, 22}},
      {"\"17-Jul-1996 02:44:25 -0700\"x", {syntax, 28}},
      {"\"31-Feb-1996 02:44:25 -0700\"", {bad_date, 1}},
      {"\"29-Feb-1900 02:44:25 -0700\"", {bad_date, 1}},
      {"\"00-Jul-1996 02:44:25 -0700\"", {bad_date, 1}},
      {"\"17-Jul-1996 24:00:00 -0700\"", {bad_date, 13}},
      {"\"17-Jul-1996 02:60:00 -0700\"", {bad_date, 13}},
      {"\"17-Jul-1996 02:44:61 -0700\"", {bad_date, 13}},
      {"\"17-Jul-1996 02:44:25 -2400\"", {bad_date, 22}},
      {"\"17-Jul-1996 02:44:25 -0760\"", {bad_date, 22}},
  };
  for (const auto& test : kCases) {
    const auto date_time = parse_date_time(test.text);
    ASSERT_FALSE(date_time) << test.text;
    EXPECT_EQ(date_time.error(), test.error) << test.text;
  }
}

TEST(DateTime, PrintsInItsZone) {
  auto printed = [](const DateTime& date_time) {
    std::string out;
    append_date_time(out, date_time);
    return out;
  };
  EXPECT_EQ(printed({sys_days{ymd(1996, 7, 17)} + hours{9} + minutes{44} + seconds{25}, -hours{7}}),
            "\"17-Jul-1996 02:44:25 -0700\"");
  EXPECT_EQ(printed({sys_days{ymd(1994, 2, 8)} + hours{6} + minutes{43} + seconds{4}, -hours{8}}),
            "\" 7-Feb-1994 22:43:04 -0800\"");
  EXPECT_EQ(printed({{}, hours{5} + minutes{45}}), "\" 1-Jan-1970 05:45:00 +0545\"");
  EXPECT_EQ(printed({sys_days{ymd(-1, 1, 1)}, {}}), "\" 1-Jan-0000 00:00:00 +0000\"");
  EXPECT_EQ(printed({sys_days{ymd(10000, 1, 1)}, {}}), "\"31-Dec-9999 23:59:59 +0000\"");
}

TEST(Date, IsReadWithOrWithoutQuotes) {
  EXPECT_EQ(parse_date("1-Feb-1994"), ymd(1994, 2, 1));
  EXPECT_EQ(parse_date("\"1-Feb-1994\""), ymd(1994, 2, 1));
  EXPECT_EQ(parse_date("01-FEB-1994"), ymd(1994, 2, 1));
  EXPECT_EQ(to_string(ymd(1994, 2, 1)), "1-Feb-1994");
  EXPECT_EQ(to_string(ymd(2024, 12, 31)), "31-Dec-2024");
}

TEST(Date, IsRefused) {
  for (const auto* wrong :
       {"", "1", "1-Feb", "1-Feb-94", "Feb-1-1994", "1/Feb/1994", "\"1-Feb-1994", "1-Feb-1994\"", "1-Feb-19944",
        "1994-02-01", "001-Feb-1994", "1-February-1994", " 1-Feb-1994"}) {
    const auto date = parse_date(wrong);
    ASSERT_FALSE(date) << wrong;
    EXPECT_EQ(date.error().kind, SyntaxErrorKind::syntax) << wrong;
  }
  for (const auto* wrong : {"31-Apr-2024", "30-Feb-2024", "0-Jan-2024", "32-Jan-2024"}) {
    const auto date = parse_date(wrong);
    ASSERT_FALSE(date) << wrong;
    EXPECT_EQ(date.error(), (SyntaxError{SyntaxErrorKind::bad_date, 0})) << wrong;
  }
}

}  // namespace
}  // namespace posthaste::imap
