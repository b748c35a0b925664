#include "smtpd/message_memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace posthaste::smtpd {
namespace {

constexpr std::size_t kUnit = 65'536;
constexpr std::size_t kAll = 1'024 * kUnit;
constexpr daemon::Name kAlice{1};
constexpr daemon::Name kBob{std::uint64_t{1} << 60 | 0x123456789abcU};

/// How many messages of one unit `make` brings in; `shares` keep them.
template <typename Make>
std::size_t fill(std::vector<MessageMemory::Share>& shares, Make make) {
  for (std::size_t count = 0;; ++count) {
    auto share = make();
    if (!share.grow_to(1)) return count;
    shares.push_back(std::move(share));
  }
}

TEST(MessageMemory, AnAddressHasItsPart) {
  MessageMemory memory{kAll};
  std::vector<MessageMemory::Share> shares;
  EXPECT_EQ(fill(shares, [&] { return memory.for_stranger(kAlice); }), 32U);
  auto other = memory.for_stranger(kBob);
  EXPECT_TRUE(other.grow_to(kUnit));
}

TEST(MessageMemory, StrangersLeaveHalfToUsers) {
  MessageMemory memory{kAll};
  std::vector<MessageMemory::Share> shares;
  EXPECT_EQ(fill(shares, [&] { return memory.for_trusted(); }), 512U);
  EXPECT_EQ(fill(shares, [&] { return memory.for_stranger(kBob); }), 0U);
  EXPECT_EQ(fill(shares, [&] { return memory.for_user(kAlice); }), 256U);
  EXPECT_EQ(fill(shares, [&] { return memory.for_user(kBob); }), 256U);
  EXPECT_EQ(memory.taken(), kAll);
  shares.clear();
  EXPECT_EQ(memory.taken(), 0U);
}

TEST(MessageMemory, WhatIsRefusedTakesNothing) {
  MessageMemory memory{kAll};
  auto share = memory.for_stranger(kAlice);
  EXPECT_TRUE(share.grow_to(30 * kUnit));
  EXPECT_FALSE(share.grow_to(33 * kUnit));
  EXPECT_EQ(share.octets(), 30 * kUnit);
  EXPECT_EQ(memory.taken(), 30 * kUnit);
  EXPECT_TRUE(share.grow_to(32 * kUnit));
  share.give_back();
  EXPECT_EQ(memory.taken(), 0U);
}

}  // namespace
}  // namespace posthaste::smtpd
