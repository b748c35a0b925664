// The store socket from end to end: the client that imapd uses, deliveryd's session, and a real store.
#include "deliveryd/store_session.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "installation.h"

namespace posthaste::deliveryd {
namespace {

using namespace std::chrono_literals;
using Outcome = std::expected<mailbox::ApplyResult, mailbox::StoreError>;

net::Task<void> call(wire::StoreClient& client, mailbox::Batch batch, mailbox::IdempotencyKey key,
                     Outcome& outcome) {
  outcome = co_await client.apply(kAlice, std::move(batch), std::move(key));
}

/// Applies `batches` one after the other under these keys.
net::Task<void> apply_all(Installation& here, std::vector<mailbox::Batch> batches, std::vector<std::string> keys,
                          std::vector<Outcome>& outcomes) {
  wire::StoreClient client{here.sim.world(), kStoreSocket, here.log};
  net::TaskScope scope;
  scope.spawn(client.run());
  for (std::size_t i = 0; i < batches.size(); ++i) {
    Outcome outcome = std::unexpected(mailbox::StoreError::io);
    mailbox::IdempotencyKey key;
    if (!keys.empty()) key.octets = keys[i];
    co_await call(client, std::move(batches[i]), std::move(key), outcome);
    outcomes.push_back(std::move(outcome));
  }
  client.stop();
  co_await scope.drained();
}

MailboxId inbox_of(Installation& here, UserId user) {
  return here.writer->store().read(user)->mailbox("INBOX")->id;
}

std::vector<Outcome> apply_all(Installation& here, std::vector<mailbox::Batch> batches,
                               std::vector<std::string> keys = {}) {
  std::vector<Outcome> outcomes;
  EXPECT_TRUE(here.run(apply_all(here, std::move(batches), std::move(keys), outcomes)));
  return outcomes;
}

mailbox::Append append_to(MailboxId mailbox, std::string octets) {
  return {mailbox, mailbox::put_blob(std::move(octets), {}), {}, {}, {}, {}};
}

TEST(StoreSocket, CarriesEveryOperationAndItsResult) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Installation here{seed};
    ASSERT_TRUE(apply_all(here, {{{mailbox::CreateUser{}}}}).front());
    const MailboxId inbox = inbox_of(here, kAlice);
    const auto made =
        apply_all(here, {{{mailbox::CreateMailbox{"a", {}}, mailbox::SetSubscribed{"a", true},
                           append_to(inbox, "Subject: 1\r\n\r\n"), append_to(inbox, "Subject: 2\r\n\r\n")}}});
    ASSERT_TRUE(made.front());
    const auto& results = made.front()->results;
    const MailboxId a = std::get<mailbox::MailboxChanged>(results.at(0)).mailbox;
    EXPECT_EQ(results.at(1), mailbox::OperationResult{mailbox::Done{}});
    EXPECT_EQ(std::get<mailbox::Appended>(results.at(2)).uid, Uid{1});
    EXPECT_EQ(std::get<mailbox::Appended>(results.at(3)).uid, Uid{2});

    const mailbox::UidSet both{{Uid{1}, Uid{2}}};
    const mailbox::UidSet first{{Uid{1}, Uid{1}}};
    const auto changed = apply_all(
        here, {{{mailbox::StoreFlags{inbox, both, mailbox::FlagMode::add, {mailbox::SystemFlag::seen}, {}, {}}}},
               {{mailbox::Copy{inbox, both, a}}},
               {{mailbox::Move{inbox, first, a}}},
               {{mailbox::Expunge{a, first, mailbox::ExpungeWhich::all}}},
               {{mailbox::RenameMailbox{"a", "b"}, mailbox::SetSpecialUse{"b", mailbox::SpecialUse::flagged}}},
               {{mailbox::DeleteMailbox{"b"}}},
               {{mailbox::SetQuota{{1'000'000, 10}}}},
               {{mailbox::DeleteMailbox{"INBOX"}}},
               {{mailbox::DeleteUser{}}}});
    EXPECT_EQ(std::get<mailbox::FlagsStored>(changed.at(0)->results.at(0)).changed, both);
    EXPECT_EQ(std::get<mailbox::Copied>(changed.at(1)->results.at(0)).destination, both);
    EXPECT_EQ(std::get<mailbox::Copied>(changed.at(2)->results.at(0)).destination,
              (mailbox::UidSet{{Uid{3}, Uid{3}}}));
    EXPECT_EQ(std::get<mailbox::Expunged>(changed.at(3)->results.at(0)).uids, first);
    EXPECT_EQ(changed.at(4)->results.size(), 2U);
    EXPECT_TRUE(changed.at(5));
    EXPECT_TRUE(changed.at(6));
    EXPECT_EQ(changed.at(7), Outcome{std::unexpected(mailbox::StoreError::cannot)});
    EXPECT_TRUE(changed.at(8));
  }
}

TEST(StoreSocket, AnAppendedMessageIsSummarizedHere) {
  Installation here{1};
  apply_all(here, {{{mailbox::CreateUser{}}}});
  const MailboxId inbox = inbox_of(here, kAlice);
  const std::string large = "Subject: large\r\nX-Other: b\r\n\r\n" + std::string(300'000, 'x') + "\r\n";
  ASSERT_TRUE(apply_all(here, {{{append_to(inbox, large)}}}).front());
  const auto snapshot = here.writer->store().read(kAlice);
  const auto message = snapshot->message(inbox, Uid{1});
  ASSERT_TRUE(message);
  const auto found = snapshot->short_summary(message->blob);
  ASSERT_TRUE(found && *found);
  const mailbox::SummaryView& summary = **found;
  EXPECT_EQ(summary.envelope, "(NIL \"large\" NIL NIL NIL NIL NIL NIL NIL NIL)");
  EXPECT_TRUE(summary.body_structure.starts_with("(\"text\" \"plain\"") ||
              summary.body_structure.starts_with("(\"TEXT\" \"PLAIN\""))
      << summary.body_structure;
  EXPECT_EQ(summary.header_cache, "Subject: large\r\n\r\n");
  EXPECT_EQ(here.messages(kAlice).front(), large);
}

net::Task<void> append_for(wire::StoreClient& client, UserId user, mailbox::Append append, char name,
                           std::string& order) {
  mailbox::Batch batch;
  batch.operations.emplace_back(std::move(append));
  mailbox::IdempotencyKey no_key;
  auto outcome = co_await client.apply(user, std::move(batch), std::move(no_key));
  EXPECT_TRUE(outcome);
  order += name;
}

/// Alice appends many large messages at once, then bob a large one and a small one.
net::Task<void> append_together(Installation& here, std::string& order) {
  wire::StoreClient client{here.sim.world(), kStoreSocket, here.log};
  net::TaskScope connection;
  connection.spawn(client.run());
  const std::string large(70'000, 'x');
  net::TaskScope calls;
  for (int i = 0; i < 10; ++i) {
    calls.spawn(append_for(client, kAlice, append_to(inbox_of(here, kAlice), large), 'a', order));
  }
  calls.spawn(append_for(client, kBob, append_to(inbox_of(here, kBob), large), 'B', order));
  calls.spawn(append_for(client, kBob, append_to(inbox_of(here, kBob), "small"), 'b', order));
  co_await calls.drained();
  client.stop();
  co_await connection.drained();
}

net::Task<void> meet(Installation& here) {
  for (const UserId user : {kAlice, kBob}) {
    mailbox::Batch batch;
    batch.operations.emplace_back(mailbox::CreateUser{});
    mailbox::IdempotencyKey no_key;
    auto met = co_await here.local_store->apply(user, std::move(batch), std::move(no_key));
    EXPECT_TRUE(met);
  }
}

TEST(StoreSocket, OneUsersLargeMessagesKeepNobodyElseWaiting) {
  Installation here{1, {20ms, 50ms}};
  ASSERT_TRUE(here.sim.run(meet(here)));
  std::string order;
  ASSERT_TRUE(here.run(append_together(here, order)));
  EXPECT_EQ(order.size(), 12U);
  EXPECT_LT(order.find('b'), 6U) << order;
  EXPECT_LT(order.find('B'), 8U) << order;
}

TEST(StoreSocket, ARepeatedKeyIsAnsweredAndNotDoneAgain) {
  Installation here{1};
  apply_all(here, {{{mailbox::CreateUser{}}}});
  const mailbox::Batch batch{{append_to(inbox_of(here, kAlice), "a\r\n")}};
  const auto outcomes = apply_all(here, {batch, batch, batch}, {"one", "one", "two"});
  ASSERT_TRUE(outcomes.at(0));
  EXPECT_EQ(outcomes.at(0), outcomes.at(1));
  EXPECT_NE(outcomes.at(0)->results, outcomes.at(2)->results);
  EXPECT_EQ(here.messages(kAlice).size(), 2U);
}

TEST(StoreSocket, WhatWasAppliedOnceStaysSoWhenConnectionsBreak) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Installation here{seed, {20ms, 3ms, 0.05}};
    std::vector<mailbox::Batch> batches(10, {{mailbox::CreateUser{}}});
    apply_all(here, std::move(batches));
    const MailboxId inbox = inbox_of(here, kAlice);
    const auto outcomes = apply_all(here, std::vector<mailbox::Batch>(10, {{append_to(inbox, "a\r\n")}}));
    std::size_t applied = 0;
    for (const auto& outcome : outcomes) applied += outcome ? 1U : 0U;
    EXPECT_EQ(applied, 10U);
    EXPECT_EQ(here.messages(kAlice).size(), 10U) << "seed " << seed;
  }
}

net::Task<void> hear_changes(Installation& here, std::vector<std::string>& heard) {
  wire::StoreClient reader{here.sim.world(), kStoreSocket, here.log};
  wire::StoreClient writer{here.sim.world(), kStoreSocket, here.log};
  net::TaskScope scope;
  scope.spawn(reader.run());
  scope.spawn(writer.run());
  const auto subscription = reader.subscribe(kAlice, [&heard](const mailbox::Notification& change) {
    heard.push_back(change ? std::to_string(number(change->user)) : "*");
  });
  co_await here.sim.loop().sleep(1s);
  Outcome outcome = std::unexpected(mailbox::StoreError::io);
  const mailbox::Batch create{{mailbox::CreateMailbox{"a", {}}}};
  const mailbox::IdempotencyKey no_key;
  co_await call(writer, create, no_key, outcome);
  auto other = co_await writer.apply(kBob, create, no_key);
  EXPECT_TRUE(other);
  co_await here.sim.loop().sleep(1s);
  reader.stop();
  writer.stop();
  co_await scope.drained();
}

TEST(StoreSocket, ChangesAreToldToThoseWhoSubscribed) {
  Installation here{1};
  apply_all(here, {{{mailbox::CreateUser{}}}});
  std::vector<std::string> heard;
  ASSERT_TRUE(here.run(hear_changes(here, heard)));
  ASSERT_GE(heard.size(), 2U);
  EXPECT_EQ(heard.front(), "*");
  for (std::size_t i = 1; i < heard.size(); ++i) EXPECT_EQ(heard[i], "1");
}

net::Task<void> send_and_listen(net::Network& network, std::string octets, std::string& answer) {
  auto transport = co_await network.connect(kStoreSocket, 1s);
  net::Stream stream{std::move(*transport), 1min};
  stream.write(octets);
  for (;;) {
    auto heard = co_await stream.read_some(1024);
    if (!heard) {
      EXPECT_EQ(heard.error(), net::StreamError::closed);
      co_return;
    }
    answer += *heard;
  }
}

TEST(StoreSocket, AMalformedFrameClosesTheConnection) {
  const std::string frames[] = {std::string("\0\0\0\1\0\0\0\0\xff", 9), std::string("\xff\0\0\0\0\0\0\0", 8),
                                std::string("\0\0\0\0\0\0\0\1x", 9), "GET / HTTP/1.1\r\n\r\n"};
  for (const auto& frame : frames) {
    Installation here{1};
    std::string answer;
    ASSERT_TRUE(here.run(send_and_listen(here.sim.network(), frame, answer)));
    EXPECT_EQ(answer, "");
    EXPECT_TRUE(apply_all(here, {{{mailbox::CreateUser{}}}}).front());
  }
}

net::Task<void> append_at_once(Installation& here, std::vector<std::size_t> sizes, std::vector<Outcome>& outcomes) {
  wire::StoreClient client{here.sim.world(), kStoreSocket, here.log};
  net::TaskScope scope;
  net::TaskScope calls;
  scope.spawn(client.run());
  outcomes.assign(sizes.size(), std::unexpected(mailbox::StoreError::io));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const mailbox::Batch batch{{append_to(inbox_of(here, kAlice), std::string(sizes[i], 'x'))}};
    calls.spawn(call(client, batch, {}, outcomes[i]));
  }
  co_await calls.drained();
  client.stop();
  co_await scope.drained();
}

std::string words(const std::vector<Outcome>& outcomes) {
  std::string words;
  for (const auto& outcome : outcomes) {
    words += outcome ? "ok " : outcome.error() == mailbox::StoreError::unavailable ? "unavailable " : "other ";
  }
  return words;
}

TEST(StoreSocket, AnExceptionEndsItsConnectionAlone) {
  Installation here{1};
  std::string answer;
  std::string frame("\0\0\x10\0\0\0\0\0", 8);  // whose message will have 4,096 octets
  for (int i = 0; i < 200; ++i) frame += kThrowingWord;
  ASSERT_TRUE(here.run(send_and_listen(here.sim.network(), frame, answer)));
  EXPECT_EQ(answer, "");
  EXPECT_NE(here.sink.text().find("session.failed socket=store"), std::string::npos) << here.sink.text();
  EXPECT_TRUE(apply_all(here, {{{mailbox::CreateUser{}}}}).front());
}

TEST(StoreSocket, WhatThereIsNoMemoryForIsAnsweredAlone) {
  Installation here{1};
  ASSERT_TRUE(apply_all(here, {{{mailbox::CreateUser{}}}}).front());
  const std::size_t too_large = 1'000'001;  // beyond what the installation has for all of them
  std::vector<Outcome> outcomes;
  ASSERT_TRUE(here.run(append_at_once(here, {100, too_large, 900'000, 100}, outcomes)));
  EXPECT_EQ(words(outcomes), "ok unavailable ok ok ");
  EXPECT_EQ(here.messages(kAlice).size(), 3U);
  EXPECT_EQ(here.attached_memory.taken(), 0U);
  EXPECT_EQ(here.decoded_memory.taken(), 0U);
}

TEST(StoreSocket, ConnectionsShareTheMemory) {
  Installation here{1};
  ASSERT_TRUE(apply_all(here, {{{mailbox::CreateUser{}}}}).front());
  auto others = here.attached_memory.take(600'000);
  ASSERT_TRUE(others);
  std::vector<Outcome> outcomes;
  ASSERT_TRUE(here.run(append_at_once(here, {500'000, 300'000}, outcomes)));
  EXPECT_EQ(words(outcomes), "unavailable ok ");
  others->give_back();
  ASSERT_TRUE(here.run(append_at_once(here, {500'000}, outcomes)));
  EXPECT_EQ(words(outcomes), "ok ");
}

TEST(StoreSocket, WhatGrowsWhenItIsDecodedNeedsMemoryToo) {
  Installation here{1};
  ASSERT_TRUE(apply_all(here, {{{mailbox::CreateUser{}}}}).front());
  mailbox::UidSet many;
  for (std::uint32_t uid = 1; uid < 100'000; uid += 2) many.add({Uid{uid}, Uid{uid}});
  const mailbox::Batch batch{
      {mailbox::StoreFlags{inbox_of(here, kAlice), many, mailbox::FlagMode::add, {}, {}, {}}}};
  EXPECT_EQ(words(apply_all(here, {batch, {{mailbox::CreateUser{}}}})), "unavailable ok ");
}

TEST(ChangeInbox, OverflowsIntoOneWordForAll) {
  struct Counter : ChangeListener {
    void changed(const mailbox::Change&) override { ++changes; }
    void anything_changed() override { ++overflows; }
    std::size_t changes = 0;
    std::size_t overflows = 0;
  };
  net::SimLoop loop;
  ChangeFeed feed;
  const auto inbox = feed.open_inbox(loop);
  Counter counter;
  inbox->listen(kAlice, counter);
  for (std::size_t i = 0; i < ChangeInbox::kWaitingMax; ++i) feed.publish({kAlice, MailboxId{1}, ModSeq{i}});
  feed.publish({kBob, MailboxId{1}, ModSeq{1}});
  while (loop.step()) continue;
  EXPECT_EQ(counter.changes, ChangeInbox::kWaitingMax);
  EXPECT_EQ(counter.overflows, 0U);
  for (std::size_t i = 0; i <= ChangeInbox::kWaitingMax; ++i) feed.publish({kAlice, MailboxId{1}, ModSeq{i}});
  while (loop.step()) continue;
  EXPECT_EQ(counter.changes, ChangeInbox::kWaitingMax);
  EXPECT_EQ(counter.overflows, 1U);
  inbox->stop_listening(kAlice, counter);
  feed.publish({kAlice, MailboxId{1}, ModSeq{1}});
  EXPECT_FALSE(loop.step());
}

net::Task<void> verify_all(Installation& here, std::vector<std::string> addresses,
                           std::optional<std::uint64_t> octets,
                           std::vector<std::optional<wire::RecipientState>>& states) {
  wire::StoreClient client{here.sim.world(), kStoreSocket, here.log};
  net::TaskScope scope;
  scope.spawn(client.run());
  co_await here.sim.loop().sleep(1s);  // then it is connected
  for (const auto& address : addresses) {
    const auto state = co_await client.verify(address, octets);
    states.push_back(state);
  }
  client.stop();
  co_await scope.drained();
}

wire::RecipientState verify(Installation& here, std::string address,
                            std::optional<std::uint64_t> octets = std::nullopt) {
  std::vector<std::optional<wire::RecipientState>> states;
  EXPECT_TRUE(here.run(verify_all(here, {std::move(address)}, octets, states)));
  EXPECT_TRUE(states.front());
  return states.front().value_or(wire::RecipientState::unavailable);
}

TEST(StoreSocket, VerifiesRecipientsByTheRulesOfRcpt) {
  const std::pair<const char*, wire::RecipientState> kCases[] = {
      {"alice@example.org", wire::RecipientState::ok},
      {"ALICE@EXAMPLE.ORG", wire::RecipientState::ok},
      {"alice+detail@example.org", wire::RecipientState::ok},
      {"staff@example.org", wire::RecipientState::ok},
      {"nobody@example.org", wire::RecipientState::unknown},
      {"alice@example.com", wire::RecipientState::unknown},
      {"outside@example.org", wire::RecipientState::unavailable},
      {"alice", wire::RecipientState::unknown},
      {"@", wire::RecipientState::unknown},
      {"", wire::RecipientState::unknown},
      {"\xff\x01@example.org", wire::RecipientState::unknown},
  };
  Installation here{1};
  for (const auto& [address, state] : kCases) EXPECT_EQ(verify(here, address), state) << address;
}

TEST(StoreSocket, AFullMailboxIsOverQuotaForWhatDoesNotFit) {
  Installation here{1};
  ASSERT_TRUE(apply_all(here, {{{mailbox::CreateUser{}, mailbox::SetQuota{{1'000, 10}}}}}).front());
  EXPECT_EQ(verify(here, "alice@example.org"), wire::RecipientState::ok);
  EXPECT_EQ(verify(here, "alice@example.org", 1'000), wire::RecipientState::ok);
  EXPECT_EQ(verify(here, "alice@example.org", 1'001), wire::RecipientState::over_quota);
  EXPECT_EQ(verify(here, "alice@example.org", 0xffff'ffff'ffff'ffff), wire::RecipientState::over_quota);
  EXPECT_EQ(verify(here, "staff@example.org", 1'001), wire::RecipientState::ok) << "bob has room";
  ASSERT_TRUE(apply_all(here, {{{append_to(inbox_of(here, kAlice), std::string(1'000, 'x'))}}}).front());
  EXPECT_EQ(verify(here, "alice@example.org"), wire::RecipientState::over_quota);
}

}  // namespace
}  // namespace posthaste::deliveryd
