#include "common/auth/login_memory.h"

#include <gtest/gtest.h>

namespace posthaste::auth {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr LoginMemory::Limits kLimits{minutes{5}, seconds{1}, seconds{15}};
constexpr net::Instant kStart{};
constexpr UserId kAlice{1};

TEST(LoginMemory, RemembersOnePasswordOfOneVersionForMinutes) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  EXPECT_FALSE(memory.remembers(kAlice, 1, "secret", kStart));
  memory.remember(kAlice, 1, "secret", kStart);
  EXPECT_TRUE(memory.remembers(kAlice, 1, "secret", kStart));
  EXPECT_TRUE(memory.remembers(kAlice, 1, "secret", kStart + minutes{5} - milliseconds{1}));
  EXPECT_FALSE(memory.remembers(kAlice, 1, "secret", kStart + minutes{5}));
  EXPECT_FALSE(memory.remembers(kAlice, 1, "Secret", kStart));
  EXPECT_FALSE(memory.remembers(kAlice, 1, "", kStart));
  EXPECT_FALSE(memory.remembers(kAlice, 2, "secret", kStart));
  EXPECT_FALSE(memory.remembers(UserId{2}, 1, "secret", kStart));
}

TEST(LoginMemory, CanBeToldNotToRemember) {
  LoginMemory memory{{minutes{0}, seconds{1}, seconds{15}}, std::string(32, 's')};
  memory.remember(kAlice, 1, "secret", kStart);
  EXPECT_FALSE(memory.remembers(kAlice, 1, "secret", kStart));
}

TEST(LoginMemory, DelayDoublesUpToItsLimit) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  for (const auto expected : {0, 1, 2, 4, 8, 15, 15}) {
    EXPECT_EQ(memory.delay("192.0.2.1", "alice@example.org", kStart), seconds{expected});
    memory.note_failure("192.0.2.1", "Alice@example.org", kStart);
  }
  for (int i = 0; i < 100; ++i) memory.note_failure("192.0.2.1", "alice@example.org", kStart);
  EXPECT_EQ(memory.delay("192.0.2.1", "alice@example.org", kStart), seconds{15});
}

TEST(LoginMemory, AddressAndAccountCountEachForThemselves) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  memory.note_failure("192.0.2.1", "alice@example.org", kStart);
  memory.note_failure("192.0.2.1", "bob@example.org", kStart);
  EXPECT_EQ(memory.delay("192.0.2.1", "carol@example.org", kStart), seconds{2});
  EXPECT_EQ(memory.delay("192.0.2.2", "alice@example.org", kStart), seconds{1});
  EXPECT_EQ(memory.delay("192.0.2.2", "carol@example.org", kStart), seconds{0});
}

TEST(LoginMemory, SuccessFreesTheAccountButNotTheAddress) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  memory.note_failure("192.0.2.1", "alice@example.org", kStart);
  memory.note_success("ALICE@example.org");
  EXPECT_EQ(memory.delay("192.0.2.2", "alice@example.org", kStart), seconds{0});
  EXPECT_EQ(memory.delay("192.0.2.1", "alice@example.org", kStart), seconds{1});
}

TEST(LoginMemory, FailuresAreForgottenAfterAQuietWhile) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  memory.note_failure("192.0.2.1", "alice@example.org", kStart);
  const auto later = kStart + kFailureMemory;
  EXPECT_EQ(memory.delay("192.0.2.1", "alice@example.org", later - milliseconds{1}), seconds{1});
  EXPECT_EQ(memory.delay("192.0.2.1", "alice@example.org", later), seconds{0});
  memory.note_failure("192.0.2.1", "alice@example.org", later);
  EXPECT_EQ(memory.delay("192.0.2.1", "alice@example.org", later), seconds{1});
}

TEST(LoginMemory, FullTableForgetsTheLongestQuiet) {
  FailureTable table;
  for (std::size_t i = 0; i < kFailuresMax; ++i) table.add(std::to_string(i), kStart);
  table.add("0", kStart);
  table.add("new", kStart);
  EXPECT_EQ(table.count("0", kStart), 2U);
  EXPECT_EQ(table.count("1", kStart), 0U);
  EXPECT_EQ(table.count("2", kStart), 1U);
  EXPECT_EQ(table.count("new", kStart), 1U);
}

TEST(LoginMemory, Ipv6HostsAreCountedByTheir64BitNetwork) {
  EXPECT_EQ(network_of("2001:db8:0:1::1"), network_of("2001:db8:0:1:ffff::2"));
  EXPECT_NE(network_of("2001:db8:0:1::1"), network_of("2001:db8:0:2::1"));
  EXPECT_NE(network_of("::ffff:192.0.2.1"), network_of("::ffff:192.0.2.2"));
  EXPECT_EQ(network_of("192.0.2.1"), "192.0.2.1");
}

}  // namespace
}  // namespace posthaste::auth
