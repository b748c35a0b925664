// The resolver against servers in the simulated world that lose, forge, truncate, fail, dawdle and keep silent.
#include "common/dns/stub_resolver.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <set>

#include "common/base/octets.h"
#include "common/net/sim_world.h"
#include "common/net/socket_address.h"
#include "common/net/stream.h"
#include "common/net/system_random.h"
#include "common/net/thread_pool.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"
#include "packet.h"

namespace posthaste::dns {
namespace {

using namespace std::chrono_literals;

/// The packets to send back for a query, one after the other.
using Packets = std::vector<std::string>;
using Behaviour = std::function<Packets(const std::string& query)>;

Packets silent(const std::string&) { return {}; }

Behaviour failing(unsigned code) {
  return [code](const std::string& query) -> Packets {
    Reply reply = reply_to(query);
    reply.flags |= code;
    return {reply.octets()};
  };
}

/// Answers every question for an address.
Behaviour answering(std::uint32_t ttl, const std::string& address = "192.0.2.1") {
  return [=](const std::string& query) -> Packets {
    Reply reply = reply_to(query);
    reply.answers = {a(lower(name_asked(query)), ttl, address)};
    return {reply.octets()};
  };
}

Behaviour truncating() {
  return [](const std::string& query) -> Packets {
    Reply reply = reply_to(query);
    reply.flags |= kTc;
    return {reply.octets()};
  };
}

/// A DNS server on the simulated network, over UDP and TCP.
class FakeServer {
 public:
  FakeServer(net::SimWorld& sim, const net::Endpoint& endpoint)
      : sim_(sim), udp_(sim.network().serve_datagrams(endpoint)), tcp_(sim.network().listen(endpoint)) {
    serving_.spawn(serve_udp());
    serving_.spawn(serve_tcp());
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    udp_->close();
    tcp_->close();
    EXPECT_TRUE(sim_.run(serving_.drained()));
  }

  Behaviour over_udp = silent;
  Behaviour over_tcp = silent;
  std::chrono::milliseconds delay{0};

  std::vector<std::string> queries;  // over UDP
  std::size_t tcp_queries = 0;
  std::size_t busiest = 0;  // how many queries waited for their answers at once

 private:
  net::Task<void> serve_udp() {
    for (;;) {
      auto query = co_await udp_->receive();
      if (!query) co_return;
      queries.push_back(query->octets);
      serving_.spawn(answer(query->from, query->octets));
    }
  }

  net::Task<void> answer(std::uint64_t from, std::string query) {
    busiest = std::max(busiest, ++busy_);
    co_await sim_.loop().sleep(delay);
    --busy_;
    for (const auto& packet : over_udp(query)) {
      udp_->send(from, packet);
      co_await sim_.loop().sleep(50ms);  // in this order
    }
  }

  net::Task<void> serve_tcp() {
    for (;;) {
      auto transport = co_await tcp_->accept();
      if (!transport) co_return;
      serving_.spawn(converse(std::move(transport)));
    }
  }

  net::Task<void> converse(std::unique_ptr<net::Transport> transport) {
    net::Stream stream{std::move(transport), 10s};
    std::string length;
    auto counted = co_await stream.read_exactly(2, length);
    if (!counted) co_return;
    std::string query;
    auto read = co_await stream.read_exactly(static_cast<unsigned char>(length[1]), query);
    if (!read) co_return;
    ++tcp_queries;
    for (const auto& packet : over_tcp(query)) stream.write(u16(static_cast<unsigned>(packet.size())) + packet);
    co_await stream.flush();
    auto end = co_await stream.read_some(1);  // the client closes
    static_cast<void>(end);
  }

  net::SimWorld& sim_;
  std::unique_ptr<net::SimDatagramServer> udp_;
  std::unique_ptr<net::Listener> tcp_;
  net::TaskScope serving_;
  std::size_t busy_ = 0;
};

net::Task<void> ask_one(Resolver& resolver, std::string name, Type type, Result& result) {
  result = co_await resolver.query(name, type);
}

net::Task<void> ask_at_once(Resolver& resolver, std::vector<std::string> names, std::vector<Result>& results) {
  results.assign(names.size(), std::unexpected(Failure::bad_name));
  net::TaskScope scope;
  for (std::size_t i = 0; i < names.size(); ++i) scope.spawn(ask_one(resolver, names[i], Type::a, results[i]));
  co_await scope.drained();
}

const net::Endpoint kFirst{"192.0.2.53", 53};
const net::Endpoint kSecond{"192.0.2.54", 53};

Result address(const std::string& text = "192.0.2.1", const std::string& canonical_name = "example.org") {
  return Answer{canonical_name, false, {Address{text}}};
}
Result failure(Failure failure) { return std::unexpected(failure); }

/// A resolver, and one or two servers that it knows.
class Dns {
 public:
  explicit Dns(StubResolver::Options options = {}, net::SimConditions conditions = {}, std::uint64_t seed = 1)
      : sim(seed, conditions), first(sim, kFirst), resolver(sim.world(), worker, std::move(with_server(options))) {}

  Result ask(const std::string& name = "example.org", Type type = Type::a) {
    Result result = std::unexpected(Failure::bad_name);
    EXPECT_TRUE(sim.run(ask_one(resolver, name, type, result)));
    return result;
  }
  std::vector<Result> ask_together(const std::vector<std::string>& names) {
    std::vector<Result> results;
    EXPECT_TRUE(sim.run(ask_at_once(resolver, names, results)));
    return results;
  }
  void wait(std::chrono::milliseconds duration) { EXPECT_TRUE(sim.run(sim.loop().sleep(duration))); }
  std::chrono::milliseconds now() { return sim.loop().now().time_since_epoch(); }

  net::SimWorld sim;
  net::TaskScope worker;
  FakeServer first;
  StubResolver resolver;

 private:
  static StubResolver::Options& with_server(StubResolver::Options& options) {
    if (options.servers.empty()) options.servers = {kFirst};
    return options;
  }
};

TEST(StubResolver, AsksOnceWhatItKnows) {
  Dns dns;
  dns.first.over_udp = answering(300);
  EXPECT_EQ(dns.ask("Example.ORG."), address());
  EXPECT_EQ(dns.ask("example.org"), address());
  EXPECT_EQ(dns.first.queries.size(), 1U);
  EXPECT_EQ(dns.ask("example.org", Type::mx), failure(Failure::no_data)) << "the server says A whatever one asks";
  EXPECT_EQ(dns.first.queries.size(), 2U);
}

TEST(StubResolver, IdsAndSpellingsAreRandom) {
  Dns dns{{.cache_max_octets = 0}};
  dns.first.over_udp = answering(300);
  std::set<std::string> ids;
  std::set<std::string> spellings;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(dns.ask("a-long-name.example.org"), address("192.0.2.1", "a-long-name.example.org"));
    const std::string query = dns.first.queries.back();
    ids.insert(query.substr(0, 2));
    spellings.insert(name_asked(query));
    EXPECT_EQ(lower(name_asked(query)), "a-long-name.example.org");
  }
  EXPECT_GT(ids.size(), 45U);
  EXPECT_GT(spellings.size(), 45U);
}

struct LifetimeCase {
  const char* name;
  std::function<void(Reply&)> change;
  std::chrono::milliseconds known_for;
};

const LifetimeCase kLifetimeCases[] = {
    {"Ttl", [](Reply& r) { r.answers = {a("example.org", 300, "192.0.2.1")}; }, 300s},
    {"TtlOfNothingIsASecond", [](Reply& r) { r.answers = {a("example.org", 0, "192.0.2.1")}; }, 1s},
    {"TtlOfAWeekIsADay", [](Reply& r) { r.answers = {a("example.org", 604800, "192.0.2.1")}; }, 24h},
    {"NoSuchName",
     [](Reply& r) {
       r.flags |= kNxDomain;
       r.authority = {soa("org", 3600, 60)};
     },
     60s},
    {"NoData", [](Reply& r) { r.authority = {soa("org", 60, 3600)}; }, 60s},
    {"NoDataForADayIsAQuarterOfAnHour", [](Reply& r) { r.authority = {soa("org", 86400, 86400)}; }, 15min},
    {"NoSuchNameWithoutSoa", [](Reply& r) { r.flags |= kNxDomain; }, 1s},
    {"ServFail", [](Reply& r) { r.flags |= kServFail; }, 5s},
};

TEST(StubResolver, RemembersForTheTimeItMay) {
  for (const auto& test : kLifetimeCases) {
    Dns dns{{}, {.network_delay_max = 0ms}};
    dns.first.over_udp = [&](const std::string& query) -> Packets {
      Reply reply = reply_to(query);
      test.change(reply);
      return {reply.octets()};
    };
    const Result result = dns.ask();
    EXPECT_EQ(dns.first.queries.size(), 1U) << test.name;
    dns.wait(test.known_for - 100ms);  // the server takes 50 ms
    EXPECT_EQ(dns.ask(), result) << test.name;
    EXPECT_EQ(dns.first.queries.size(), 1U) << test.name;
    dns.wait(101ms);
    EXPECT_EQ(dns.ask(), result) << test.name;
    EXPECT_EQ(dns.first.queries.size(), 2U) << test.name;
  }
}

TEST(StubResolver, ATimeoutIsRememberedForFiveSeconds) {
  Dns dns;
  EXPECT_EQ(dns.ask(), failure(Failure::timed_out));
  EXPECT_EQ(dns.first.queries.size(), 3U);
  dns.first.over_udp = answering(300);
  dns.wait(4s);
  EXPECT_EQ(dns.ask(), failure(Failure::timed_out));
  dns.wait(1001ms);
  EXPECT_EQ(dns.ask(), address());
}

TEST(StubResolver, NoSuchNameAndNoDataAreTwoThings) {
  Dns dns;
  dns.first.over_udp = failing(kNxDomain);
  EXPECT_EQ(dns.ask("no.example.org"), failure(Failure::no_such_name));
  dns.first.over_udp = failing(0);
  EXPECT_EQ(dns.ask("example.org"), failure(Failure::no_data));
}

TEST(StubResolver, WhatNobodyCanAskIsNotAsked) {
  Dns dns;
  for (const std::string name : {"", ".", "a..b", "caf\xc3\xa9.example", "a b"}) {
    EXPECT_EQ(dns.ask(name), failure(Failure::bad_name)) << name;
  }
  EXPECT_EQ(dns.ask(std::string(64, 'a')), failure(Failure::bad_name));
  EXPECT_TRUE(dns.first.queries.empty());
}

TEST(StubResolver, LostDatagramsAreSentAgain) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Dns dns{
        {.try_timeout = 500ms, .tries_per_server = 20, .deadline = 30s}, {.datagram_loss_probability = 0.3}, seed};
    dns.first.over_udp = answering(300);
    EXPECT_EQ(dns.ask(), address()) << seed;
  }
}

TEST(StubResolver, ATruncatedAnswerIsFetchedOverTcp) {
  Dns dns;
  dns.first.over_udp = truncating();
  dns.first.over_tcp = [](const std::string& query) -> Packets {
    EXPECT_EQ(name_asked(query), "example.org");
    Reply reply = reply_to(query);
    for (unsigned i = 0; i < 2000; ++i) {
      reply.answers.push_back(
          a("example.org", 60, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250)));
    }
    return {reply.octets()};
  };
  const Result result = dns.ask();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->records.size(), 2000U);
  EXPECT_EQ(result->records.back(), Record(Address{"10.0.7.249"}));
  EXPECT_EQ(dns.first.tcp_queries, 1U);
}

TEST(StubResolver, TcpThatGivesNothingIsNoAnswer) {
  const Behaviour over_tcp[] = {
      silent,
      [](const std::string&) -> Packets { return {""}; },
      [](const std::string& query) -> Packets {
        Reply reply = reply_to(query);
        reply.id ^= 1U;
        return {reply.octets()};
      },
      truncating(),
  };
  const Failure failures[] = {Failure::timed_out, Failure::server_failure, Failure::server_failure,
                              Failure::server_failure};
  for (std::size_t i = 0; i < std::size(over_tcp); ++i) {
    Dns dns;
    dns.first.over_udp = truncating();
    dns.first.over_tcp = over_tcp[i];
    EXPECT_EQ(dns.ask(), failure(failures[i])) << i;
    EXPECT_LE(dns.now(), 10s);
  }
}

TEST(StubResolver, ForgedAnswersAreLetGoBy) {
  Dns dns;
  dns.first.over_udp = [](const std::string& query) -> Packets {
    Packets packets{"", "x", std::string(12, '\0'), query};
    Reply forged = reply_to(query);
    forged.answers = {a("example.org", 300, "192.0.2.66")};
    forged.id ^= 1U;
    packets.push_back(forged.octets());
    forged.id ^= 1U;
    forged.questions = {wire_name("example.net") + u16(1) + u16(1)};
    packets.push_back(forged.octets());
    packets.push_back(answering(300)(query).front());
    return packets;
  };
  EXPECT_EQ(dns.ask(), address());
  EXPECT_EQ(dns.first.queries.size(), 1U);
}

TEST(StubResolver, AnAnswerInOtherSpellingIsCheckedOverTcp) {
  Dns dns;
  dns.first.over_udp = [](const std::string& query) -> Packets {
    Reply reply = reply_to(query);
    reply.questions = {wire_name("example.org") + u16(1) + u16(1)};
    reply.answers = {a("example.org", 300, "192.0.2.66")};
    return {reply.octets()};
  };
  dns.first.over_tcp = answering(300);
  EXPECT_EQ(dns.ask(), address());
  EXPECT_EQ(dns.first.tcp_queries, 1U);
}

TEST(StubResolver, AServerThatFailsIsLeftForTheNext) {
  Dns dns{{.servers = {kFirst, kSecond}}};
  FakeServer second{dns.sim, kSecond};
  dns.first.over_udp = failing(kServFail);
  second.over_udp = answering(300, "192.0.2.2");
  EXPECT_EQ(dns.ask(), address("192.0.2.2"));
  EXPECT_LT(dns.now(), 1s) << "nothing to wait for";
  EXPECT_EQ(dns.ask("example.net"), address("192.0.2.2", "example.net"));
  EXPECT_EQ(dns.first.queries.size(), 1U) << "the one that answered is asked first";
}

TEST(StubResolver, ASilentServerIsLeftForTheNext) {
  Dns dns{{.servers = {kFirst, kSecond}}};
  FakeServer second{dns.sim, kSecond};
  second.over_udp = answering(300, "192.0.2.2");
  EXPECT_EQ(dns.ask(), address("192.0.2.2"));
  EXPECT_GE(dns.now(), 2s);
  EXPECT_LT(dns.now(), 3s);
  EXPECT_EQ(dns.ask("example.net"), address("192.0.2.2", "example.net"));
  EXPECT_EQ(dns.first.queries.size(), 1U);
  second.over_udp = silent;
  dns.first.over_udp = answering(300);
  EXPECT_EQ(dns.ask("example.com"), address("192.0.2.1", "example.com")) << "and back";
}

TEST(StubResolver, AHostWithoutAServerIsLeftAtOnce) {
  Dns dns{{.servers = {kSecond, kFirst}}};  // nobody is at the second
  dns.first.over_udp = answering(300);
  EXPECT_EQ(dns.ask(), address());
  EXPECT_LT(dns.now(), 1s);
}

struct FailureCase {
  const char* name;
  Behaviour first;
  Behaviour second;
  Failure failure;
  std::size_t queries_first;
  std::size_t queries_second;
};

const FailureCase kFailureCases[] = {
    {"AllFail", failing(kServFail), failing(kRefused), Failure::server_failure, 1, 1},
    {"AllSilent", silent, silent, Failure::timed_out, 3, 2},  // 2 s each of 10
    {"OneFailsOneIsSilent", failing(kFormErr), silent, Failure::server_failure, 1, 3},
};

TEST(StubResolver, FailureAndSilenceAreTwoThings) {
  for (const auto& test : kFailureCases) {
    Dns dns{{.servers = {kFirst, kSecond}}};
    FakeServer second{dns.sim, kSecond};
    dns.first.over_udp = test.first;
    second.over_udp = test.second;
    EXPECT_EQ(dns.ask(), failure(test.failure)) << test.name;
    EXPECT_EQ(dns.first.queries.size(), test.queries_first) << test.name;
    EXPECT_EQ(second.queries.size(), test.queries_second) << test.name;
  }
}

TEST(StubResolver, ADeadlineEndsAllTries) {
  Dns dns{{.try_timeout = 2s, .tries_per_server = 100, .deadline = 5s}};
  EXPECT_EQ(dns.ask(), failure(Failure::timed_out));
  EXPECT_EQ(dns.now(), 5s);
}

TEST(StubResolver, ADeadlineEndsAFlood) {
  Dns dns{{.tries_per_server = 1}};
  dns.first.over_udp = [](const std::string&) -> Packets { return Packets(1000, "noise"); };
  EXPECT_EQ(dns.ask(), failure(Failure::timed_out));
  EXPECT_LE(dns.now(), 3s);
}

/// Knows aliases alone, and gives one at a time.
Behaviour alias_by_alias(std::map<std::string, std::string> aliases, std::uint32_t ttl, unsigned flags = 0) {
  return [=](const std::string& query) -> Packets {
    Reply reply = reply_to(query);
    reply.flags |= flags;
    const std::string name = lower(name_asked(query));
    if (const auto alias = aliases.find(name); alias != aliases.end()) {
      reply.answers = {cname(name, ttl, alias->second)};
    } else {
      reply.answers = {a(name, 300, "192.0.2.1")};
    }
    return {reply.octets()};
  };
}

TEST(StubResolver, AnAliasWithoutItsTargetIsFollowed) {
  Dns dns;
  dns.first.over_udp = alias_by_alias({{"example.org", "b.example"}, {"b.example", "C.Example"}}, 60);
  EXPECT_EQ(dns.ask(), address("192.0.2.1", "c.example"));
  EXPECT_EQ(dns.first.queries.size(), 3U);
  dns.wait(61s);
  EXPECT_EQ(dns.ask(), address("192.0.2.1", "c.example"));
  EXPECT_EQ(dns.first.queries.size(), 6U) << "an answer lives no longer than the aliases it was found by";
}

TEST(StubResolver, AnAliasWithoutProofProvesNothing) {
  Dns dns;
  bool all_proven = true;
  dns.first.over_udp = [&](const std::string& query) {
    const bool is_alias = lower(name_asked(query)) == "example.org";
    return alias_by_alias({{"example.org", "b.example"}}, 60, all_proven || !is_alias ? kAd : 0U)(query);
  };
  EXPECT_EQ(dns.ask(), Result(Answer{"b.example", true, {Address{"192.0.2.1"}}}));
  all_proven = false;
  dns.wait(61s);
  EXPECT_EQ(dns.ask(), Result(Answer{"b.example", false, {Address{"192.0.2.1"}}}));
}

TEST(StubResolver, EndlessAliasesAreAFailure) {
  Dns dns;
  dns.first.over_udp = alias_by_alias({{"example.org", "b.example"}, {"b.example", "example.org"}}, 60);
  EXPECT_EQ(dns.ask(), failure(Failure::server_failure));
  EXPECT_EQ(dns.first.queries.size(), 9U);
}

TEST(StubResolver, AnAliasOfTheRootIsAFailure) {
  Dns dns;
  dns.first.over_udp = alias_by_alias({{"example.org", ""}}, 60);
  EXPECT_EQ(dns.ask(), failure(Failure::server_failure));
}

TEST(StubResolver, TheSameQuestionIsOneOnTheWire) {
  Dns dns;
  dns.first.over_udp = answering(300);
  dns.first.delay = 500ms;
  const auto results = dns.ask_together(std::vector<std::string>(20, "example.org"));
  EXPECT_EQ(results, std::vector<Result>(20, address()));
  EXPECT_EQ(dns.first.queries.size(), 1U);
}

TEST(StubResolver, TheSameFailureReachesAllWhoWait) {
  Dns dns;
  const auto results = dns.ask_together(std::vector<std::string>(20, "example.org"));
  EXPECT_EQ(results, std::vector<Result>(20, failure(Failure::timed_out)));
  EXPECT_EQ(dns.first.queries.size(), 3U);
}

std::vector<std::string> many_names() {
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("host" + std::to_string(i) + ".example");
  return names;
}

TEST(StubResolver, OnlySoManyAreInFlight) {
  Dns dns{{.in_flight_max = 4}};
  dns.first.over_udp = answering(300);
  dns.first.delay = 100ms;
  const auto results = dns.ask_together(many_names());
  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i], address("192.0.2.1", many_names()[i]));
  EXPECT_EQ(dns.first.busiest, 4U);
}

TEST(StubResolver, WhoWaitedTooLongForAPlaceHasTimedOut) {
  Dns dns{{.in_flight_max = 4}};
  const auto results = dns.ask_together(many_names());
  EXPECT_EQ(results, std::vector<Result>(50, failure(Failure::timed_out)));
  EXPECT_LE(dns.now(), 20s) << "not as long as fifty questions four at a time";
}

net::Task<void> stop_in_flight(Dns& dns, std::vector<Result>& results) {
  net::TaskScope scope;
  scope.spawn(ask_at_once(dns.resolver, many_names(), results));
  co_await dns.sim.loop().sleep(100ms);
  dns.worker.stop();
  co_await scope.drained();
}

TEST(StubResolver, AStopEndsWhatIsInFlightAndKeepsWhatIsKnown) {
  Dns dns{{.in_flight_max = 4}};
  dns.first.over_udp = answering(300);
  EXPECT_EQ(dns.ask(), address());
  dns.first.over_udp = silent;
  const auto start = dns.now();
  std::vector<Result> results;
  ASSERT_TRUE(dns.sim.run(stop_in_flight(dns, results)));
  EXPECT_EQ(results, std::vector<Result>(50, failure(Failure::timed_out)));
  EXPECT_EQ(dns.now() - start, 100ms);
  const std::size_t asked = dns.first.queries.size();
  EXPECT_EQ(dns.ask("later.example"), failure(Failure::timed_out));
  EXPECT_EQ(dns.first.queries.size(), asked);
  EXPECT_EQ(dns.ask(), address());
}

std::pair<std::vector<Result>, std::chrono::milliseconds> story(std::uint64_t seed) {
  Dns dns{{.try_timeout = 100ms}, {.datagram_loss_probability = 0.5}, seed};
  dns.first.over_udp = answering(300);
  const auto results = dns.ask_together(many_names());
  return {results, dns.now()};
}

TEST(StubResolver, TheSameSeedTellsTheSameStory) {
  for (std::uint64_t seed = 0; seed < 5; ++seed) EXPECT_EQ(story(seed), story(seed));
  EXPECT_NE(story(1), story(2));
}

net::Task<void> ask_and_stop(net::UvLoop& loop, Resolver& resolver, net::TaskScope& worker, Result& result) {
  net::TaskScope scope;
  scope.spawn(ask_one(resolver, "example.org", Type::a, result));
  loop.post([&worker] { worker.stop(); });
  co_await scope.drained();
}

TEST(StubResolver, AStopEndsAWaitOnARealSocket) {
  const auto any_port = net::socket_address({"127.0.0.1", 0});
  const int silent_server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(silent_server, any_port->get(), any_port->length), 0);
  net::UvLoop loop;
  net::UvNetwork network{loop};
  net::SystemRandom random;
  net::ThreadPool pool{1};
  net::World world{loop, loop, random, network, pool, pool};
  net::TaskScope worker;
  StubResolver resolver{world, worker, {.servers = {net::local_endpoint(silent_server)}}};
  Result result = address();
  const auto start = loop.now();
  loop.run(ask_and_stop(loop, resolver, worker, result));
  EXPECT_EQ(result, failure(Failure::timed_out));
  EXPECT_LT(loop.now() - start, 1900ms) << "not after the server's time";
  close(silent_server);
}

}  // namespace
}  // namespace posthaste::dns
