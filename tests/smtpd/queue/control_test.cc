// The operator's requests about the queue, and smtpd's answers: lines there and back.
#include "smtpd/queue/control.h"

#include <gtest/gtest.h>

#include <string>

namespace posthaste::queue {
namespace {

struct RequestCase {
  const char* name;
  std::string line;
  std::optional<ControlRequest> request;
};
void PrintTo(const RequestCase& test, std::ostream* out) { *out << test.name; }

constexpr EntryId kSeventeen{17};

const RequestCase kRequests[] = {
    {"Retry", "retry 17", ControlRequest{ControlAction::retry, kSeventeen}},
    {"RetryAll", "retry all", ControlRequest{ControlAction::retry, std::nullopt}},
    {"Hold", "hold 17", ControlRequest{ControlAction::hold, kSeventeen}},
    {"Release", "release 17", ControlRequest{ControlAction::release, kSeventeen}},
    {"Drop", "drop 17", ControlRequest{ControlAction::drop, kSeventeen}},
    {"TheLastId", "drop 18446744073709551615", ControlRequest{ControlAction::drop, EntryId{~std::uint64_t{0}}}},
    {"DropAllIsNoRequest", "drop all", std::nullopt},
    {"HoldAllIsNoRequest", "hold all", std::nullopt},
    {"ReleaseAllIsNoRequest", "release all", std::nullopt},
    {"Nothing", "", std::nullopt},
    {"NoEntry", "retry", std::nullopt},
    {"NoEntryAfterTheSpace", "retry ", std::nullopt},
    {"NoAction", " 17", std::nullopt},
    {"AnUnknownAction", "send 17", std::nullopt},
    {"InCapitals", "RETRY 17", std::nullopt},
    {"BeginsLikeOne", "retryx 17", std::nullopt},
    {"IsTheBeginningOfOne", "ret 17", std::nullopt},
    {"EntryZeroIsNobodys", "drop 0", std::nullopt},
    {"Negative", "drop -1", std::nullopt},
    {"Signed", "drop +1", std::nullopt},
    {"Hexadecimal", "drop 0x11", std::nullopt},
    {"BeyondSixtyFourBits", "drop 18446744073709551616", std::nullopt},
    {"TwoSpaces", "drop  17", std::nullopt},
    {"ASpaceAtTheEnd", "drop 17 ", std::nullopt},
    {"TwoEntries", "drop 17 18", std::nullopt},
    {"ATab", "drop\t17", std::nullopt},
    {"ANul", std::string("drop 17\0", 8), std::nullopt},
    {"AllInCapitals", "retry ALL", std::nullopt},
};

class Request : public testing::TestWithParam<RequestCase> {};

TEST_P(Request, IsReadAsWritten) { EXPECT_EQ(parse_control_request(GetParam().line), GetParam().request); }

TEST_P(Request, IsWrittenAsRead) {
  if (!GetParam().request) return;
  EXPECT_EQ(to_line(*GetParam().request), GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(Control, Request, testing::ValuesIn(kRequests),
                         [](const auto& test) { return test.param.name; });

struct AnswerCase {
  const char* name;
  std::string line;
  std::optional<ControlAnswer> answer;
};
void PrintTo(const AnswerCase& test, std::ostream* out) { *out << test.name; }

const AnswerCase kAnswers[] = {
    {"Done", "done 3", ControlAnswer{ControlDone{3, 0}}},
    {"DoneToNobody", "done 0", ControlAnswer{ControlDone{0, 0}}},
    {"DoneWhileItIsTried", "done 1 trying 2", ControlAnswer{ControlDone{1, 2}}},
    {"TriedNotAtAll", "done 1 trying 0", std::nullopt},
    {"TriedWithoutACount", "done 1 trying ", std::nullopt},
    {"TriedTwice", "done 1 trying 2 trying 3", std::nullopt},
    {"Failed", "failed there is no such entry", ControlAnswer{std::unexpected("there is no such entry")}},
    {"FailedWithoutAReason", "failed ", ControlAnswer{std::unexpected("")}},
    {"Nothing", "", std::nullopt},
    {"NoCount", "done ", std::nullopt},
    {"NoSpace", "done", std::nullopt},
    {"FailedWithoutASpace", "failed", std::nullopt},
    {"NoNumber", "done some", std::nullopt},
    {"MoreThanANumber", "done 3 4", std::nullopt},
    {"Negative", "done -3", std::nullopt},
    {"BeyondSixtyFourBits", "done 18446744073709551616", std::nullopt},
    {"InCapitals", "DONE 3", std::nullopt},
    {"SomethingElse", "250 2.0.0 OK", std::nullopt},
};

class Answer : public testing::TestWithParam<AnswerCase> {};

TEST_P(Answer, IsReadAsWritten) { EXPECT_EQ(parse_control_answer(GetParam().line), GetParam().answer); }

TEST_P(Answer, IsWrittenAsRead) {
  if (!GetParam().answer) return;
  EXPECT_EQ(to_line(*GetParam().answer), GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(Control, Answer, testing::ValuesIn(kAnswers),
                         [](const auto& test) { return test.param.name; });

TEST(Control, TheLongestRequestFitsItsLine) {
  const std::string longest = to_line(ControlRequest{ControlAction::release, EntryId{~std::uint64_t{0}}});
  EXPECT_LE(longest.size() + 2, kControlLineMaxOctets);
}

}  // namespace
}  // namespace posthaste::queue
