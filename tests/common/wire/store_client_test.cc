// The client of the store socket against a server that misbehaves in every way a server can.
#include "common/wire/store_client.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "common/log/sink.h"
#include "common/net/scope.h"
#include "common/net/sim_world.h"

namespace posthaste::wire {
namespace {

using namespace std::chrono_literals;
using Outcome = std::expected<mailbox::ApplyResult, mailbox::StoreError>;

const net::Endpoint kSocket{"/run/store.sock", 0};
const Summarize kNoSummary = [](std::string_view) { return mailbox::Summary{}; };

struct Installation {
  explicit Installation(std::uint64_t seed, net::SimConditions conditions = {}) : sim(seed, conditions) {}
  net::SimWorld sim;
  log::MemorySink sink;
  log::Log log{sink, "test", log::Format::text, log::Level::debug, [] { return WallTime{}; }};
  StoreClient client{sim.world(), kSocket, log};
};

/// One connection of the server: what it was asked, and what it says.
struct Peer {
  Peer(std::unique_ptr<net::Transport> transport, net::Clock& clock) : frames(std::move(transport), clock) {
    sender.spawn(frames.send_queued());
  }
  FrameStream frames;
  net::TaskScope sender;
};

net::Task<std::unique_ptr<Peer>> accept(Installation& here, net::Listener& listener) {
  auto transport = co_await listener.accept();
  co_return std::make_unique<Peer>(std::move(transport), here.sim.loop());
}

net::Task<Request> next_request(Peer& peer) {
  auto frame = co_await peer.frames.read(1h);
  if (!frame) throw std::runtime_error{std::string{net::name_of(frame.error())}};
  auto request = decode_request(std::move(*frame), kNoSummary);
  if (!request) throw std::runtime_error{std::string{name_of(request.error())}};
  co_return std::move(*request);
}

void say(Peer& peer, const Response& response) { peer.frames.queue(*encode(response)); }

net::Task<void> hang_up(std::unique_ptr<Peer> peer) {
  co_await peer->frames.queued_at_most(0);
  peer->frames.close();
  co_await peer->sender.drained();
}

mailbox::ApplyResult done(std::uint64_t modseq) { return {{mailbox::Done{}}, ModSeq{modseq}}; }

net::Task<void> apply(StoreClient& client, mailbox::Batch batch, Outcome& outcome) {
  mailbox::IdempotencyKey no_key;
  outcome = co_await client.apply(UserId{1}, std::move(batch), std::move(no_key));
}

const mailbox::Batch kCreateUser{{mailbox::CreateUser{}}};

net::Task<void> answer_in_reverse(Installation& here, std::vector<Outcome>& outcomes) {
  const auto listener = here.sim.network().listen(kSocket);
  net::TaskScope scope;
  scope.spawn(here.client.run());
  for (auto& outcome : outcomes) scope.spawn(apply(here.client, kCreateUser, outcome));
  auto peer = co_await accept(here, *listener);
  std::vector<std::uint64_t> ids;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    auto request = co_await next_request(*peer);
    ids.push_back(std::get<ApplyCall>(request).id);
  }
  for (std::size_t i = ids.size(); i > 0; --i) say(*peer, ApplyAnswer{ids[i - 1], done(i)});
  while (here.sim.loop().now().time_since_epoch() < 1s) co_await here.sim.loop().sleep(100ms);
  here.client.stop();
  co_await hang_up(std::move(peer));
  co_await scope.drained();
}

TEST(StoreClient, AnswersInAnyOrderFindTheirCalls) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Installation here{seed};
    std::vector<Outcome> outcomes(5, std::unexpected(mailbox::StoreError::io));
    ASSERT_TRUE(here.sim.run(answer_in_reverse(here, outcomes)));
    for (std::size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(outcomes[i], Outcome{done(i + 1)});
  }
}

net::Task<void> lose_the_answer(Installation& here, Outcome& outcome, std::vector<ApplyCall>& seen) {
  const auto listener = here.sim.network().listen(kSocket);
  net::TaskScope scope;
  scope.spawn(here.client.run());
  const mailbox::Batch batch{{mailbox::Append{MailboxId{1}, mailbox::put_blob("abc", {}), {}, {}, {}, {}}}};
  scope.spawn(apply(here.client, batch, outcome));
  auto first = co_await accept(here, *listener);
  auto asked = co_await next_request(*first);
  seen.push_back(std::get<ApplyCall>(std::move(asked)));
  co_await hang_up(std::move(first));
  auto second = co_await accept(here, *listener);
  auto repeated = co_await next_request(*second);
  seen.push_back(std::get<ApplyCall>(std::move(repeated)));
  say(*second, ApplyAnswer{seen.back().id, done(1)});
  co_await second->frames.queued_at_most(0);
  co_await here.sim.loop().sleep(1s);
  here.client.stop();
  co_await hang_up(std::move(second));
  co_await scope.drained();
}

TEST(StoreClient, ACallWhoseConnectionBreaksIsRepeatedUnderTheSameKey) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Installation here{seed};
    Outcome outcome = std::unexpected(mailbox::StoreError::io);
    std::vector<ApplyCall> seen;
    ASSERT_TRUE(here.sim.run(lose_the_answer(here, outcome, seen)));
    EXPECT_EQ(outcome, Outcome{done(1)});
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].key.octets.size(), 16U);
    EXPECT_EQ(seen[0].key.octets, seen[1].key.octets);
    EXPECT_EQ(std::get<mailbox::Append>(seen[1].batch.operations[0]).blob->octets(), "abc");
  }
}

net::Task<void> apply_alone(Installation& here, Outcome& outcome, std::chrono::milliseconds& waited) {
  net::TaskScope scope;
  scope.spawn(here.client.run());
  const auto begun = here.sim.loop().now();
  co_await apply(here.client, kCreateUser, outcome);
  waited = here.sim.loop().now() - begun;
  here.client.stop();
  co_await scope.drained();
}

TEST(StoreClient, WithoutAServerItIsUnavailableAfterFiveSeconds) {
  Installation here{1};
  Outcome outcome = done(0);
  std::chrono::milliseconds waited{};
  ASSERT_TRUE(here.sim.run(apply_alone(here, outcome, waited)));
  EXPECT_EQ(outcome, Outcome{std::unexpected(mailbox::StoreError::unavailable)});
  EXPECT_GE(waited, 5s);
  EXPECT_LE(waited, 6s);
}

net::Task<void> apply_to_the_silent(Installation& here, Outcome& outcome, std::chrono::milliseconds& waited) {
  const auto listener = here.sim.network().listen(kSocket);
  net::TaskScope scope;
  scope.spawn(here.client.run());
  auto peer = co_await accept(here, *listener);
  const auto begun = here.sim.loop().now();
  co_await apply(here.client, kCreateUser, outcome);
  waited = here.sim.loop().now() - begun;
  here.client.stop();
  co_await hang_up(std::move(peer));
  co_await scope.drained();
}

TEST(StoreClient, WhatASilentServerDidIsUnknownAfterHalfAMinute) {
  Installation here{1};
  Outcome outcome = done(0);
  std::chrono::milliseconds waited{};
  ASSERT_TRUE(here.sim.run(apply_to_the_silent(here, outcome, waited)));
  EXPECT_EQ(outcome, Outcome{std::unexpected(mailbox::StoreError::outcome_unknown)});
  EXPECT_GE(waited, 30s);
  EXPECT_LE(waited, 31s);
}

/// It takes what it is sent, and keeps the connection busy with what happens to others: answers come none.
net::Task<void> apply_to_the_chatty(Installation& here, Outcome& outcome, std::chrono::milliseconds& waited) {
  const auto listener = here.sim.network().listen(kSocket);
  net::TaskScope scope;
  scope.spawn(here.client.run());
  auto peer = co_await accept(here, *listener);
  bool answered = false;
  const auto chat = [](Peer& chatty, net::Clock& clock, const bool& done) -> net::Task<void> {
    while (!done) {
      say(chatty, mailbox::Change{UserId{2}, MailboxId{1}, ModSeq{1}});
      co_await clock.sleep(1s);
    }
  };
  scope.spawn(chat(*peer, here.sim.loop(), answered));
  const auto begun = here.sim.loop().now();
  co_await apply(here.client, kCreateUser, outcome);
  waited = here.sim.loop().now() - begun;
  answered = true;
  co_await here.sim.loop().sleep(2s);
  here.client.stop();
  co_await hang_up(std::move(peer));
  co_await scope.drained();
}

TEST(StoreClient, WhatABusyServerThatDoesNotAnswerDidIsUnknownAsSoon) {
  Installation here{1};
  Outcome outcome = done(0);
  std::chrono::milliseconds waited{};
  ASSERT_TRUE(here.sim.run(apply_to_the_chatty(here, outcome, waited)));
  EXPECT_EQ(outcome, Outcome{std::unexpected(mailbox::StoreError::outcome_unknown)});
  EXPECT_GE(waited, 30s);
  EXPECT_LE(waited, 31s);
}

net::Task<void> refuse_to_send(Installation& here, mailbox::Batch batch, Outcome& outcome) {
  const auto listener = here.sim.network().listen(kSocket);
  net::TaskScope scope;
  scope.spawn(here.client.run());
  auto peer = co_await accept(here, *listener);
  co_await apply(here.client, std::move(batch), outcome);
  here.client.stop();
  co_await hang_up(std::move(peer));
  co_await scope.drained();
}

TEST(StoreClient, WhatCannotTravelIsAnsweredAtOnce) {
  Outcome outcome = done(0);
  Installation here{1};
  ASSERT_TRUE(here.sim.run(refuse_to_send(here, {{mailbox::DeleteMailbox{std::string(5'000, 'x')}}}, outcome)));
  EXPECT_EQ(outcome, Outcome{std::unexpected(mailbox::StoreError::invalid_name)});
  Installation there{2};
  const mailbox::Append append{
      MailboxId{1}, mailbox::put_blob(std::string(kAttachmentMaxOctets + 1, 'x'), {}), {}, {}, {}, {}};
  ASSERT_TRUE(there.sim.run(refuse_to_send(there, {{append}}, outcome)));
  EXPECT_EQ(outcome, Outcome{std::unexpected(mailbox::StoreError::cannot)});
}

const char* const kMalformed[] = {
    "\xff\xff\xff\xff\0\0\0\0",  // too long
    "\0\0\0\1\0\0\0\0\xff",      // not protobuf
    "\0\0\0\0\0\0\0\0",          // no kind
};

net::Task<void> send_malformed(Installation& here, std::string octets, Outcome& outcome) {
  const auto listener = here.sim.network().listen(kSocket);
  net::TaskScope scope;
  scope.spawn(here.client.run());
  auto transport = co_await listener->accept();
  {
    net::Stream stream{std::move(transport), 1s};
    stream.write(octets);
    co_await stream.flush();
    auto seen = co_await stream.read_some(1);
    EXPECT_EQ(seen.error(), net::StreamError::closed);
  }
  scope.spawn(apply(here.client, kCreateUser, outcome));
  auto peer = co_await accept(here, *listener);
  auto request = co_await next_request(*peer);
  say(*peer, ApplyAnswer{std::get<ApplyCall>(request).id, done(1)});
  co_await here.sim.loop().sleep(1s);
  here.client.stop();
  co_await hang_up(std::move(peer));
  co_await scope.drained();
}

TEST(StoreClient, AMalformedFrameEndsThatConnectionAndNothingElse) {
  const std::size_t sizes[] = {8, 9, 8};
  for (std::size_t i = 0; i < std::size(sizes); ++i) {
    Installation here{i};
    Outcome outcome = std::unexpected(mailbox::StoreError::io);
    ASSERT_TRUE(here.sim.run(send_malformed(here, std::string(kMalformed[i], sizes[i]), outcome)));
    EXPECT_EQ(outcome, Outcome{done(1)});
  }
}

using State = std::optional<RecipientState>;

net::Task<void> verify(StoreClient& client, std::string address, State& state) {
  state = co_await client.verify(std::move(address), std::nullopt);
}

/// Asks about three addresses; the server answers one late, one never, and others that nobody asked about.
net::Task<void> verify_three(Installation& here, std::vector<State>& states,
                             std::vector<std::chrono::milliseconds>& waited) {
  const auto listener = here.sim.network().listen(kSocket);
  net::TaskScope scope;
  scope.spawn(here.client.run());
  auto peer = co_await accept(here, *listener);
  co_await here.sim.loop().sleep(1s);
  const auto begun = here.sim.loop().now();
  net::TaskScope asking;
  for (std::size_t i = 0; i < states.size(); ++i) {
    asking.spawn(verify(here.client, std::to_string(i) + "@example.org", states[i]));
  }
  std::vector<std::uint64_t> ids;
  for (std::size_t i = 0; i < states.size(); ++i) {
    auto request = co_await next_request(*peer);
    const auto& question = std::get<VerifyRecipient>(request);
    EXPECT_EQ(question.address, std::to_string(i) + "@example.org");
    ids.push_back(question.id);
  }
  say(*peer, RecipientVerified{ids[0] + 1'000, RecipientState::unknown});
  say(*peer, RecipientVerified{ids[2], RecipientState::over_quota});
  say(*peer, RecipientVerified{ids[2], RecipientState::ok});
  co_await here.sim.loop().sleep(1s);
  say(*peer, RecipientVerified{ids[0], RecipientState::ok});
  co_await asking.drained();
  waited.push_back(here.sim.loop().now() - begun);
  say(*peer, RecipientVerified{ids[1], RecipientState::ok});
  co_await here.sim.loop().sleep(1s);
  here.client.stop();
  co_await hang_up(std::move(peer));
  co_await scope.drained();
}

TEST(StoreClient, AQuestionWithoutAnAnswerIsGivenUpAfterTwoSeconds) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Installation here{seed};
    std::vector<State> states(3, RecipientState::unavailable);
    std::vector<std::chrono::milliseconds> waited;
    ASSERT_TRUE(here.sim.run(verify_three(here, states, waited)));
    EXPECT_EQ(states, (std::vector<State>{RecipientState::ok, std::nullopt, RecipientState::over_quota}));
    EXPECT_EQ(waited.front(), 2s);
  }
}

net::Task<void> verify_when_it_breaks(Installation& here, std::vector<State>& states,
                                      std::chrono::milliseconds& waited) {
  co_await verify(here.client, "a@example.org", states[0]);
  const auto listener = here.sim.network().listen(kSocket);
  net::TaskScope scope;
  scope.spawn(here.client.run());
  auto peer = co_await accept(here, *listener);
  co_await here.sim.loop().sleep(1s);
  const auto begun = here.sim.loop().now();
  net::TaskScope asking;
  asking.spawn(verify(here.client, "b@example.org", states[1]));
  auto request = co_await next_request(*peer);
  EXPECT_TRUE(std::holds_alternative<VerifyRecipient>(request));
  co_await hang_up(std::move(peer));
  co_await asking.drained();
  waited = here.sim.loop().now() - begun;
  auto again = co_await accept(here, *listener);
  co_await here.sim.loop().sleep(1s);
  co_await verify(here.client, std::string(1'025, 'x'), states[2]);
  here.client.stop();
  co_await verify(here.client, "c@example.org", states[3]);
  co_await hang_up(std::move(again));
  co_await scope.drained();
}

TEST(StoreClient, NobodyKnowsWithoutAConnection) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Installation here{seed};
    std::vector<State> states(4, RecipientState::ok);
    std::chrono::milliseconds waited{};
    ASSERT_TRUE(here.sim.run(verify_when_it_breaks(here, states, waited)));
    EXPECT_EQ(states, std::vector<State>(4));
    EXPECT_LT(waited, 1s);
  }
}

net::Task<void> count_subscriptions(Installation& here, std::vector<std::string>& heard) {
  const auto listener = here.sim.network().listen(kSocket);
  net::TaskScope scope;
  scope.spawn(here.client.run());
  const auto hear = [&heard](std::string who) {
    return [&heard, who](const mailbox::Notification& change) {
      heard.push_back(who + (change ? std::to_string(number(change->mailbox)) : "*"));
    };
  };
  auto peer = co_await accept(here, *listener);
  co_await here.sim.loop().sleep(1s);
  auto a = here.client.subscribe(UserId{1}, hear("a"));
  auto b = here.client.subscribe(UserId{1}, hear("b"));
  auto asked = co_await next_request(*peer);
  EXPECT_EQ(std::get<Subscribe>(asked).user, UserId{1});
  say(*peer, Subscribed{UserId{1}});
  say(*peer, mailbox::Change{UserId{1}, MailboxId{7}, ModSeq{1}});
  say(*peer, mailbox::Change{UserId{2}, MailboxId{8}, ModSeq{1}});
  say(*peer, AnythingChanged{});
  co_await here.sim.loop().sleep(1s);
  heard.emplace_back("|");
  a.reset();
  say(*peer, mailbox::Change{UserId{1}, MailboxId{9}, ModSeq{2}});
  co_await here.sim.loop().sleep(1s);
  co_await hang_up(std::move(peer));

  heard.emplace_back("|");
  auto again = co_await accept(here, *listener);
  auto renewed = co_await next_request(*again);
  EXPECT_EQ(std::get<Subscribe>(renewed).user, UserId{1});
  say(*again, Subscribed{UserId{1}});
  co_await here.sim.loop().sleep(1s);
  b.reset();
  auto ended = co_await next_request(*again);
  EXPECT_EQ(std::get<Unsubscribe>(ended).user, UserId{1});
  here.client.stop();
  co_await hang_up(std::move(again));
  co_await scope.drained();
}

TEST(StoreClient, OneFrameForAllSubscribersOfAUserAndOneAfterAReconnect) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Installation here{seed};
    std::vector<std::string> heard;
    ASSERT_TRUE(here.sim.run(count_subscriptions(here, heard)));
    EXPECT_EQ(heard, (std::vector<std::string>{"a*", "b*", "a7", "b7", "a*", "b*", "|", "b9", "|", "b*"}));
  }
}

}  // namespace
}  // namespace posthaste::wire
