// The LMTP client and its pool, against servers that keep the rules and servers that do not.
#include <algorithm>
#include <deque>

#include "installation.h"
#include "smtpd/lmtp_client.h"
#include "smtpd/lmtp_pool.h"

namespace posthaste::smtpd {
namespace {

using Replies = std::expected<DeliveryReplies, LmtpError>;

constexpr std::uint64_t kSeeds = 25;
const net::Endpoint kEndpoint{"/run/lmtp.sock", 0};
const std::string kHello = "250-deliveryd\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 XDELIVERYID\r\n";

/// What a server does on one connection: for each turn it reads lines and octets, then says something.
struct Turn {
  std::size_t lines = 0;
  std::size_t octets = 0;
  std::string says;
};
struct Script {
  std::vector<Turn> turns;
  bool closes = true;  // or stays silent
};

const Turn kGreets{0, 0, "220 deliveryd\r\n"};
const Turn kAnswersLhlo{1, 0, kHello};
constexpr std::size_t kMessageOctets = 10;

/// The turn that takes the message: MAIL, two RCPTs, BDAT and its octets.
Turn message_turn(std::string says) { return {4, kMessageOctets, std::move(says)}; }
Script after_lhlo(std::string says, bool closes = true) {
  return {{kGreets, kAnswersLhlo, message_turn(std::move(says))}, closes};
}
const std::string kAllAccepted = "250 OK\r\n250 OK\r\n250 OK\r\n250 2.0.0 one\r\n250 2.0.0 two\r\n";

net::Task<void> follow(std::unique_ptr<net::Transport> transport, Script script) {
  net::Stream stream{std::move(transport), std::chrono::hours{1}};
  std::string octets;
  for (const auto& turn : script.turns) {
    for (std::size_t i = 0; i < turn.lines; ++i) {
      auto line = co_await stream.read_line(4096);
      if (!line) co_return;
    }
    auto read = co_await stream.read_exactly(turn.octets, octets);
    if (!read) co_return;
    stream.write(turn.says);
    co_await stream.flush();
  }
  if (script.closes) co_return;
  co_await stream.read_some(1);
}

/// Serves each connection by the next script; when there is none left, nobody listens.
net::Task<void> serve(net::Listener& listener, std::vector<Script> scripts, std::size_t& served,
                      net::TaskScope& scope) {
  for (auto& script : scripts) {
    auto transport = co_await listener.accept();
    if (!transport) co_return;
    ++served;
    scope.spawn(follow(std::move(transport), std::move(script)));
  }
  listener.close();
}

Delivery two_recipients(const std::vector<smtp::Mailbox>& recipients) {
  static constexpr std::string_view kPieces[] = {"A: b\r\n", "\r\n\r\n"};
  Delivery delivery{.mail = {}, .recipients = recipients, .message = kPieces};
  delivery.mail.parameters.delivery_id = smtp::DeliveryId{};
  delivery.mail.parameters.trace_id = "t";
  return delivery;
}

struct Outcome {
  std::vector<Replies> replies;
  std::size_t connections = 0;
};

/// Delivers `times` messages, one after the other.
net::Task<void> deliver(net::SimWorld& sim, std::vector<Script> scripts, std::size_t times, Outcome& outcome) {
  net::TaskScope scope;
  const auto listener = sim.network().listen(kEndpoint);
  scope.spawn(serve(*listener, std::move(scripts), outcome.connections, scope));
  {
    const std::vector<smtp::Mailbox> recipients{{"alice", "example.org"}, {"bob", "example.org"}};
    LmtpPool pool{sim.world(), kEndpoint, "mail.example.org"};
    for (std::size_t i = 0; i < times; ++i) {
      const auto delivery = two_recipients(recipients);
      auto replies = co_await pool.deliver(delivery);
      outcome.replies.push_back(std::move(replies));
    }
  }
  listener->close();
  co_await scope.drained();
}

/// "250,452", or the error's name.
std::string summary(const Replies& replies) {
  if (!replies) return std::string{name_of(replies.error())};
  std::string codes;
  for (const auto& reply : *replies) codes += (codes.empty() ? "" : ",") + std::to_string(reply.code);
  return codes;
}

struct Case {
  const char* name;
  std::vector<Script> connections;
  std::vector<std::string> outcomes;
  std::size_t connections_used;
};

Script greets_with(std::string greeting) { return {{{0, 0, std::move(greeting)}}, true}; }
Script hello_is(std::string hello) { return {{kGreets, {1, 0, std::move(hello)}}, true}; }

const Case kCases[] = {
    {"EachRecipientHasItsReply",
     {after_lhlo("250 OK\r\n250 OK\r\n250 OK\r\n250 2.0.0 ok\r\n452 4.2.2 full\r\n", false)},
     {"250,452"},
     1},
    {"ARefusedRecipientHasNoReplyToTheMessage",
     {after_lhlo("250 OK\r\n550 5.1.1 no\r\n250 OK\r\n250 2.0.0 ok\r\n", false)},
     {"550,250"},
     1},
    {"AllRecipientsRefused",
     {after_lhlo("250 OK\r\n550 no\r\n450 later\r\n503 5.5.1 none\r\n", false)},
     {"550,450"},
     1},
    {"MailRefusedIsRefusedForAll",
     {after_lhlo("452 4.3.1 full\r\n503 no\r\n503 no\r\n503 no\r\n", false)},
     {"452,452"},
     1},
    {"MultilineReplies",
     {after_lhlo(
         "250-O\r\n250 K\r\n250 OK\r\n250 OK\r\n250-2.0.0 a\r\n250 2.0.0 b\r\n550-5.7.1 x\r\n550 5.7.1 y\r\n",
         false)},
     {"250,550"},
     1},
    {"AConnectionServesManyMessages",
     {{{kGreets, kAnswersLhlo, message_turn(kAllAccepted), message_turn(kAllAccepted), message_turn(kAllAccepted)},
       false}},
     {"250,250", "250,250", "250,250"},
     1},
    {"AfterARefusalTheConnectionIsNotUsedAgain",
     {after_lhlo("452 4.3.1 full\r\n503 no\r\n503 no\r\n503 no\r\n", false), after_lhlo(kAllAccepted, false)},
     {"452,452", "250,250"},
     2},
    {"AnIdleConnectionThatHasGoneIsReplaced",
     {after_lhlo(kAllAccepted), after_lhlo(kAllAccepted)},
     {"250,250", "250,250"},
     2},
    {"ClosedMidwayIsTriedAgain",
     {after_lhlo("250 OK\r\n250 OK\r\n250 OK\r\n250 2.0.0 one\r\n"), after_lhlo(kAllAccepted, false)},
     {"250,250"},
     2},
    {"ClosedTwiceIsNotTriedAThirdTime",
     {after_lhlo("250 OK\r\n"), after_lhlo("250 OK\r\n"), after_lhlo(kAllAccepted)},
     {"closed"},
     2},
    {"ClosedInsideALine", {after_lhlo("250 OK\r\n25"), after_lhlo("2")}, {"closed"}, 2},
    {"ShuttingDownCountsAsClosed",
     {after_lhlo("250 OK\r\n421 4.3.2 bye\r\n", false), after_lhlo(kAllAccepted, false)},
     {"250,250"},
     2},
    {"ClosedBeforeTheGreeting", {greets_with(""), after_lhlo(kAllAccepted, false)}, {"250,250"}, 2},
    {"GreetingThatRefuses", {greets_with("554 no\r\n")}, {"unreachable"}, 1},
    {"GreetingThatIsNone", {greets_with("SSH-2.0-x\r\n")}, {"malformed"}, 1},
    {"LhloRefused", {hello_is("550 no\r\n")}, {"unreachable"}, 1},
    {"NoDeliveryIds", {hello_is("250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n")}, {"unsuitable"}, 1},
    {"NoChunking", {hello_is("250-x\r\n250-PIPELINING\r\n250 XDELIVERYID\r\n")}, {"unsuitable"}, 1},
    {"GarbageInsteadOfAReply", {after_lhlo("250 OK\r\nhello\r\n", false)}, {"malformed"}, 1},
    {"AReplyThatAsksForMore", {after_lhlo("354 go on\r\n", false)}, {"malformed"}, 1},
    {"ABareLf", {after_lhlo("250 OK\n250 OK\r\n", false)}, {"malformed"}, 1},
    {"AnEndlessLine", {after_lhlo(std::string(5000, '2'), false)}, {"malformed"}, 1},
    {"SilenceIsNotTriedAgain", {after_lhlo("250 OK\r\n", false)}, {"timed_out"}, 1},
    {"MoreRepliesThanAskedForSpoilTheConnection",
     {{{kGreets, kAnswersLhlo, message_turn(kAllAccepted + "250 more\r\n"), message_turn("")}, false},
      after_lhlo(kAllAccepted, false)},
     {"250,250"},
     1},
};

TEST(LmtpPool, HearsWhatTheServerSaysInEverySplit) {
  for (const auto& test : kCases) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      net::SimWorld sim{seed};
      Outcome outcome;
      ASSERT_TRUE(sim.run(deliver(sim, test.connections, test.outcomes.size(), outcome))) << test.name;
      std::vector<std::string> outcomes;
      for (const auto& replies : outcome.replies) outcomes.push_back(summary(replies));
      EXPECT_EQ(outcomes, test.outcomes) << test.name << " seed " << seed;
      EXPECT_EQ(outcome.connections, test.connections_used) << test.name << " seed " << seed;
    }
  }
}

net::Task<void> deliver_to_nobody(net::SimWorld& sim, Outcome& outcome) {
  const std::vector<smtp::Mailbox> recipients{{"alice", "example.org"}, {"bob", "example.org"}};
  LmtpPool pool{sim.world(), kEndpoint, "mail.example.org"};
  const auto delivery = two_recipients(recipients);
  auto replies = co_await pool.deliver(delivery);
  outcome.replies.push_back(std::move(replies));
}

TEST(LmtpPool, FindsNobodyListening) {
  net::SimWorld sim{1};
  Outcome outcome;
  ASSERT_TRUE(sim.run(deliver_to_nobody(sim, outcome)));
  EXPECT_EQ(summary(outcome.replies.front()), "unreachable");
}

/// A message for each of these many recipients, and one this long.
struct Load {
  std::size_t messages = 1;
  std::size_t recipients = 1;
  std::size_t octets = 10;
  std::size_t connections_max = 64;
};

net::Task<void> deliver_one(LmtpPool& pool, std::vector<smtp::Mailbox> recipients, std::string message,
                            std::size_t& accepted) {
  const std::string_view pieces[] = {"A: b\r\n", message};
  Delivery delivery{.mail = {}, .recipients = recipients, .message = pieces};
  auto replies = co_await pool.deliver(delivery);
  if (!replies) co_return;
  accepted += static_cast<std::size_t>(std::ranges::count_if(*replies, smtp::is_positive));
}

struct Served {
  std::size_t accepted = 0;
  std::size_t connections = 0;
  std::vector<Delivered> delivered;
};

net::Task<void> serve_load(net::SimWorld& sim, Load load, Served& served) {
  FakeDeliveryd deliveryd{sim, kEndpoint};
  {
    LmtpPool pool{sim.world(), kEndpoint, "mail.example.org", load.connections_max};
    std::vector<smtp::Mailbox> recipients;
    for (std::size_t i = 0; i < load.recipients; ++i) recipients.push_back({std::to_string(i), "example.org"});
    net::TaskScope scope;
    for (std::size_t i = 0; i < load.messages; ++i) {
      scope.spawn(deliver_one(pool, recipients, std::string(load.octets, 'x'), served.accepted));
    }
    co_await scope.drained();
  }
  co_await deliveryd.ended();
  served.connections = deliveryd.connections;
  served.delivered = std::move(deliveryd.delivered);
}

TEST(LmtpPool, WaitersShareTheConnectionsThereMayBe) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    net::SimWorld sim{seed};
    Served served;
    ASSERT_TRUE(sim.run(serve_load(sim, {.messages = 50, .connections_max = 4}, served)));
    EXPECT_EQ(served.accepted, 50U);
    EXPECT_EQ(served.connections, 4U);
  }
}

TEST(LmtpPool, TakesManyRecipients) {
  net::SimWorld sim{3};
  Served served;
  ASSERT_TRUE(sim.run(serve_load(sim, {.recipients = 1'700}, served)));
  EXPECT_EQ(served.accepted, 1'700U);
  EXPECT_EQ(served.delivered.front().recipients.size(), 1'700U);
}

TEST(LmtpPool, TakesALargeMessageWhole) {
  net::SimWorld sim{3};
  Served served;
  ASSERT_TRUE(sim.run(serve_load(sim, {.octets = 1'000'000}, served)));
  EXPECT_EQ(served.delivered.front().message, "A: b\r\n" + std::string(1'000'000, 'x'));
}

net::Task<void> wait_in_vain(net::SimWorld& sim, Outcome& outcome) {
  net::TaskScope scope;
  const auto listener = sim.network().listen(kEndpoint);
  const std::vector<Script> scripts{after_lhlo("", false)};
  scope.spawn(serve(*listener, scripts, outcome.connections, scope));
  {
    const std::vector<smtp::Mailbox> recipients{{"alice", "example.org"}, {"bob", "example.org"}};
    LmtpPool pool{sim.world(), kEndpoint, "mail.example.org", 1};
    net::TaskScope deliveries;
    std::size_t accepted = 0;
    for (int i = 0; i < 3; ++i) deliveries.spawn(deliver_one(pool, recipients, "\r\n\r\n", accepted));
    co_await deliveries.drained();
    EXPECT_EQ(accepted, 0U);
  }
  co_await scope.drained();
}

struct SlowCase {
  const char* name;
  std::string reply;  // to each command and to the message, an octet a second
  std::size_t recipients;
  std::chrono::seconds ends_after;
};

const SlowCase kSlow[] = {
    {"AReplyHasItsTime", "250 2.1.0 Sender ok\r\n", 1, std::chrono::seconds{15}},
    {"SoHaveAllRepliesTogether", "250 OK\r\n", 20, std::chrono::seconds{60}},
};

net::Task<void> drip(net::SimWorld& sim, net::Listener& listener, std::string octets) {
  auto transport = co_await listener.accept();
  net::Stream stream{std::move(transport), std::chrono::hours{1}};
  stream.write("220 deliveryd\r\n" + kHello);
  auto sent = co_await stream.flush();
  for (std::size_t i = 0; sent && i < octets.size(); ++i) {
    co_await sim.loop().sleep(std::chrono::seconds{1});
    stream.write(octets.substr(i, 1));
    sent = co_await stream.flush();
  }
}

net::Task<void> deliver_slowly(net::SimWorld& sim, const SlowCase& test, Replies& replies,
                               std::chrono::milliseconds& lasted) {
  net::TaskScope scope;
  const auto listener = sim.network().listen(kEndpoint);
  std::string octets;
  for (std::size_t i = 0; i <= 2 * test.recipients; ++i) octets += test.reply;
  scope.spawn(drip(sim, *listener, octets));
  {
    const std::vector<smtp::Mailbox> recipients(test.recipients, {"alice", "example.org"});
    LmtpPool pool{sim.world(), kEndpoint, "mail.example.org"};
    const auto begun = sim.loop().now();
    const auto delivery = two_recipients(recipients);
    replies = co_await pool.deliver(delivery);
    lasted = sim.loop().now() - begun;
  }
  co_await scope.drained();
}

TEST(LmtpPool, DeadlinesCountFromTheBeginning) {
  for (const auto& test : kSlow) {
    net::SimWorld sim{1};
    Replies replies;
    std::chrono::milliseconds lasted{};
    ASSERT_TRUE(sim.run(deliver_slowly(sim, test, replies, lasted)));
    EXPECT_EQ(summary(replies), "timed_out") << test.name;
    EXPECT_GE(lasted, test.ends_after) << test.name;
    EXPECT_LE(lasted, test.ends_after + std::chrono::seconds{2}) << test.name;
  }
}

TEST(LmtpPool, WhoeverWaitsBehindAStuckDeliverydIsNotStuckForEver) {
  net::SimWorld sim{1};
  Outcome outcome;
  EXPECT_TRUE(sim.run(wait_in_vain(sim, outcome)));
}

}  // namespace
}  // namespace posthaste::smtpd
