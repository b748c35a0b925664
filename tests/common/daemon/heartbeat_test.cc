// When a parent calls its child hung.
#include "common/daemon/heartbeat.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace posthaste::daemon {
namespace {

constexpr int kLooks = HangWatch::kLooks;

TEST(HangWatch, ALoopThatStandsStillIsNamedAtTheLastLook) {
  HangWatch watch;
  EXPECT_EQ(watch.look({7, 7}), std::nullopt);
  for (std::uint64_t look = 1; look < kLooks; ++look) EXPECT_EQ(watch.look({7 + look, 7}), std::nullopt);
  EXPECT_EQ(watch.look({70, 7}), 1U);
}

TEST(HangWatch, OneBeatBeginsAllAnew) {
  HangWatch watch;
  EXPECT_EQ(watch.look({7}), std::nullopt);
  for (int look = 1; look < kLooks; ++look) EXPECT_EQ(watch.look({7}), std::nullopt);
  EXPECT_EQ(watch.look({8}), std::nullopt);
  for (int look = 1; look < kLooks; ++look) EXPECT_EQ(watch.look({8}), std::nullopt);
  EXPECT_EQ(watch.look({8}), 0U);
}

TEST(HangWatch, NothingIsExpectedBeforeAndAfterServing) {
  HangWatch watch;
  for (int look = 0; look < 3 * kLooks; ++look) EXPECT_EQ(watch.look({}), std::nullopt);
  for (int look = 0; look < kLooks; ++look) EXPECT_EQ(watch.look({1}), std::nullopt);
  EXPECT_EQ(watch.look({}), std::nullopt);
  EXPECT_EQ(watch.look({1}), std::nullopt);
}

TEST(Heartbeat, CountsBeatsWhileTheyAreExpected) {
  Heartbeat heart{2};
  heart.beat(1);
  EXPECT_TRUE(heart.counts().empty());
  heart.expect_beats(true);
  heart.beat(1);
  heart.beat(2);  // there is no such loop
  EXPECT_EQ(heart.counts(), (std::vector<std::uint64_t>{0, 2}));
  heart.expect_beats(false);
  EXPECT_TRUE(heart.counts().empty());
  heart.reset();
  heart.expect_beats(true);
  EXPECT_EQ(heart.counts(), (std::vector<std::uint64_t>{0, 0}));
}

}  // namespace
}  // namespace posthaste::daemon
