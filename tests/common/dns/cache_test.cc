// What the cache keeps, for how long, and what goes first.
#include "common/dns/cache.h"

#include <gtest/gtest.h>

namespace posthaste::dns {
namespace {

using namespace std::chrono_literals;

const net::Instant kNow{1h};
const Result kNoData = std::unexpected(Failure::no_data);

Question about(int number) { return {"host" + std::to_string(number) + ".example", Type::a}; }

TEST(Cache, KnowsAnAnswerUntilItExpires) {
  Cache cache{10'000};
  const Result answer = Answer{"host1.example", true, {Address{"192.0.2.1"}}};
  cache.put(about(1), answer, kNow + 10s);
  ASSERT_NE(cache.find(about(1), kNow), nullptr);
  EXPECT_EQ(*cache.find(about(1), kNow + 9999ms), answer);
  EXPECT_EQ(cache.find({"host1.example", Type::aaaa}, kNow), nullptr);
  EXPECT_EQ(cache.find(about(2), kNow), nullptr);
  EXPECT_EQ(cache.find(about(1), kNow + 10s), nullptr);
  EXPECT_EQ(cache.octets(), 0U) << "what has expired was let go";
}

TEST(Cache, TheLaterAnswerCounts) {
  Cache cache{10'000};
  cache.put(about(1), kNoData, kNow + 10s);
  const std::size_t octets = cache.octets();
  cache.put(about(1), std::unexpected(Failure::timed_out), kNow + 1s);
  EXPECT_EQ(*cache.find(about(1), kNow), Result(std::unexpected(Failure::timed_out)));
  EXPECT_EQ(cache.octets(), octets);
}

TEST(Cache, WhatWasNotUsedForLongestGoesFirst) {
  Cache cache{10'000};
  cache.put(about(0), kNoData, kNow + 1h);
  const std::size_t each = cache.octets();
  const int room = static_cast<int>(10'000 / each);
  for (int i = 1; i < room; ++i) cache.put(about(i % 10), kNoData, kNow + 1h);
  for (int i = 0; i < 10; ++i) ASSERT_NE(cache.find(about(i), kNow), nullptr) << i;
  for (int i = 10; i < room; ++i) cache.put({std::to_string(i) + "0.example.", Type::a}, kNoData, kNow + 1h);
  ASSERT_NE(cache.find(about(0), kNow), nullptr);
  cache.put({"one-more.exam", Type::a}, kNoData, kNow + 1h);
  EXPECT_NE(cache.find(about(0), kNow), nullptr) << "just used";
  EXPECT_EQ(cache.find(about(1), kNow), nullptr);
  EXPECT_NE(cache.find(about(2), kNow), nullptr);
}

TEST(Cache, NeverHoldsMoreThanItMay) {
  Cache cache{50'000};
  for (int i = 0; i < 1000; ++i) {
    const std::string text(static_cast<std::size_t>(i * 7919 % 20'000), 'x');
    cache.put(about(i), Answer{"host.example", false, {Txt{text}}}, kNow + 1h);
    ASSERT_LE(cache.octets(), 50'000U);
  }
  EXPECT_GT(cache.octets(), 25'000U);
}

TEST(Cache, WhatIsLargerThanAllOfItIsNotKept) {
  Cache cache{1000};
  cache.put(about(1), kNoData, kNow + 1h);
  cache.put(about(2), Answer{"host.example", false, {Txt{std::string(2000, 'x')}}}, kNow + 1h);
  EXPECT_NE(cache.find(about(1), kNow), nullptr);
  EXPECT_EQ(cache.find(about(2), kNow), nullptr);
  Cache nothing{0};
  nothing.put(about(1), kNoData, kNow + 1h);
  EXPECT_EQ(nothing.find(about(1), kNow), nullptr);
}

}  // namespace
}  // namespace posthaste::dns
