// How many connections a limit on open files leaves room for.
#include "common/daemon/descriptors.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

namespace posthaste::daemon {
namespace {

struct Case {
  const char* name;
  DescriptorNeeds needs;
  std::uint64_t limit;
  std::optional<std::uint64_t> connections;
};

TEST(ConnectionsWithin, LeaveTheReserveAlone) {
  const Case cases[] = {
      {"EnoughForAll", {1'000, 2, 0}, 1'024 + 2'000, 1'000},
      {"MoreThanEnough", {1'000, 2, 0}, 1'048'576, 1'000},
      {"OneTooFew", {1'000, 2, 0}, 1'024 + 1'999, 999},
      {"WhatIsBesideClientsIsKeptToo", {1'000, 1, 500}, 2'024, 500},
      {"OneIsLeft", {1'000, 2, 0}, 1'026, 1},
      {"NoneIsLeft", {1'000, 2, 0}, 1'025, std::nullopt},
      {"NotEvenTheReserve", {1, 1, 0}, 256, std::nullopt},
  };
  for (const auto& [name, needs, limit, connections] : cases) {
    EXPECT_EQ(connections_within(needs, limit), connections) << name;
  }
}

TEST(ConnectionsWithin, WhatIsNeededIsEnough) {
  const DescriptorNeeds needs{50'000, 2, 2'000};
  EXPECT_EQ(connections_within(needs, descriptors_for(needs)), 50'000U);
  EXPECT_EQ(connections_within(needs, descriptors_for(needs) - 1), 49'999U);
}

}  // namespace
}  // namespace posthaste::daemon
