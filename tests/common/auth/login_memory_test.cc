#include "common/auth/login_memory.h"

#include <gtest/gtest.h>

#include <vector>

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

constexpr const char* kHome = "192.0.2.1";
constexpr const char* kElsewhere = "192.0.2.2";
constexpr const char* kAliceName = "alice@example.org";

/// A login that came alone and was wrong.
void fail(LoginMemory& memory, const std::string& peer, const std::string& account, net::Instant now = kStart) {
  memory.note_failure(memory.begin(peer, account), now);
}

void succeed(LoginMemory& memory, const std::string& peer, const std::string& account, net::Instant now = kStart) {
  memory.note_success(memory.begin(peer, account), now);
}

/// What a login that comes alone has to wait.
milliseconds delay(LoginMemory& memory, const std::string& peer, const std::string& account,
                   net::Instant now = kStart) {
  return memory.delay(memory.begin(peer, account), now);
}

TEST(LoginMemory, DelayDoublesUpToItsLimit) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  for (const auto expected : {0, 1, 2, 4, 8, 15, 15}) {
    EXPECT_EQ(delay(memory, kHome, kAliceName), seconds{expected});
    fail(memory, kHome, kAliceName);
  }
  for (int i = 0; i < 100; ++i) fail(memory, kHome, kAliceName);
  EXPECT_EQ(delay(memory, kHome, kAliceName), seconds{15});
}

TEST(LoginMemory, AddressAndAccountCountEachForThemselves) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  fail(memory, kHome, kAliceName);
  fail(memory, kHome, "bob@example.org");
  EXPECT_EQ(delay(memory, kHome, "carol@example.org"), seconds{2});
  EXPECT_EQ(delay(memory, kElsewhere, kAliceName), seconds{1});
  EXPECT_EQ(delay(memory, kElsewhere, "carol@example.org"), seconds{0});
}

TEST(LoginMemory, WhoLoggedInIsKnownAtThatAddressAndSlowedElsewhereStill) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  for (int i = 0; i < 3; ++i) fail(memory, kHome, kAliceName);
  succeed(memory, kHome, kAliceName);
  EXPECT_EQ(delay(memory, kHome, kAliceName), seconds{0});
  EXPECT_EQ(delay(memory, kElsewhere, kAliceName), seconds{4});  // who guesses there is not freed by her success
  EXPECT_EQ(delay(memory, kHome, "bob@example.org"), seconds{4});
}

TEST(LoginMemory, NeitherAttackersNorNeighboursSlowWhoIsKnown) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  succeed(memory, kHome, kAliceName);
  for (int i = 0; i < 1'000; ++i) fail(memory, "198.51.100." + std::to_string(i % 256), kAliceName);
  for (int i = 0; i < 1'000; ++i) fail(memory, kHome, std::to_string(i) + "@example.org");
  EXPECT_EQ(delay(memory, kHome, kAliceName), seconds{0});
  EXPECT_EQ(delay(memory, kElsewhere, kAliceName), seconds{15});
  EXPECT_EQ(delay(memory, kHome, "bob@example.org"), seconds{15});
}

TEST(LoginMemory, OwnFailuresSlowWhoIsKnownAndNobodyElse) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  succeed(memory, kHome, kAliceName);
  for (int i = 0; i < 3; ++i) fail(memory, kHome, kAliceName);
  EXPECT_EQ(delay(memory, kHome, kAliceName), seconds{4});
  EXPECT_EQ(delay(memory, kHome, "bob@example.org"), seconds{0});
  EXPECT_EQ(delay(memory, kElsewhere, kAliceName), seconds{0});
  succeed(memory, kHome, kAliceName);
  EXPECT_EQ(delay(memory, kHome, kAliceName), seconds{0});
}

TEST(LoginMemory, AcquaintanceEndsAMonthAfterTheLastLogin) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  succeed(memory, kHome, kAliceName);
  const auto later = kStart + kAcquaintanceMemory;
  fail(memory, kElsewhere, kAliceName, later);
  EXPECT_EQ(delay(memory, kHome, kAliceName, later - milliseconds{1}), seconds{0});
  EXPECT_EQ(delay(memory, kHome, kAliceName, later), seconds{1});
}

TEST(LoginMemory, TriesAtOnceAreSlowedLikeTriesInTurn) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  fail(memory, kHome, kAliceName);
  std::vector<LoginMemory::Attempt> attempts;
  for (const auto expected : {1, 2, 4, 8, 15, 15}) {
    attempts.push_back(memory.begin(kHome, kAliceName));
    EXPECT_EQ(memory.delay(attempts.back(), kStart), seconds{expected});
  }
  attempts.clear();
  EXPECT_EQ(delay(memory, kHome, kAliceName), seconds{1});
}

TEST(LoginMemory, AClientsStartIsNotSlowed) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  std::vector<LoginMemory::Attempt> attempts;
  for (std::uint32_t i = 0; i < kUnderWayOfAccountMax; ++i) {
    attempts.push_back(memory.begin(kHome, kAliceName));
    EXPECT_EQ(memory.delay(attempts.back(), kStart), seconds{0});
  }
  for (const auto expected : {1, 2, 4}) {
    attempts.push_back(memory.begin(kHome, kAliceName));
    EXPECT_EQ(memory.delay(attempts.back(), kStart), seconds{expected});
  }
}

TEST(LoginMemory, TheStartOfManyClientsBehindOneAddressIsNotSlowed) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  std::vector<LoginMemory::Attempt> attempts;
  for (std::uint32_t i = 0; i < kUnderWayOfAddressMax; ++i) {
    attempts.push_back(memory.begin(kHome, std::to_string(i) + "@example.org"));
    EXPECT_EQ(memory.delay(attempts.back(), kStart), seconds{0});
  }
  attempts.push_back(memory.begin(kHome, kAliceName));
  EXPECT_EQ(memory.delay(attempts.back(), kStart), seconds{1});
}

TEST(LoginMemory, FailuresAreForgottenAfterAQuietWhile) {
  LoginMemory memory{kLimits, std::string(32, 's')};
  fail(memory, kHome, kAliceName);
  const auto later = kStart + kFailureMemory;
  EXPECT_EQ(delay(memory, kHome, kAliceName, later - milliseconds{1}), seconds{1});
  EXPECT_EQ(delay(memory, kHome, kAliceName, later), seconds{0});
  fail(memory, kHome, kAliceName, later);
  EXPECT_EQ(delay(memory, kHome, kAliceName, later), seconds{1});
}

TEST(LoginMemory, FullTableForgetsTheLongestQuiet) {
  Tally table{kFailureMemory};
  for (std::size_t i = 0; i < kTallyMax; ++i) table.add(std::to_string(i), kStart);
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
