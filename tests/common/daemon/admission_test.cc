#include "common/daemon/admission.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace posthaste::daemon {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kPort = 25;
constexpr net::Instant kNow{std::chrono::hours{1}};

config::Clients shares() {
  config::Clients config;
  config.trusted_networks = {"127.0.0.1", "203.0.113.0/24"};
  config.connections_per_address_max = 3;
  config.connections_per_network_max = 5;
  return config;
}

/// The places of one port, and those who hold some.
struct Port {
  explicit Port(std::size_t connections_max, Clientele clientele = Clientele::anybody, std::uint16_t port = kPort)
      : admission(own_clients, port, connections_max, clientele) {}
  Port(Clients& clients, std::size_t connections_max, std::uint16_t port)
      : admission(clients, port, connections_max, Clientele::anybody) {}

  /// "" when it came in, or why not.
  std::string enter(const std::string& address, net::Instant now = kNow) {
    auto place = admission.enter(address, now);
    if (!place) return std::string{name_of(place.error())};
    places.push_back(std::move(*place));
    return "";
  }

  Clients own_clients{shares(), SipKey{1, 2}};
  Admission admission;
  std::vector<Admission::Place> places;
};

TEST(Admission, AnAddressHasItsShareAndOthersHaveTheirs) {
  Port port{100};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(port.enter("192.0.2.1"), "");
  EXPECT_EQ(port.enter("192.0.2.1"), "address_full");
  EXPECT_EQ(port.enter("198.51.100.1"), "");
  EXPECT_EQ(port.enter("2001:db8::1"), "");
}

TEST(Admission, AnIpv6AddressIsItsSixtyFour) {
  Port port{100};
  for (const char* last : {"1", "2", "3"}) EXPECT_EQ(port.enter(std::string{"2001:db8:0:1::"} + last), "");
  EXPECT_EQ(port.enter("2001:db8:0:1:ffff::4"), "address_full");
  EXPECT_EQ(port.enter("2001:db8:0:2::4"), "");
}

TEST(Admission, ANetworkHasALargerShare) {
  Port port{100};
  for (const char* last : {"1", "2", "3", "4", "5"}) EXPECT_EQ(port.enter(std::string{"192.0.2."} + last), "");
  EXPECT_EQ(port.enter("192.0.2.6"), "network_full");
  EXPECT_EQ(port.enter("192.0.3.6"), "");
}

TEST(Admission, APlaceThatGoesIsFreeAgain) {
  Port port{100};
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(port.enter("192.0.2.1"), "") << round;
    EXPECT_EQ(port.enter("192.0.2.1"), "address_full");
    port.places.clear();
  }
}

TEST(Admission, WhoIsTurnedAwayTakesNothing) {
  Port port{100};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(port.enter("192.0.2.1"), "");
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(port.enter("192.0.2.1"), "address_full");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(port.enter("192.0.2.2"), "") << "its network is not full";
}

TEST(Admission, APortIsNotAnothers) {
  Clients clients{shares(), SipKey{1, 2}};
  Port smtp{clients, 3, 25};
  Port submission{clients, 3, 587};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(smtp.enter("192.0.2.1"), "");
  EXPECT_EQ(smtp.enter("198.51.100.1"), "port_full");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(submission.enter("192.0.2.1"), "");
}

TEST(Admission, ATrustedNetworkHasAllThatThereIs) {
  Port port{100, Clientele::users};
  for (int i = 0; i < 99; ++i) EXPECT_EQ(port.enter("203.0.113.9"), "");
  EXPECT_EQ(port.enter("127.0.0.1"), "");
  EXPECT_EQ(port.enter("127.0.0.1"), "port_full");
}

TEST(Admission, WhatIsNoAddressIsNoStranger) {
  Port port{100};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(port.enter("/"), "") << "a Unix socket's end";
}

TEST(Admission, StrangersHaveHalfOfAUsersPort) {
  Port port{8, Clientele::users};
  for (const char* first : {"10", "11", "12", "13"}) EXPECT_EQ(port.enter(std::string{first} + ".0.0.1"), "");
  EXPECT_EQ(port.enter("14.0.0.1"), "strangers_full");
  port.places.front().log_in(kNow);
  EXPECT_EQ(port.enter("14.0.0.1"), "") << "whoever has logged in is no stranger";
}

TEST(Admission, AnAcquaintanceIsNotKeptOutByStrangers) {
  Port port{8, Clientele::users};
  EXPECT_EQ(port.enter("192.0.2.1"), "");
  port.places.front().log_in(kNow);
  port.places.clear();
  for (const char* first : {"10", "11", "12", "13"}) EXPECT_EQ(port.enter(std::string{first} + ".0.0.1"), "");
  EXPECT_EQ(port.enter("14.0.0.1"), "strangers_full");
  EXPECT_EQ(port.enter("192.0.2.1", kNow + 24h * 29), "");
  EXPECT_EQ(port.enter("192.0.2.1", kNow + 24h * 31), "strangers_full");
}

TEST(Admission, WhoHasLoggedInIsTheAccountsAndNotTheAddresses) {
  Port port{100, Clientele::users};
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(port.enter("192.0.2.1"), "") << i;
    port.places.back().log_in(kNow);
  }
}

TEST(Admission, WhoLogsOutIsAStrangerAgain) {
  Port port{100, Clientele::users};
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(port.enter("192.0.2.1"), "");
    port.places.back().log_in(kNow);
  }
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(port.places[static_cast<std::size_t>(i)].log_out(kNow));
  EXPECT_FALSE(port.places.back().log_out(kNow));
  port.places.clear();
  EXPECT_EQ(port.enter("192.0.2.1"), "");
}

TEST(Clients, RefusalsAreSlowOnceThereWereMany) {
  Clients clients{shares(), SipKey{1, 2}};
  const auto client = clients.identify("192.0.2.1");
  for (std::uint32_t i = 0; i < kRefusalsFree; ++i) ASSERT_EQ(clients.note_refusal(client, kNow), 0ms) << i;
  EXPECT_EQ(clients.note_refusal(client, kNow), kRefusalDelay);
  EXPECT_EQ(clients.note_refusal(clients.identify("198.51.100.1"), kNow), 0ms);
  EXPECT_EQ(clients.note_refusal(client, kNow + kRefusalForgivenEvery * 10), 0ms) << "ten are forgiven";
}

TEST(Clients, RefusalsOfTrustedOnesAreNotCounted) {
  Clients clients{shares(), SipKey{1, 2}};
  const auto client = clients.identify("127.0.0.1");
  for (std::uint32_t i = 0; i < 10 * kRefusalsFree; ++i) ASSERT_EQ(clients.note_refusal(client, kNow), 0ms);
}

TEST(Rates, ForgetOneAfterTheOther) {
  Rates rates{1s};
  EXPECT_EQ(rates.note(Name{7}, kNow), 1U);
  EXPECT_EQ(rates.note(Name{7}, kNow), 2U);
  EXPECT_EQ(rates.note(Name{7}, kNow + 999ms), 3U);
  EXPECT_EQ(rates.note(Name{7}, kNow + 1'001ms), 3U);
  EXPECT_EQ(rates.note(Name{7}, kNow + 2'000ms), 3U) << "what is left of a second is not lost";
  EXPECT_EQ(rates.note(Name{7}, kNow + 1'999ms), 4U) << "another worker's clock may be behind";
  EXPECT_EQ(rates.note(Name{7}, kNow + 1h), 1U);
}

TEST(Crowd, ManyCrowdedNamesSpoilNobodysShare) {
  Crowd crowd;
  std::vector<Crowd::Hold> holds;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const std::string octets = std::to_string(i);
    holds.push_back(crowd.of(Name{siphash({1, 2}, octets)}));
    ASSERT_TRUE(holds.back().take(100, 100));
  }
  for (std::uint64_t i = 100; i < 10'100; ++i) {
    auto hold = crowd.of(Name{siphash({1, 2}, std::to_string(i))});
    ASSERT_TRUE(hold.take(1, 100)) << i;
  }
}

}  // namespace
}  // namespace posthaste::daemon
