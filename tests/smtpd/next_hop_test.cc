// Where a queued recipient's mail goes next, by routes, aliases and domains of the directory.
#include "smtpd/next_hop.h"

#include <gtest/gtest.h>

#include <string>

#include "smtpd/recipients.h"

#include "../common/scratch_directory.h"

namespace posthaste::smtpd {
namespace {

using auth::Route;

Route to_host(std::string target, std::string host, std::uint16_t port = 25) {
  Route route;
  route.target = std::move(target);
  route.host = std::move(host);
  route.port = port;
  return route;
}

/// A directory without a default route, and one with it.
class Directories {
 public:
  Directories() : plain(make("plain", {})), routed(make("routed", to_host("*", "smarthost.example.net", 587))) {}

 private:
  auth::Directory make(const std::string& name, std::optional<Route> default_route) {
    auto directory = std::move(*auth::Directory::open(scratch_.path() / name, auth::Role::writer));
    auto change = std::move(*directory.change());
    for (const char* domain : {"example.org", "split.example", "backup.example"}) {
      EXPECT_TRUE(change.add_domain(domain));
    }
    for (const char* user : {"alice@example.org", "moved@example.org", "here@split.example"}) {
      EXPECT_TRUE(change.add_user({user, "", std::nullopt, true, {}}));
    }
    EXPECT_TRUE(change.set_alias({"team@example.org", {"alice@example.org"}}));
    EXPECT_TRUE(change.set_alias({"away@example.org", {"alice@example.com"}}));
    EXPECT_TRUE(change.set_alias({"both@example.org", {"alice@example.org", "alice@example.com"}}));
    EXPECT_TRUE(change.set_alias({"circle@example.org", {"circle@example.org"}}));
    EXPECT_TRUE(change.set_route(to_host("moved@example.org", "new.example.net")));
    EXPECT_TRUE(change.set_route(to_host("split.example", "other.example.net", 2525)));
    EXPECT_TRUE(change.set_route(to_host("partner.example", "gateway.example.net")));
    EXPECT_TRUE(change.set_route(to_host("boss@partner.example", "boss.example.net")));
    auto lmtp = to_host("backup.example", "/run/other.sock", 0);
    lmtp.protocol = Route::Protocol::lmtp;
    lmtp.tls = Route::Tls::none;
    EXPECT_TRUE(change.set_route(lmtp));
    if (default_route) {
      EXPECT_TRUE(change.set_route(*default_route));
    }
    EXPECT_TRUE(change.commit());
    return directory;
  }

  ScratchDirectory scratch_;

 public:
  const auth::Directory plain;
  const auth::Directory routed;
};

const Directories& directories() {
  static const Directories directories;
  return directories;
}

struct Case {
  const char* name;
  smtp::Mailbox mailbox;
  std::string hop;
  std::string hop_with_default_route;
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

const char* const kSmarthost = "smtp:smarthost.example.net:587";

const Case kCases[] = {
    {"OneOfOurUsers", {"alice", "example.org"}, "mailboxes", "mailboxes"},
    {"InAnyCase", {"Alice", "EXAMPLE.org"}, "mailboxes", "mailboxes"},
    {"WithADetail", {"alice+list", "example.org"}, "mailboxes", "mailboxes"},
    {"AnAliasOfOurs", {"team", "example.org"}, "mailboxes", "mailboxes"},
    {"WhoIsNobodyByNow", {"gone", "example.org"}, "mailboxes", "mailboxes"},
    {"AliasesInACircle", {"circle", "example.org"}, "mailboxes", "mailboxes"},
    {"AnAliasThatLeadsHereAndElsewhere", {"both", "example.org"}, "mailboxes", "mailboxes"},
    {"ARouteOfAnAddressOfOurs", {"moved", "example.org"}, "smtp:new.example.net:25", "smtp:new.example.net:25"},
    {"ThatRouteWithADetail", {"moved+x", "example.org"}, "smtp:new.example.net:25", "smtp:new.example.net:25"},
    {"HereInASplitDomain", {"here", "split.example"}, "mailboxes", "mailboxes"},
    {"ThereInASplitDomain",
     {"there", "split.example"},
     "smtp:other.example.net:2525",
     "smtp:other.example.net:2525"},
    {"AWholeDomainToAnLmtpSocket", {"any", "backup.example"}, "lmtp:/run/other.sock", "lmtp:/run/other.sock"},
    {"ADomainElsewhere", {"jones", "example.com"}, "example.com", kSmarthost},
    {"ADomainElsewhereInCapitals", {"jones", "Example.COM"}, "example.com", kSmarthost},
    {"AnAddressLiteral", {"jones", "[192.0.2.1]"}, "[192.0.2.1]", kSmarthost},
    {"ARouteOfADomainElsewhere",
     {"jones", "partner.example"},
     "smtp:gateway.example.net:25",
     "smtp:gateway.example.net:25"},
    {"ARouteOfAnAddressElsewhere",
     {"boss", "partner.example"},
     "smtp:boss.example.net:25",
     "smtp:boss.example.net:25"},
    {"ASubdomainHasNoPartInTheRoute", {"jones", "sub.partner.example"}, "sub.partner.example", kSmarthost},
};

class Hop : public testing::TestWithParam<Case> {};

TEST_P(Hop, IsWhatTheDirectorySays) {
  const auto hop = next_hop(directories().plain, GetParam().mailbox, '+');
  ASSERT_TRUE(hop);
  EXPECT_EQ(to_string(*hop), GetParam().hop);
  const auto other = next_hop(directories().routed, GetParam().mailbox, '+');
  ASSERT_TRUE(other);
  EXPECT_EQ(to_string(*other), GetParam().hop_with_default_route);
}

INSTANTIATE_TEST_SUITE_P(NextHop, Hop, testing::ValuesIn(kCases), [](const auto& test) { return test.param.name; });

TEST(NextHop, RecipientsOfOneDomainShareIt) {
  const auto one = next_hop(directories().plain, {"jones", "Example.com"}, '+');
  const auto other = next_hop(directories().plain, {"brown", "example.COM"}, '+');
  EXPECT_EQ(*one, *other);
}

TEST(NextHop, RoutesWithDifferentUsersAreDifferent) {
  auto route = *next_hop(directories().routed, {"jones", "example.com"}, '+');
  auto other = route;
  std::get<relay::FixedHost>(std::get<relay::Destination>(other).target).user = "somebody";
  EXPECT_NE(route, other);
}

// Whom a notification reaches.

struct TargetCase {
  const char* name;
  smtp::Mailbox mailbox;
  std::vector<smtp::Mailbox> targets;
};
void PrintTo(const TargetCase& test, std::ostream* out) { *out << test.name; }

const TargetCase kTargets[] = {
    {"AUser", {"alice", "example.org"}, {{"alice", "example.org"}}},
    {"AnAliasThatDeliverydFollows", {"team", "example.org"}, {{"team", "example.org"}}},
    {"AnAliasThatLeadsElsewhere", {"away", "example.org"}, {{"alice", "example.com"}}},
    {"AnAliasThatLeadsHereAndElsewhere",
     {"both", "example.org"},
     {{"alice", "example.org"}, {"alice", "example.com"}}},
    {"Nobody", {"gone", "example.org"}, {{"gone", "example.org"}}},
    {"ACircle", {"circle", "example.org"}, {{"circle", "example.org"}}},
    {"SomebodyElsewhere", {"jones", "example.com"}, {{"jones", "example.com"}}},
    {"SomebodyWithARoute", {"moved", "example.org"}, {{"moved", "example.org"}}},
};

class Targets : public testing::TestWithParam<TargetCase> {};

TEST_P(Targets, AreWhoGetsIt) {
  EXPECT_EQ(targets_of(directories().plain, GetParam().mailbox, '+'), GetParam().targets);
}

INSTANTIATE_TEST_SUITE_P(NextHop, Targets, testing::ValuesIn(kTargets),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace posthaste::smtpd
