// Names, and the resolver in memory.
#include "common/dns/resolver.h"

#include <gtest/gtest.h>

#include <chrono>

#include "common/dns/name.h"
#include "common/dns/sim_resolver.h"
#include "common/net/sim_world.h"

namespace posthaste::dns {
namespace {

using namespace std::chrono_literals;
using Result = std::expected<Answer, Failure>;

struct ReverseCase {
  const char* name;
  const char* address;
  std::optional<std::string> reverse;
};

const ReverseCase kReverseCases[] = {
    {"Ipv4OfRfc1035", "10.2.0.52", "52.0.2.10.in-addr.arpa"},
    {"Ipv6OfRfc3596", "4321:0:1:2:3:4:567:89ab",
     "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa"},
    {"ShortIpv6IsFilled", "::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"},
    {"Empty", "", std::nullopt},
    {"ANameIsNoAddress", "mail.example.org", std::nullopt},
    {"ThreeOctets", "192.0.2", std::nullopt},
    {"OctetTooLarge", "192.0.2.256", std::nullopt},
    {"TrailingSpace", "192.0.2.1 ", std::nullopt},
    {"Brackets", "[::1]", std::nullopt},
    {"Zone", "fe80::1%lo", std::nullopt},
};

TEST(ReverseName, IsTheAddressBackwards) {
  for (const auto& test : kReverseCases) EXPECT_EQ(reverse_name(test.address), test.reverse) << test.name;
}

TEST(ReverseName, ANulIsNoEndOfAnAddress) {
  EXPECT_EQ(reverse_name(std::string_view("192.0.2.1\0x", 11)), std::nullopt);
}

TEST(Canonical, IsLowerCaseWithoutTheFinalDot) {
  EXPECT_EQ(canonical("Mail.Example.ORG."), "mail.example.org");
  EXPECT_EQ(canonical("mail.example.org"), "mail.example.org");
  EXPECT_EQ(canonical("."), "");
  EXPECT_EQ(canonical(""), "");
  EXPECT_EQ(canonical("a\\."), "a\\.") << "an escaped dot belongs to its label";
  EXPECT_EQ(canonical("a\\\\."), "a\\\\") << "an escaped backslash escapes nothing";
}

net::Task<void> ask(Resolver& resolver, std::string name, Type type, std::optional<Result>& result) {
  result = co_await resolver.query(name, type);
}

Result answer_of(net::SimWorld& sim, Resolver& resolver, const std::string& name, Type type) {
  std::optional<Result> result;
  EXPECT_TRUE(sim.run(ask(resolver, name, type, result)));
  return result.value_or(std::unexpected(Failure::bad_name));
}

TEST(SimResolver, AnswersLikeAServer) {
  net::SimWorld sim{1};
  SimResolver resolver{sim.world()};
  resolver.add("Example.org.", Type::mx, Mx{10, "mail.example.org"});
  resolver.add("example.org", Type::mx, Mx{20, "backup.example.org"});
  resolver.add_alias("www.example.org", "Example.org");
  resolver.add_alias("round.example.org", "round.example.org");
  resolver.add("a.deep.example.org", Type::a, Address{"192.0.2.1"});
  resolver.authenticate("example.org");
  resolver.fail("broken.example.org", Failure::server_failure);

  const std::vector<Record> mx{Mx{10, "mail.example.org"}, Mx{20, "backup.example.org"}};
  EXPECT_EQ(answer_of(sim, resolver, "EXAMPLE.org", Type::mx), Result(Answer{"example.org", true, mx}));
  EXPECT_EQ(answer_of(sim, resolver, "www.example.org", Type::mx), Result(Answer{"example.org", false, mx}))
      << "an alias that is not authenticated proves nothing";
  EXPECT_EQ(answer_of(sim, resolver, "www.example.org", Type::cname),
            Result(Answer{"www.example.org", false, {Cname{"example.org"}}}));
  EXPECT_EQ(answer_of(sim, resolver, "example.org", Type::a), Result(std::unexpected(Failure::no_data)));
  EXPECT_EQ(answer_of(sim, resolver, "deep.example.org", Type::a), Result(std::unexpected(Failure::no_data)));
  EXPECT_EQ(answer_of(sim, resolver, "no.example.org", Type::a), Result(std::unexpected(Failure::no_such_name)));
  EXPECT_EQ(answer_of(sim, resolver, "round.example.org", Type::a),
            Result(std::unexpected(Failure::server_failure)));
  EXPECT_EQ(answer_of(sim, resolver, "broken.example.org", Type::a),
            Result(std::unexpected(Failure::server_failure)));
  resolver.recover("broken.example.org");
  resolver.remove("a.deep.example.org");
  EXPECT_EQ(answer_of(sim, resolver, "broken.example.org", Type::a),
            Result(std::unexpected(Failure::no_such_name)));
  EXPECT_EQ(answer_of(sim, resolver, "deep.example.org", Type::a), Result(std::unexpected(Failure::no_such_name)));
  EXPECT_EQ(resolver.queries(), 10U);
}

TEST(SimResolver, TakesVirtualTime) {
  net::SimWorld sim{1};
  SimResolver resolver{sim.world(), 1h};
  const auto start = sim.loop().now();
  for (int i = 0; i < 10; ++i) answer_of(sim, resolver, "example.org", Type::a);
  EXPECT_GT(sim.loop().now(), start);
  EXPECT_LE(sim.loop().now(), start + 10h);
}

}  // namespace
}  // namespace posthaste::dns
