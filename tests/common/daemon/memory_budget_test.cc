#include "common/daemon/memory_budget.h"

#include <gtest/gtest.h>

#include "common/daemon/user_memory.h"

namespace posthaste::daemon {
namespace {

TEST(MemoryBudget, WhatAPartTakesTheWholeHasNoMore) {
  MemoryBudget whole{100};
  MemoryBudget part{60, whole};
  auto share = part.take(50);
  ASSERT_TRUE(share);
  EXPECT_EQ(whole.taken(), 50U);
  EXPECT_FALSE(whole.take(51));
  EXPECT_FALSE(part.take(11)) << "of 60";
  EXPECT_TRUE(share->grow_to(60));
  share->shrink_to(10);
  EXPECT_EQ(whole.taken(), 10U);
  share->give_back();
  EXPECT_EQ(whole.taken(), 0U);
  EXPECT_EQ(part.taken(), 0U);
}

TEST(MemoryBudget, APartThatTheWholeRefusesTakesNothing) {
  MemoryBudget whole{100};
  MemoryBudget part{60, whole};
  const auto others = whole.take(80);
  EXPECT_FALSE(part.take(30));
  EXPECT_EQ(part.taken(), 0U);
  EXPECT_EQ(whole.taken(), 80U);
}

TEST(UserMemory, IsOneForAllSessionsOfAUser) {
  UserMemory memory{100, 60};
  const auto first = memory.of(UserId{1});
  const auto share = first->take(50);
  EXPECT_FALSE(memory.of(UserId{1})->take(20));
  EXPECT_TRUE(memory.of(UserId{2})->take(50));
  EXPECT_FALSE(memory.of(UserId{2})->take(51)) << "of all";
}

TEST(UserMemory, ForgetsWhoIsGone) {
  UserMemory memory{100, 60};
  for (std::uint64_t user = 1; user <= 10'000; ++user) {
    const auto share = memory.of(UserId{user})->take(60);
    ASSERT_TRUE(share) << user;
  }
  EXPECT_EQ(memory.all().taken(), 0U);
}

}  // namespace
}  // namespace posthaste::daemon
