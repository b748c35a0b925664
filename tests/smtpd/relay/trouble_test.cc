// Connections that break anywhere, from a seed: each recipient has one outcome, what was called relayed was taken,
// and nothing fails for it. The same seed tells the same story.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/dns/sim_resolver.h"
#include "common/log/sink.h"
#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/stream.h"
#include "smtpd/relay/relay.h"

namespace posthaste::relay {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMessages = 40;
constexpr std::uint32_t kRecipients = 3;

/// What a host has taken: subject and recipient.
using Taken = std::multiset<std::string>;

/// A host that takes all mail, with or without extensions.
net::Task<void> take_mail(std::unique_ptr<net::Transport> transport, bool extended, Taken& taken) {
  net::Stream stream{std::move(transport), 1min};
  stream.write("220 x\r\n");
  std::vector<std::string> recipients;
  for (auto line = co_await stream.read_line(1000); line; line = co_await stream.read_line(1000)) {
    const std::string command{*line};
    std::string message;
    if (command.starts_with("EHLO ") && extended) {
      stream.write("250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
      continue;
    }
    if (command.starts_with("RCPT TO:")) recipients.push_back(command.substr(8));
    if (command.starts_with("BDAT ")) {
      auto read = co_await stream.read_exactly(std::stoul(command.substr(5)), message);
      if (!read) co_return;
    }
    if (command == "DATA") {
      stream.write("354 Go on\r\n");
      for (line = co_await stream.read_line(1000); line && *line != "."; line = co_await stream.read_line(1000)) {
        message.append(*line).append("\r\n");
      }
      if (!line) co_return;
    }
    if (!message.empty()) {
      for (const auto& recipient : std::exchange(recipients, {})) {
        taken.insert(message.substr(0, message.find('\r')) + " " + recipient);
      }
    }
    stream.write("250 2.0.0 Ok\r\n");
  }
}

net::Task<void> serve(net::Listener& listener, bool extended, net::TaskScope& sessions, Taken& taken) {
  for (auto transport = co_await listener.accept(); transport; transport = co_await listener.accept()) {
    sessions.spawn(take_mail(std::move(transport), extended, taken));
  }
}

struct Story {
  Taken taken;
  std::map<std::string, std::vector<Outcome>> outcomes;  // by subject and recipient
  std::string log;
};

net::Task<void> deliver_one(net::SimWorld& sim, Relay& relay, std::uint32_t number, Story& story) {
  co_await sim.loop().sleep(std::chrono::milliseconds{sim.random().up_to(30'000)});
  const auto text = std::make_shared<const std::string>("Subject: " + std::to_string(number) + "\r\n\r\n.text\r\n");
  Message message;
  message.trace_id = std::to_string(number);
  message.reverse_path = smtp::Mailbox{"alice", "sender.test"};
  message.content.pieces = {*text};
  message.content.owner = text;
  std::vector<Recipient> recipients;
  for (std::uint32_t i = 0; i < kRecipients; ++i) recipients.push_back({i, {"r" + std::to_string(i), "rcpt.test"}});
  const Destination destination{"rcpt.test"};
  auto outcomes = co_await relay.deliver(destination, std::move(message), std::move(recipients));
  for (auto& outcome : outcomes) {
    const auto name = "Subject: " + std::to_string(number) + " <r" + std::to_string(outcome.index) + "@rcpt.test>";
    story.outcomes[name].push_back(std::move(outcome));
  }
}

net::Task<void> deliver_all(net::SimWorld& sim, Story& story) {
  dns::SimResolver resolver{sim.world(), 50ms};
  net::TaskScope listening;
  net::TaskScope sessions;
  std::vector<std::unique_ptr<net::Listener>> listeners;
  for (const int i : {1, 2}) {
    const auto host = "mx" + std::to_string(i) + ".rcpt.test";
    const auto address = "192.0.2." + std::to_string(i);
    resolver.add("rcpt.test", dns::Type::mx, dns::Mx{10, host});
    resolver.add(host, dns::Type::a, dns::Address{address});
    listeners.push_back(sim.network().listen({address, 25}));
    listening.spawn(serve(*listeners.back(), i == 1, sessions, story.taken));
  }
  log::MemorySink sink;
  const log::Log log{sink, "smtpd", log::Format::text, log::Level::debug, [&sim] { return sim.loop().wall(); }};
  Options options{.hostname = "relay.test"};
  Relay relay{sim.world(), resolver, std::move(options), log};
  net::TaskScope deliveries;
  for (std::uint32_t i = 0; i < kMessages; ++i) deliveries.spawn(deliver_one(sim, relay, i, story));
  co_await deliveries.drained();
  relay.stop();
  co_await relay.run();
  for (auto& listener : listeners) listener->close();
  co_await listening.drained();
  co_await sessions.drained();
  story.log = sink.text();
}

Story story_of(std::uint64_t seed, double reset_probability) {
  net::SimConditions conditions;
  conditions.reset_probability = reset_probability;
  net::SimWorld sim{seed, conditions};
  Story story;
  EXPECT_TRUE(sim.run(deliver_all(sim, story))) << "deadlock, seed " << seed;
  return story;
}

TEST(Trouble, LosesNothingAndFailsNothing) {
  std::size_t deferred = 0;
  std::size_t relayed = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto story = story_of(seed, seed % 2 == 0 ? 0.005 : 0.05);
    EXPECT_EQ(story.outcomes.size(), kMessages * kRecipients) << "seed " << seed;
    for (const auto& [name, outcomes] : story.outcomes) {
      ASSERT_EQ(outcomes.size(), 1U) << name << " seed " << seed;
      const auto result = outcomes.front().result;
      EXPECT_NE(result, Result::failed) << name << " seed " << seed;
      const std::size_t copies_min = result == Result::relayed ? 1 : 0;
      EXPECT_GE(story.taken.count(name), copies_min) << name << " seed " << seed;
      (result == Result::relayed ? relayed : deferred) += 1;
    }
  }
  EXPECT_GT(relayed, 1000U);
  EXPECT_GT(deferred, 100U);
}

TEST(Trouble, WithoutAnyEachMessageIsTakenOnce) {
  const auto story = story_of(7, 0);
  EXPECT_EQ(story.taken.size(), kMessages * kRecipients);
  for (const auto& [name, outcomes] : story.outcomes) {
    EXPECT_EQ(outcomes.front().result, Result::relayed) << name;
    EXPECT_EQ(story.taken.count(name), 1U) << name;
  }
}

TEST(Trouble, TheSameSeedTellsTheSameStory) {
  EXPECT_EQ(story_of(3, 0.05).log, story_of(3, 0.05).log);
  EXPECT_NE(story_of(3, 0.05).log, story_of(4, 0.05).log);
}

}  // namespace
}  // namespace posthaste::relay
