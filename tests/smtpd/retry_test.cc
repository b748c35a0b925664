// The schedule of RFC 5321 §4.5.4.1: how long to wait, when to give up, when to warn.
#include "smtpd/retry.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/net/sim_world.h"

namespace posthaste::smtpd {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNoon{std::chrono::sys_days{std::chrono::year{2026} / 7 / 1} + 12h};

config::Queue rules() {
  config::Queue rules;
  rules.retry_delay_min = 5min;
  rules.retry_delay_max = 4h;
  rules.expire = 120h;
  rules.delay_warning = 4h;
  return rules;
}

struct DelayCase {
  const char* name;
  Obstacle obstacle;
  std::uint32_t attempts;
  std::chrono::milliseconds usual;
};
void PrintTo(const DelayCase& test, std::ostream* out) { *out << test.name; }

const DelayCase kDelays[] = {
    {"AfterTheFirstAttempt", Obstacle::other_host, 1, 5min},
    {"AfterTheSecondTwiceAsLong", Obstacle::other_host, 2, 10min},
    {"AfterTheThirdTwiceThat", Obstacle::other_host, 3, 20min},
    {"AfterTheSixth", Obstacle::other_host, 6, 160min},
    {"AfterTheSeventhTheLongest", Obstacle::other_host, 7, 4h},
    {"NeverMore", Obstacle::other_host, 8, 4h},
    {"NotAfterAsManyAsThereCanBe", Obstacle::other_host, 4'294'967'295, 4h},
    {"DeliverydIsSoonBack", Obstacle::our_deliveryd, 1, 1s},
    {"DeliverydForTheFourthTime", Obstacle::our_deliveryd, 4, 8s},
    {"DeliverydIsNeverLongOutOfSight", Obstacle::our_deliveryd, 1'000, 30s},
};

class RetryDelay : public testing::TestWithParam<DelayCase> {};

TEST_P(RetryDelay, IsAnEighthShorterOrLongerAtMost) {
  const auto& test = GetParam();
  auto shortest = std::chrono::milliseconds::max();
  auto longest = std::chrono::milliseconds::min();
  net::SimRandom random{1};
  for (int i = 0; i < 1'000; ++i) {
    const auto delay = retry_delay(rules(), test.obstacle, test.attempts, random);
    shortest = std::min(shortest, delay);
    longest = std::max(longest, delay);
  }
  EXPECT_GE(shortest, test.usual * 7 / 8);
  EXPECT_LE(longest, test.usual * 9 / 8);
  EXPECT_LT(shortest, test.usual * 9 / 10) << "it varies";
  EXPECT_GT(longest, test.usual * 11 / 10) << "to both sides";
}

INSTANTIATE_TEST_SUITE_P(Retry, RetryDelay, testing::ValuesIn(kDelays),
                         [](const auto& test) { return test.param.name; });

TEST(Retry, AShortestDelayAboveTheLongestIsCutDown) {
  auto odd = rules();
  odd.retry_delay_min = 8h;
  net::SimRandom random{1};
  EXPECT_LE(retry_delay(odd, Obstacle::other_host, 1, random), 4h * 9 / 8);
}

TEST(Retry, GivesUpWhenTheTimeIsOverAndNotBefore) {
  EXPECT_FALSE(is_expired(rules(), kNoon, kNoon));
  EXPECT_FALSE(is_expired(rules(), kNoon, kNoon + 120h - 1ms));
  EXPECT_TRUE(is_expired(rules(), kNoon, kNoon + 120h));
  EXPECT_FALSE(is_expired(rules(), kNoon, kNoon - 1h)) << "the calendar was set back";
}

TEST(Retry, WarnsOfADelayWhenItIsOneAndNotBefore) {
  EXPECT_FALSE(is_late(rules(), kNoon, kNoon + 4h - 1ms));
  EXPECT_TRUE(is_late(rules(), kNoon, kNoon + 4h));
}

TEST(Retry, NeverWarnsWhereTheOperatorWantsNoWarning) {
  auto silent = rules();
  silent.delay_warning = 0s;
  EXPECT_FALSE(is_late(silent, kNoon, kNoon));
  EXPECT_FALSE(is_late(silent, kNoon, kNoon + 119h));
}

}  // namespace
}  // namespace posthaste::smtpd
