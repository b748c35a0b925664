#include "admin/log_line.h"

#include <gtest/gtest.h>

#include "common/base/octets.h"

namespace posthaste::admin {
namespace {

struct Case {
  const char* name;
  std::string line;
  std::optional<LogEvent> event;
};

LogEvent accepted(std::vector<LogField> fields) {
  return {"2026-11-22T10:55:12.123Z", "info", "smtpd", "smtp.message.accepted", std::move(fields)};
}

const std::string kHead = "2026-11-22T10:55:12.123Z info smtpd smtp.message.accepted";
const std::string kJsonHead =
    R"({"time":"2026-11-22T10:55:12.123Z","level":"info","program":"smtpd","event":"smtp.message.accepted")";

const Case kCases[] = {
    // common/log/log.h
    {"TextOfTheHeader", kHead + R"( trace=4f1c recipients=2 client="a b")",
     accepted({{"trace", "4f1c"}, {"recipients", "2"}, {"client", "a b"}})},
    {"NoFields", kHead, accepted({})},
    {"EmptyValue", kHead + R"( to="")", accepted({{"to", ""}})},
    {"EscapesAreUndone", kHead + R"( a=\xe4\x5C b="x=\x22\x0a y")", accepted({{"a", "\xe4\\"}, {"b", "x=\"\n y"}})},
    {"CutValue", kHead + " a=xxx...", accepted({{"a", "xxx..."}})},
    {"Json", kJsonHead + R"(,"trace":"4f1c","recipients":2,"tls":true,"n":-1})",
     accepted({{"trace", "4f1c"}, {"recipients", "2"}, {"tls", "true"}, {"n", "-1"}})},
    {"JsonEscapesAreUndone", kJsonHead + R"(,"a":"x=\"\\x0a \\x5c"})", accepted({{"a", "x=\"\n \\"}})},
    {"JsonNoFields", kJsonHead + "}", accepted({})},

    {"Empty", "", std::nullopt},
    {"Prose", "the quick brown fox", std::nullopt},
    {"TimeAlone", "2026-11-22T10:55:12.123Z", std::nullopt},
    {"NoMilliseconds", "2026-11-22T10:55:12Z info smtpd x", std::nullopt},
    {"AnotherLevel", "2026-11-22T10:55:12.123Z loud smtpd x", std::nullopt},
    {"TwoSpaces", "2026-11-22T10:55:12.123Z  info smtpd x", std::nullopt},
    {"FieldWithoutValue", kHead + " trace", std::nullopt},
    {"FieldWithoutName", kHead + " =x", std::nullopt},
    {"BareValueIsEmpty", kHead + " a= b=c", std::nullopt},
    {"QuoteIsNotClosed", kHead + R"( a="b)", std::nullopt},
    {"OctetsBehindTheQuote", kHead + R"( a="b"c)", std::nullopt},
    {"CutEscape", kHead + R"( a=\x4)", std::nullopt},
    {"OtherEscape", kHead + R"( a=\n41)", std::nullopt},
    {"EightBit", kHead + " a=\xe4", std::nullopt},
    {"Control", kHead + " a=\"\x1b[2J\"", std::nullopt},
    {"JsonIsCut", kJsonHead + R"(,"trace":"4f)", std::nullopt},
    {"JsonIsNoObject", "[1]", std::nullopt},
    {"JsonLacksItsHead", R"({"trace":"4f1c"})", std::nullopt},
    {"JsonHeadInAnotherOrder",
     R"({"level":"info","time":"2026-11-22T10:55:12.123Z","program":"smtpd","event":"x"})", std::nullopt},
    {"JsonHolds an object", kJsonHead + R"(,"a":{}})", std::nullopt},
    {"JsonHoldsNull", kJsonHead + R"(,"a":null})", std::nullopt},
    {"JsonNumberForTheTime", R"({"time":1,"level":"info","program":"smtpd","event":"x"})", std::nullopt},
    {"JsonWithAControl", kJsonHead + R"(,"a":"\u001b"})", std::nullopt},
    {"JsonDeepAsTheSea", "{\"a\":" + std::string(60'000, '['), std::nullopt},
};

TEST(LogLine, Cases) {
  for (const auto& c : kCases) {
    const auto event = parse_log_line(c.line);
    EXPECT_EQ(event, c.event) << c.name;
    if (event) {
      EXPECT_EQ(parse_log_line(to_text(*event)), event) << c.name;
    }
  }
}

TEST(LogLine, IsWrittenAsTheLogWritesIt) {
  const std::string line = kHead + R"( trace=4f1c a="b c" d="" e="\x22" f="x=y" g=\x5c\xe4)";
  EXPECT_EQ(to_text(*parse_log_line(line)), line);
}

}  // namespace
}  // namespace posthaste::admin
