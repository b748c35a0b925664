#include "common/net/least_speed.h"

#include <gtest/gtest.h>

namespace posthaste::net {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{std::chrono::hours{1}};

TEST(LeastSpeed, EndsWhenNothingComes) {
  const LeastSpeed speed{kStart, 300s, 1'000};
  EXPECT_EQ(speed.left(kStart), 300s);
  EXPECT_EQ(speed.left(kStart + 299s), 1s);
  EXPECT_EQ(speed.left(kStart + 301s), 0ms);
}

TEST(LeastSpeed, DropsDoNotPutItOff) {
  LeastSpeed speed{kStart, 300s, 1'000};
  for (int i = 1; i < 30; ++i) speed.note(kStart + i * 10s, 10);
  EXPECT_EQ(speed.left(kStart + 300s), 290ms) << "what 290 octets have earned";
}

TEST(LeastSpeed, WhoKeepsUpHasAllTheTime) {
  LeastSpeed speed{kStart, 300s, 1'000};
  for (int i = 1; i < 10'000; ++i) speed.note(kStart + i * 1s, 1'000);
  EXPECT_EQ(speed.left(kStart + 9'999s), 300s);
}

TEST(LeastSpeed, HasteEarnsNobodyTheRightToStallAfterwards) {
  LeastSpeed speed{kStart, 300s, 1'000};
  speed.note(kStart + 1s, 50'000'000);
  EXPECT_EQ(speed.left(kStart + 1s), 300s);
  EXPECT_EQ(speed.left(kStart + 301s), 0ms);
}

TEST(LeastSpeed, SmallPiecesEarnWhatTheyAreTogether) {
  LeastSpeed speed{kStart, 300s, 3'000};
  for (int i = 0; i < 3'000; ++i) speed.note(kStart + 100s, 10);
  EXPECT_EQ(speed.left(kStart + 100s), 210s);
}

}  // namespace
}  // namespace posthaste::net
