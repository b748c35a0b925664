// The order of hosts, and what is remembered of dead ones.
#include "smtpd/relay/hosts.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "common/dns/sim_resolver.h"
#include "common/net/sim_world.h"
#include "smtpd/relay/dead_hosts.h"

namespace posthaste::relay {
namespace {

using namespace std::chrono_literals;
using Groups = std::vector<HostGroup>;

struct OrderCase {
  const char* name;
  std::vector<dns::Mx> records;
  Groups groups;
};

const OwnHost kOwn{{"mail.Example.ORG", "backup.example.org"}, {}};

const OrderCase kOrderCases[] = {
    {"LowerNumbersFirst", {{20, "b.test"}, {10, "a.test"}, {30, "c.test"}}, {{"a.test"}, {"b.test"}, {"c.test"}}},
    {"PreferenceIsANumberAndNoText", {{100, "b.test"}, {9, "a.test"}}, {{"a.test"}, {"b.test"}}},
    {"WeAndAllBehindUsGo", {{10, "a.test"}, {20, "mail.example.org"}, {30, "c.test"}}, {{"a.test"}}},
    {"OurEqualsGoToo", {{10, "a.test"}, {20, "b.test"}, {20, "mail.example.org"}}, {{"a.test"}}},
    {"OurBestPreferenceCounts", {{30, "mail.example.org"}, {20, "b.test"}, {20, "backup.example.org"}}, {}},
    {"NothingIsLeftWhenWeAreFirst", {{10, "mail.example.org"}, {20, "b.test"}}, {}},
    {"ANullMxBesideOthersIsNone", {{0, ""}, {10, "a.test"}}, {{"a.test"}}},
    {"AHostNamedTwiceIsTriedOnce", {{10, "a.test"}, {20, "b.test"}, {30, "a.test"}}, {{"a.test"}, {"b.test"}}},
    {"NoRecordsNoHosts", {}, {}},
};

TEST(InOrder, FollowsPreferenceWithoutUs) {
  for (const auto& test : kOrderCases) {
    net::SimRandom random{1};
    EXPECT_EQ(in_order(test.records, kOwn, random), test.groups) << test.name;
  }
}

TEST(InOrder, EqualsComeInEachOrder) {
  const std::vector<dns::Mx> records{{10, "a.test"}, {10, "b.test"}, {10, "c.test"}, {20, "d.test"}};
  std::map<HostGroup, int> seen;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    net::SimRandom random{seed};
    const auto groups = in_order(records, kOwn, random);
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[1], HostGroup{"d.test"});
    ++seen[groups[0]];
  }
  EXPECT_EQ(seen.size(), 6U);                                                                        // 3!
  for (const auto& [order, count] : seen) EXPECT_GT(count, 50) << order[0] << order[1] << order[2];  // 100 expected
}

TEST(InOrder, NoMoreThanTenHosts) {
  std::vector<dns::Mx> records;
  for (int i = 0; i < 8; ++i) records.push_back({10, "a" + std::to_string(i)});
  for (int i = 0; i < 8; ++i) records.push_back({20, "b" + std::to_string(i)});
  for (int i = 0; i < 8; ++i) records.push_back({30, "c" + std::to_string(i)});
  net::SimRandom random{1};
  const auto groups = in_order(records, kOwn, random);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].size(), 8U);
  EXPECT_EQ(groups[1].size(), 2U);
}

TEST(NullMx, IsTheRootAlone) {
  EXPECT_TRUE(is_null_mx({{0, ""}}));
  EXPECT_FALSE(is_null_mx({{0, ""}, {10, "a.test"}}));
  EXPECT_FALSE(is_null_mx({{0, "a.test"}}));
  EXPECT_FALSE(is_null_mx({}));
}

TEST(Literals, HoldAnAddressOrAreNone) {
  EXPECT_EQ(literal_address("[192.0.2.1]"), "192.0.2.1");
  EXPECT_EQ(literal_address("[IPv6:2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(literal_address("[ipv6:::1]"), "::1");
  for (const auto* none : {"example.org", "192.0.2.1", "[192.0.2]", "[2001:db8::1]", "[x400:a]", "[]", ""}) {
    EXPECT_EQ(literal_address(none), std::nullopt) << none;
  }
  EXPECT_TRUE(is_ip_address("192.0.2.1"));
  EXPECT_TRUE(is_ip_address("2001:db8::1"));
  for (const auto* none : {"mail.example.org", "", "192.0.2.256", "2001:db8", "[192.0.2.1]"}) {
    EXPECT_FALSE(is_ip_address(none)) << none;
  }
}

net::Task<void> ask(dns::Resolver& resolver, net::Random& random, std::string domain,
                    std::expected<Groups, Verdict>& found) {
  auto groups = co_await find_hosts(resolver, random, domain, kOwn);
  found = std::move(groups);
}

struct LookUpCase {
  const char* name;
  const char* domain;
  Groups groups;
  const char* refusal;  // result, code, enhanced code
};

const LookUpCase kLookUpCases[] = {
    {"MxRecords", "mx.test", {{"a.test"}, {"b.test"}}, ""},
    {"NoMxIsAnImplicitOne", "host.test", {{"host.test"}}, ""},
    {"AnAliasOfADomain", "alias.test", {{"a.test"}, {"b.test"}}, ""},
    {"NullMx", "null.test", {}, "failed 556 5.1.10"},
    {"NoSuchDomain", "nowhere.test", {}, "failed 550 5.1.2"},
    {"ALabels", "xn--9ca.test", {{"xn--9ca.test"}}, ""},
    {"NoNameThatDnsCanHold", "a..test", {}, "failed 550 5.1.2"},
    {"ServerFailureIsNoAbsenceOfMx", "broken.test", {}, "deferred 451 4.4.3"},
    {"NeitherIsSilence", "slow.test", {}, "deferred 451 4.4.3"},
    {"OnlyUs", "ours.test", {}, "failed 554 5.4.6"},
    {"WeAreTheImplicitMx", "mail.example.org", {}, "failed 554 5.4.6"},
};

TEST(FindHosts, TellsAbsenceFromTrouble) {
  for (const auto& test : kLookUpCases) {
    net::SimWorld sim{1};
    dns::SimResolver resolver{sim.world()};
    resolver.add("mx.test", dns::Type::mx, dns::Mx{10, "a.test"});
    resolver.add("mx.test", dns::Type::mx, dns::Mx{20, "b.test"});
    resolver.add("host.test", dns::Type::a, dns::Address{"192.0.2.1"});
    resolver.add("xn--9ca.test", dns::Type::a, dns::Address{"192.0.2.1"});
    resolver.add_alias("alias.test", "mx.test");
    resolver.add("null.test", dns::Type::mx, dns::Mx{0, ""});
    resolver.add("broken.test", dns::Type::a, dns::Address{"192.0.2.1"});
    resolver.add("slow.test", dns::Type::a, dns::Address{"192.0.2.1"});
    resolver.fail("broken.test", dns::Failure::server_failure);
    resolver.fail("slow.test", dns::Failure::timed_out);
    resolver.fail("a..test", dns::Failure::bad_name);
    resolver.add("ours.test", dns::Type::mx, dns::Mx{10, "backup.example.org"});
    resolver.add("mail.example.org", dns::Type::a, dns::Address{"192.0.2.99"});
    std::expected<Groups, Verdict> found;
    ASSERT_TRUE(sim.run(ask(resolver, sim.random(), test.domain, found))) << test.name;
    if (found) {
      EXPECT_EQ(*found, test.groups) << test.name;
      EXPECT_STREQ(test.refusal, "") << test.name;
      continue;
    }
    const auto& reply = found.error().reply;
    EXPECT_EQ(std::string{name_of(found.error().result)} + " " + std::to_string(reply.code) + " " +
                  smtp::to_string(*reply.enhanced_code),
              test.refusal)
        << test.name;
  }
}

net::Task<void> ask_addresses(dns::Resolver& resolver, HostGroup group, Family first, GroupAddresses& found) {
  auto addresses = co_await find_addresses(resolver, group, 25, first);
  found = std::move(addresses);
}

std::vector<std::string> addresses_of(Family first) {
  net::SimWorld sim{1};
  dns::SimResolver resolver{sim.world(), 100ms};
  resolver.add("a.test", dns::Type::a, dns::Address{"192.0.2.1"});
  resolver.add("a.test", dns::Type::aaaa, dns::Address{"2001:db8::1"});
  resolver.add("b.test", dns::Type::a, dns::Address{"192.0.2.2"});
  GroupAddresses found;
  EXPECT_TRUE(sim.run(ask_addresses(resolver, {"a.test", "b.test", "c.test"}, first, found)));
  EXPECT_FALSE(found.unsure);
  std::vector<std::string> texts;
  for (const auto& address : found.found) texts.push_back(address.host + " " + net::to_string(address.endpoint));
  return texts;
}

TEST(FindAddresses, KeepsTheAddressesOfAHostTogether) {
  EXPECT_EQ(addresses_of(Family::ipv6),
            (std::vector<std::string>{"a.test [2001:db8::1]:25", "a.test 192.0.2.1:25", "b.test 192.0.2.2:25"}));
  EXPECT_EQ(addresses_of(Family::ipv4),
            (std::vector<std::string>{"a.test 192.0.2.1:25", "a.test [2001:db8::1]:25", "b.test 192.0.2.2:25"}));
}

const net::Endpoint kHost{"192.0.2.1", 25};
const Verdict kReason = no_connection(kHost, net::ConnectError::timed_out);

net::Instant at(std::chrono::milliseconds time) { return net::Instant{time}; }

TEST(DeadHosts, TheTimeDoublesUpToHalfAnHour) {
  DeadHosts hosts;
  auto now = at(0ms);
  for (const auto minutes : {1, 2, 4, 8, 16, 30, 30}) {
    EXPECT_EQ(hosts.reason_against(kHost, now), std::nullopt) << minutes;
    hosts.died(kHost, Death::slow, kReason, now);
    EXPECT_EQ(hosts.reason_against(kHost, now + std::chrono::minutes{minutes} - 1ms), kReason) << minutes;
    now += std::chrono::minutes{minutes};
  }
}

TEST(DeadHosts, WhatIsSeenAtOnceIsTriedEveryMinute) {
  DeadHosts hosts;
  hosts.died(kHost, Death::slow, kReason, at(0ms));
  EXPECT_EQ(hosts.reason_against(kHost, at(1min)), std::nullopt);
  hosts.died(kHost, Death::slow, kReason, at(1min));
  EXPECT_EQ(hosts.reason_against(kHost, at(3min)), std::nullopt);
  hosts.died(kHost, Death::quick, kReason, at(3min));
  EXPECT_EQ(hosts.reason_against(kHost, at(4min) - 1ms), kReason);
  EXPECT_EQ(hosts.reason_against(kHost, at(4min)), std::nullopt);
}

TEST(DeadHosts, AllCanBeForgotten) {
  DeadHosts hosts;
  hosts.died(kHost, Death::slow, kReason, at(0ms));
  hosts.forget_all();
  EXPECT_EQ(hosts.reason_against(kHost, at(1ms)), std::nullopt);
}

TEST(DeadHosts, OneTriesWhileTheOthersWait) {
  DeadHosts hosts;
  hosts.died(kHost, Death::slow, kReason, at(0ms));
  EXPECT_EQ(hosts.reason_against(kHost, at(60s)), std::nullopt);
  EXPECT_EQ(hosts.reason_against(kHost, at(60s)), kReason);
  EXPECT_EQ(hosts.reason_against(kHost, at(119s)), kReason);
  EXPECT_EQ(hosts.reason_against(kHost, at(120s)), std::nullopt);
}

TEST(DeadHosts, DeathsOfOneMomentCountAsOne) {
  DeadHosts hosts;
  for (int i = 0; i < 5; ++i) hosts.died(kHost, Death::slow, kReason, at(1s));
  EXPECT_EQ(hosts.reason_against(kHost, at(61s)), std::nullopt);
}

TEST(DeadHosts, WhoAnswersIsForgotten) {
  DeadHosts hosts;
  hosts.died(kHost, Death::slow, kReason, at(0ms));
  hosts.lives(kHost);
  EXPECT_EQ(hosts.reason_against(kHost, at(1ms)), std::nullopt);
  EXPECT_EQ(hosts.size(), 0U);
}

TEST(DeadHosts, PortsAreApart) {
  DeadHosts hosts;
  hosts.died(kHost, Death::slow, kReason, at(0ms));
  EXPECT_EQ(hosts.reason_against({"192.0.2.1", 2525}, at(1ms)), std::nullopt);
}

TEST(DeadHosts, TheTableIsBounded) {
  DeadHosts hosts{2};
  hosts.died({"192.0.2.1", 25}, Death::slow, kReason, at(0ms));
  hosts.died({"192.0.2.2", 25}, Death::slow, kReason, at(1ms));
  hosts.died({"192.0.2.3", 25}, Death::slow, kReason, at(2ms));
  EXPECT_EQ(hosts.size(), 2U);
  EXPECT_EQ(hosts.reason_against({"192.0.2.1", 25}, at(3ms)), std::nullopt);  // whose time ended first
  EXPECT_EQ(hosts.reason_against({"192.0.2.3", 25}, at(3ms)), kReason);
}

}  // namespace
}  // namespace posthaste::relay
