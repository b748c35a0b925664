// The queue's scheduler in the simulated world: when what is tried, what the operator changes, and what the end of
// the daemon leaves.
#include "smtpd/dispatcher.h"

#include <algorithm>
#include <fstream>
#include <list>

#include "common/journal/log.h"

#include "../common/scratch_directory.h"
#include "fake_host.h"
#include "installation.h"

namespace posthaste::smtpd {
namespace {

using namespace std::chrono_literals;
using queue::EntryId;
using Stage = FakeHost::Stage;

constexpr net::SimConditions kNoDelays{.network_delay_max = 0ms, .executor_delay_max = 0ms};

config::Config configuration() {
  auto config = installation().config;
  config.queue.retry_delay_min = 5min;
  config.queue.retry_delay_max = 4h;
  config.queue.expire = 120h;
  config.queue.delay_warning = 0s;
  return config;
}

/// The outbound half with a queue and hosts of its own.
class Scene {
 public:
  explicit Scene(const net::SimConditions& conditions = {})
      : sim(1, conditions), queue_(open_queue(scratch_.path(), at_once_)), deliveryd_(sim, lmtp()) {
    start_again();
  }

  /// As a daemon that has just begun; the one before has ended.
  void start_again(Dispatcher::Limits limits = Dispatcher::Limits()) {
    outbound_.reset();
    pool_.emplace(sim.world(), lmtp(), config_.hostname);
    outbound_.emplace(sim.world(), config_, installation().directory(), *queue_, *pool_, log_, limits);
    for (auto& [domain, host] : hosts_) add_record(domain);
    for (const auto& domain : more_domains_) add_record(domain);
    outbound_->start(*Dispatcher::left_in(*queue_));
  }

  /// One more domain of a host that is there.
  void same_host(const std::string& domain, const std::string& as) {
    addresses_[domain] = addresses_.at(as);
    more_domains_.push_back(domain);
    add_record(domain);
  }
  /// The only host of the domain, which takes everything.
  FakeHost& host(const std::string& domain) {
    const std::string address = "192.0.2." + std::to_string(hosts_.size() + 100);
    hosts_.emplace_back(domain, std::make_unique<FakeHost>(sim, net::Endpoint{address, 25}));
    addresses_[domain] = address;
    add_record(domain);
    return *hosts_.back().second;
  }

  net::Task<EntryId> submit(std::vector<smtp::Mailbox> recipients, std::string body = "hi\r\n") {
    queue::Add add;
    add.envelope.trace_id = "trace";
    add.envelope.reverse_path = smtp::Mailbox{"alice", "example.org"};
    add.envelope.arrived = sim.loop().wall();
    for (auto& mailbox : recipients) {
      queue::QueuedRecipient recipient;
      recipient.recipient.mailbox = std::move(mailbox);
      recipient.status.next_attempt = sim.loop().wall();
      add.recipients.push_back(std::move(recipient));
    }
    add.message.push_back(queue::share("Subject: test\r\n\r\n" + body));
    queue::Batch batch;
    batch.emplace_back(add);
    auto ids = co_await queue_->submit(sim.loop(), std::move(batch), queue::Moment::durable);
    dispatcher().take({ids->front(), std::move(add)});
    co_return ids->front();
  }

  /// As one that stops.
  net::Task<void> stop() { co_await outbound_->ended(); }

  net::Task<void> end() {
    co_await stop();
    outbound_.reset();
    pool_.reset();
    for (auto& [domain, host] : hosts_) co_await host->ended();
    co_await deliveryd_.ended();
  }

  [[nodiscard]] Dispatcher& dispatcher() { return outbound_->dispatcher; }
  [[nodiscard]] std::optional<queue::Entry> entry(EntryId id) const {
    auto entry = queue_->reader().read(id);
    return entry ? std::optional{std::move(*entry)} : std::nullopt;
  }
  [[nodiscard]] std::vector<EntryId> entries() const {
    std::vector<EntryId> ids;
    const auto left = Dispatcher::left_in(*queue_);
    for (const auto& due : *left) ids.push_back(due.id);
    return ids;
  }
  /// Flips a bit of an entry's message on disk.
  void damage(EntryId id) const {
    const auto location = entry(id)->message;
    const auto place = static_cast<std::streamoff>(location.offset + location.octets - 3);
    std::fstream file(journal::segment_path(scratch_.path() / "log", location.segment),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(place);
    const auto octet = static_cast<char>(file.get() ^ 0x10);
    file.seekp(place);
    file.put(octet);
  }
  [[nodiscard]] queue::Queue& queue() { return *queue_; }
  [[nodiscard]] std::string events() const { return sink_.text(); }
  FakeDeliveryd& deliveryd() { return deliveryd_; }

  net::SimWorld sim;

 private:
  [[nodiscard]] net::Endpoint lmtp() const { return {config::lmtp_socket(config_), 0}; }
  void add_record(const std::string& domain) {
    outbound_->resolver.add(domain, dns::Type::a, dns::Address{addresses_[domain]});
  }

  const config::Config config_ = configuration();
  ScratchDirectory scratch_{quick_directory()};
  log::MemorySink sink_;
  const log::Log log_{sink_, "smtpd", log::Format::text, log::Level::info, [this] { return sim.loop().wall(); }};
  AtOnce at_once_;
  std::unique_ptr<queue::Queue> queue_;
  FakeDeliveryd deliveryd_;
  std::optional<LmtpPool> pool_;
  std::optional<SimOutbound> outbound_;
  std::list<std::pair<std::string, std::unique_ptr<FakeHost>>> hosts_;  // by domain
  std::map<std::string, std::string> addresses_;
  std::vector<std::string> more_domains_;
};

using Play = net::Task<void> (*)(Scene&);

net::Task<void> play_to_the_end(Scene& scene, Play play) {
  co_await play(scene);
  co_await scene.end();
}

void run(Play play, const net::SimConditions& conditions = {}) {
  Scene scene{conditions};
  EXPECT_TRUE(scene.sim.run(play_to_the_end(scene, play))) << "deadlock";
  EXPECT_EQ(scene.events().find("queue.entry.un"), std::string::npos) << scene.events();
  EXPECT_EQ(scene.events().find("queue.entry.missing"), std::string::npos) << scene.events();
}

smtp::Mailbox at(const std::string& domain, const std::string& name = "jones") { return {name, domain}; }

/// For awaiting statements, which bear no braces.
template <typename... Mailboxes>
std::vector<smtp::Mailbox> all(Mailboxes... mailboxes) {
  return {std::move(mailboxes)...};
}

FakeHost::Manners always(Stage stage, std::string reply, std::chrono::milliseconds after = 0ms) {
  return [stage, reply = std::move(reply), after](Stage now, const std::string&) {
    FakeHost::Answer answer;
    if (now != stage) return answer;
    answer.reply = reply;
    answer.after = after;
    return answer;
  };
}

// The schedule

net::Task<void> try_in_vain(Scene& scene) {
  std::vector<net::Instant> attempts;
  auto& host = scene.host("busy.test");
  host.manners = [&](Stage stage, const std::string&) {
    FakeHost::Answer answer;
    if (stage != Stage::rcpt) return answer;
    attempts.push_back(scene.sim.loop().now());
    answer.reply = "451 4.7.1 Greylisted";
    return answer;
  };
  const auto id = co_await scene.submit(all(at("busy.test")));
  co_await scene.sim.loop().sleep(3h);
  // At 0, 5, 15, 35, 75 and 155 minutes, each delay an eighth shorter or longer.
  EXPECT_EQ(attempts.size(), 6U);
  std::chrono::milliseconds usual = 5min;
  for (std::size_t i = 1; i < attempts.size(); ++i, usual *= 2) {
    EXPECT_GE(attempts[i] - attempts[i - 1], usual * 7 / 8);
    EXPECT_LE(attempts[i] - attempts[i - 1], usual * 9 / 8 + 2s);
  }
  EXPECT_EQ(scene.entry(id)->recipients.front().status.attempts, 6U);
  EXPECT_EQ(scene.entry(id)->recipients.front().status.last_reply, "451 4.7.1 Greylisted");
  host.manners = [](Stage, const std::string&) { return FakeHost::Answer{}; };
  co_await scene.sim.loop().sleep(4h);
  EXPECT_EQ(host.taken.size(), 1U);
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, TriesAgainAfterTwiceTheTimeEachTime) { run(try_in_vain); }

net::Task<void> expire(Scene& scene) {
  scene.host("busy.test").manners = always(Stage::rcpt, "451 4.7.1 Greylisted");
  co_await scene.submit(all(at("busy.test")));
  co_await scene.sim.loop().sleep(119h);
  EXPECT_EQ(scene.entries().size(), 1U);
  EXPECT_TRUE(scene.deliveryd().delivered.empty());
  co_await scene.sim.loop().sleep(6h);
  EXPECT_TRUE(scene.entries().empty());
  EXPECT_EQ(scene.deliveryd().delivered.size(), 1U);
  if (scene.deliveryd().delivered.empty()) co_return;
  EXPECT_EQ(scene.deliveryd().delivered.front().from, "<>");
  EXPECT_NE(scene.deliveryd().delivered.front().message.find("Status: 5.4.7\r\n"), std::string::npos);
}

TEST(Dispatcher, GivesUpWhenTheTimeIsOverAndTellsTheSender) { run(expire); }

// Lanes

net::Task<void> wait_behind_nobody(Scene& scene) {
  scene.host("slow.test").manners = always(Stage::greeting, "220 at last", 4min);
  auto& quick = scene.host("quick.test");
  for (int i = 0; i < 100; ++i) co_await scene.submit(all(at("slow.test")));
  const auto start = scene.sim.loop().now();
  co_await scene.submit(all(at("quick.test"), at("slow.test")));
  co_await scene.sim.loop().sleep(10s);
  EXPECT_EQ(quick.taken.size(), 1U);
  if (quick.taken.size() == 1) {
    EXPECT_LT(quick.taken.front().when - start, 1s);
  }
  co_await scene.sim.loop().sleep(1h);
  EXPECT_TRUE(scene.entries().empty());
  EXPECT_EQ(quick.taken.size(), 1U);
}

TEST(Dispatcher, ASlowHostDelaysNobodyElsesMail) { run(wait_behind_nobody); }

net::Task<void> park(Scene& scene) {
  constexpr std::size_t kMessages = 1'200;  // 40 are tried at once, and 1,000 wait in memory
  auto& slow = scene.host("slow.test");
  auto& quick = scene.host("quick.test");
  slow.manners = always(Stage::greeting, "220 at last", 4min);
  for (std::size_t i = 0; i + 1 < kMessages; ++i) co_await scene.submit(all(at("slow.test")));
  const auto last = co_await scene.submit(all(at("slow.test"), at("quick.test")));
  co_await scene.sim.loop().sleep(60s);
  EXPECT_EQ(quick.taken.size(), 1U) << "the other recipient of a parked entry";
  EXPECT_EQ(scene.entry(last)->recipients[1].status.fate, queue::Fate::relayed);
  EXPECT_EQ(scene.entry(last)->recipients[0].status.attempts, 0U);
  slow.manners = [](Stage, const std::string&) { return FakeHost::Answer{}; };
  co_await scene.sim.loop().sleep(1h);
  EXPECT_EQ(slow.taken.size(), kMessages);
  EXPECT_EQ(quick.taken.size(), 1U);
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, ParkedEntriesComeBack) { run(park); }

/// What one sender has in the queue for one domain, to be read from there: each has more than 1,000 octets.
net::Task<void> leave(Scene& scene, std::string sender, std::string domain, int count, std::string name = "jones") {
  for (int i = 0; i < count; ++i) {
    queue::Add add;
    add.envelope.trace_id = "trace";
    add.envelope.reverse_path = smtp::Mailbox{sender, "example.org"};
    add.envelope.arrived = scene.sim.loop().wall();
    queue::QueuedRecipient recipient;
    recipient.recipient.mailbox = at(domain, name);
    add.recipients.push_back(std::move(recipient));
    add.message.push_back(queue::share("Subject: x\r\n\r\n" + std::string(1'000, 'x') + "\r\n"));
    queue::Batch batch;
    batch.emplace_back(std::move(add));
    const auto added = co_await scene.queue().submit(scene.sim.loop(), std::move(batch), queue::Moment::published);
    EXPECT_TRUE(added);
  }
}

constexpr std::uint64_t kEightInHand = 8'400;  // and two of a sender or a host

/// A large message from each of the senders, to these hosts in turn, which are slow.
net::Task<void> read_much(Scene& scene, std::vector<std::string> senders, std::vector<std::string> hosts) {
  for (const auto& host : hosts) scene.host(host).manners = always(Stage::message, "250 2.0.0 at last", 4min);
  auto& quick = scene.host("quick.test");
  co_await scene.stop();
  for (std::size_t i = 0; i < senders.size(); ++i) co_await leave(scene, senders[i], hosts[i % hosts.size()], 1);
  co_await leave(scene, "bob", "quick.test", 3);
  scene.start_again({.octets_in_hand = kEightInHand});
  co_await scene.sim.loop().sleep(30s);
  EXPECT_EQ(quick.taken.size(), 3U);
  co_await scene.sim.loop().sleep(1h);
  EXPECT_TRUE(scene.entries().empty());
}

std::vector<std::string> ten(const std::string& front, const std::string& rest = {}) {
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) names.push_back(front + std::to_string(i) + rest);
  return names;
}

net::Task<void> read_much_for_a_slow_host(Scene& scene) {
  const std::vector<std::string> hosts{"slow.test"};
  co_await read_much(scene, ten("s"), hosts);
}

TEST(Dispatcher, ASlowHostsLargeMailLeavesRoomForOthers) { run(read_much_for_a_slow_host); }

net::Task<void> read_much_of_a_sender(Scene& scene) {
  co_await read_much(scene, ten("alice+"), ten("slow", ".test"));
}

TEST(Dispatcher, ASendersLargeMailLeavesRoomForOthers) { run(read_much_of_a_sender); }

/// Bob's mail, to as many domains of one host that is slow.
net::Task<void> leave_for_many_domains(Scene& scene, int count) {
  scene.host("slow.test").manners = always(Stage::greeting, "220 at last", 4min);
  for (int i = 0; i < count; ++i) {
    const std::string domain = "slow" + std::to_string(i) + ".test";
    scene.same_host(domain, "slow.test");
    co_await leave(scene, "bob", domain, 1);
  }
}

net::Task<void> use_up_the_connections(Scene& scene) {
  auto& quick = scene.host("quick.test");
  co_await scene.stop();
  co_await leave_for_many_domains(scene, 250);
  co_await leave(scene, "alice", "quick.test", 1);
  scene.start_again();
  co_await scene.sim.loop().sleep(30s);
  EXPECT_EQ(quick.taken.size(), 1U);
  EXPECT_NE(scene.events().find("relay.connections.short sender=bob@example.org sender_connections=100"),
            std::string::npos);
  co_await scene.sim.loop().sleep(1h);
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, ASendersSlowHostsLeaveConnectionsForOthers) { run(use_up_the_connections); }

net::Task<void> use_up_the_lanes(Scene& scene) {
  auto& quick = scene.host("quick.test");
  co_await scene.stop();
  co_await leave_for_many_domains(scene, 60);
  co_await leave(scene, "alice", "quick.test", 3);
  co_await leave(scene, "carol", "example.org", 1, "bob");
  scene.start_again({.in_lanes = 20});
  co_await scene.sim.loop().sleep(30s);
  EXPECT_EQ(quick.taken.size(), 3U);
  EXPECT_EQ(scene.deliveryd().delivered.size(), 1U) << "which needs no share";
  co_await scene.sim.loop().sleep(1h);
  EXPECT_TRUE(scene.entries().empty()) << "those who had no place get one";
}

TEST(Dispatcher, ASendersSlowHostsLeavePlacesInTheLanesForOthers) { run(use_up_the_lanes); }

net::Task<void> drop_what_waits_for_a_place(Scene& scene) {
  co_await scene.stop();
  co_await leave_for_many_domains(scene, 30);
  scene.start_again({.in_lanes = 20});
  co_await scene.sim.loop().sleep(30s);
  const auto ids = scene.entries();
  for (std::size_t i = 11; i < ids.size() - 1; ++i) {
    const auto dropped = co_await scene.dispatcher().drop(ids[i]);
    EXPECT_EQ(dropped, 0U);
  }
  co_await scene.sim.loop().sleep(30min);
  EXPECT_TRUE(scene.entries().empty()) << "the last one as well";
}

TEST(Dispatcher, WhoWaitsForAPlaceBehindDroppedOnesGetsIt) { run(drop_what_waits_for_a_place); }

net::Task<void> stop_while_some_wait_for_room(Scene& scene) {
  scene.host("slow.test").manners = always(Stage::message, "250 2.0.0 at last", 4min);
  co_await scene.stop();
  co_await leave(scene, "alice", "slow.test", 10);
  scene.start_again({.octets_in_hand = kEightInHand});
  co_await scene.sim.loop().sleep(30s);
  const auto stopped = scene.sim.loop().now();
  co_await scene.stop();
  EXPECT_LT(scene.sim.loop().now() - stopped, 10s);
  for (const auto id : scene.entries()) EXPECT_EQ(scene.entry(id)->recipients.front().status.attempts, 0U);
  EXPECT_EQ(scene.entries().size(), 10U);
  scene.start_again();
}

TEST(Dispatcher, StoppingWaitsForNoRoom) { run(stop_while_some_wait_for_room); }

// Several next hops

net::Task<void> end_together(Scene& scene) {
  scene.host("one.test");
  scene.host("two.test");
  for (int i = 0; i < 5; ++i) co_await scene.submit(all(at("one.test"), at("two.test"), at("example.org", "bob")));
  co_await scene.sim.loop().sleep(1min);
  EXPECT_TRUE(scene.entries().empty()) << "whose groups were recorded at the same time";
}

TEST(Dispatcher, NothingIsLeftOfAnEntryWhoseGroupsEndTogether) { run(end_together, kNoDelays); }

void refuse_at(FakeHost& host, std::chrono::milliseconds after) {
  host.manners = always(Stage::rcpt, "550 5.1.1 No such user", after);
}

std::size_t recipients_told_of(const std::string& message) {
  std::size_t count = 0;
  const std::string field = "\r\nFinal-Recipient: ";
  for (auto at = message.find(field); at != std::string::npos; at = message.find(field, at + 1)) ++count;
  return count;
}

net::Task<void> fail_at_the_same_time(Scene& scene) {
  refuse_at(scene.host("one.test"), 0s);
  refuse_at(scene.host("two.test"), 2s);
  refuse_at(scene.host("three.test"), 5s);
  scene.host("good.test").manners = always(Stage::message, "250 2.0.0 at last", 3s);
  const auto id = co_await scene.submit(all(at("one.test"), at("two.test"), at("three.test"), at("good.test")));
  co_await scene.sim.loop().sleep(4s);
  EXPECT_EQ(scene.entry(id)->recipients[3].status.fate, queue::Fate::relayed) << "which waits for nobody";
  co_await scene.sim.loop().sleep(1min);
  const auto& told = scene.deliveryd().delivered;
  EXPECT_EQ(told.size(), 1U);
  if (told.size() == 1) {
    EXPECT_EQ(recipients_told_of(told.front().message), 3U);
  }
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, OneNotificationTellsOfAllWhoFailAtTheSameTime) { run(fail_at_the_same_time); }

net::Task<void> fail_one_after_the_other(Scene& scene) {
  refuse_at(scene.host("one.test"), 0s);
  refuse_at(scene.host("two.test"), 2min);
  co_await scene.submit(all(at("one.test"), at("two.test")));
  co_await scene.sim.loop().sleep(1min);
  EXPECT_EQ(scene.deliveryd().delivered.size(), 1U) << "the slow one is not waited for";
  co_await scene.sim.loop().sleep(2min);
  EXPECT_EQ(scene.deliveryd().delivered.size(), 2U);
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, WhoFailsFirstIsToldOfSoon) { run(fail_one_after_the_other); }

net::Task<void> stop_while_a_failure_is_withheld(Scene& scene) {
  refuse_at(scene.host("one.test"), 0s);
  refuse_at(scene.host("two.test"), 2min);
  const auto id = co_await scene.submit(all(at("one.test"), at("two.test")));
  co_await scene.sim.loop().sleep(3s);
  const auto stopped = scene.sim.loop().now();
  co_await scene.stop();
  EXPECT_LT(scene.sim.loop().now() - stopped, 2s);
  EXPECT_EQ(scene.entry(id)->recipients[0].status.fate, queue::Fate::failed);
  EXPECT_EQ(scene.entry(id)->recipients[1].status.attempts, 0U);
  EXPECT_EQ(scene.entries().size(), 2U) << "the message and its notification";
  scene.start_again();
}

TEST(Dispatcher, StoppingTellsOfWhatWasWithheld) { run(stop_while_a_failure_is_withheld); }

net::Task<void> drop_while_a_failure_is_withheld(Scene& scene) {
  refuse_at(scene.host("one.test"), 0s);
  refuse_at(scene.host("two.test"), 2min);
  const auto id = co_await scene.submit(all(at("one.test"), at("two.test")));
  co_await scene.sim.loop().sleep(3s);
  const auto dropped = co_await scene.dispatcher().drop(id);
  EXPECT_EQ(dropped, 1U);
  co_await scene.sim.loop().sleep(5min);
  EXPECT_TRUE(scene.entries().empty());
  EXPECT_TRUE(scene.deliveryd().delivered.empty()) << "nobody is told";
}

TEST(Dispatcher, WhatIsDroppedWhileAFailureIsWithheldIsGone) { run(drop_while_a_failure_is_withheld); }

net::Task<void> find_one_that_is_over(Scene& scene) {
  co_await scene.stop();
  queue::Add add;
  queue::QueuedRecipient recipient;
  recipient.recipient.mailbox = at("one.test");
  recipient.status.fate = queue::Fate::relayed;
  add.recipients.push_back(std::move(recipient));
  add.message.push_back(queue::share("Subject: x\r\n\r\n"));
  queue::Batch batch;
  batch.emplace_back(std::move(add));
  const auto added = co_await scene.queue().submit(scene.sim.loop(), std::move(batch), queue::Moment::published);
  EXPECT_TRUE(added);
  scene.start_again();
  co_await scene.sim.loop().sleep(1min);
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, AnEntryThatIsOverButForItsRemovalIsRemovedByTheNextStart) { run(find_one_that_is_over); }

// The operator

net::Task<void> hold_and_release(Scene& scene) {
  auto& host = scene.host("busy.test");
  host.manners = always(Stage::rcpt, "451 4.7.1 Greylisted");
  const auto id = co_await scene.submit(all(at("busy.test")));
  co_await scene.sim.loop().sleep(1min);
  auto done = co_await scene.dispatcher().set_held(id, true);
  EXPECT_TRUE(done);
  EXPECT_TRUE(scene.entry(id)->recipients.front().status.held);
  host.manners = [](Stage, const std::string&) { return FakeHost::Answer{}; };
  EXPECT_TRUE(scene.dispatcher().retry(id)) << "which changes nothing";
  EXPECT_EQ(scene.dispatcher().retry_all(), 0U);
  co_await scene.sim.loop().sleep(200h);
  EXPECT_TRUE(host.taken.empty());
  done = co_await scene.dispatcher().set_held(id, false);
  EXPECT_TRUE(done);
  co_await scene.sim.loop().sleep(1min);
  EXPECT_EQ(host.taken.size(), 1U);
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, WhatIsHeldWaitsUntilItIsReleased) { run(hold_and_release); }

net::Task<void> damaged_message(Scene& scene) {
  auto& host = scene.host("busy.test");
  host.manners = always(Stage::rcpt, "451 4.7.1 Greylisted");
  const auto id = co_await scene.submit(all(at("busy.test")));
  co_await scene.sim.loop().sleep(1s);
  host.manners = [](Stage, const std::string&) { return FakeHost::Answer{}; };
  scene.damage(id);
  co_await scene.sim.loop().sleep(24h);
  EXPECT_TRUE(host.taken.empty()) << "not sent";
  EXPECT_TRUE(scene.entry(id)->recipients.front().status.held) << "and not lost";
  EXPECT_EQ(scene.entry(id)->recipients.front().status.last_reply, queue::kHeldAsDamaged);
  EXPECT_NE(scene.events().find("queue.message.damaged"), std::string::npos);
  scene.damage(id);  // the bit is right again
  const auto done = co_await scene.dispatcher().set_held(id, false);
  EXPECT_TRUE(done);
  co_await scene.sim.loop().sleep(1min);
  EXPECT_EQ(host.taken.size(), 1U);
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, WhatIsDamagedIsHeldAndToldOf) { run(damaged_message); }

net::Task<void> hold_under_way(Scene& scene) {
  auto& host = scene.host("slow.test");
  host.manners = always(Stage::rcpt, "451 4.7.1 Greylisted", 2min);
  const auto id = co_await scene.submit(all(at("slow.test")));
  co_await scene.sim.loop().sleep(1min);
  const auto done = co_await scene.dispatcher().set_held(id, true);
  EXPECT_EQ(done, 1U) << "goes on";
  EXPECT_TRUE(scene.entry(id)->recipients.front().status.held) << "durable when the operator hears of it";
  co_await scene.sim.loop().sleep(24h);
  EXPECT_EQ(scene.entry(id)->recipients.front().status.attempts, 1U) << "the one that was under way";
  EXPECT_TRUE(scene.entry(id)->recipients.front().status.held);
}

TEST(Dispatcher, WhatIsHeldWhileItIsTriedIsNotTriedAgain) { run(hold_under_way); }

net::Task<void> hold_in_the_lane(Scene& scene) {
  auto& host = scene.host("slow.test");
  host.manners = always(Stage::greeting, "220 at last", 4min);
  std::vector<EntryId> ids;
  for (int i = 0; i < 60; ++i) {
    const auto id = co_await scene.submit(all(at("slow.test")));
    ids.push_back(id);
  }
  co_await scene.sim.loop().sleep(1min);
  const auto held = co_await scene.dispatcher().set_held(ids.back(), true);
  EXPECT_EQ(held, 0U) << "nothing of it is under way";
  const auto dropped = co_await scene.dispatcher().drop(ids[ids.size() - 2]);
  EXPECT_EQ(dropped, 0U);
  EXPECT_FALSE(scene.entry(ids[ids.size() - 2])) << "durable when the operator hears of it";
  host.manners = [](Stage, const std::string&) { return FakeHost::Answer{}; };
  co_await scene.sim.loop().sleep(1h);
  EXPECT_EQ(host.taken.size(), 58U);
  EXPECT_EQ(scene.entries(), std::vector{ids.back()});
  EXPECT_EQ(scene.entry(ids.back())->recipients.front().status.attempts, 0U);
}

TEST(Dispatcher, WhatIsHeldOrDroppedInItsLaneIsNotTried) { run(hold_in_the_lane); }

net::Task<void> drop_waiting(Scene& scene) {
  auto& host = scene.host("busy.test");
  host.manners = always(Stage::rcpt, "451 4.7.1 Greylisted");
  const auto id = co_await scene.submit(all(at("busy.test")));
  co_await scene.sim.loop().sleep(1min);
  auto done = co_await scene.dispatcher().drop(id);
  EXPECT_TRUE(done);
  EXPECT_TRUE(scene.entries().empty());
  done = co_await scene.dispatcher().drop(id);
  EXPECT_EQ(done.error(), queue::QueueError::not_found);
  EXPECT_EQ(scene.dispatcher().retry(id).error(), queue::QueueError::not_found);
  done = co_await scene.dispatcher().set_held(id, true);
  EXPECT_EQ(done.error(), queue::QueueError::not_found);
  co_await scene.sim.loop().sleep(200h);
  EXPECT_TRUE(host.taken.empty());
  EXPECT_TRUE(scene.deliveryd().delivered.empty()) << "nobody is told";
}

TEST(Dispatcher, WhatIsDroppedIsGone) { run(drop_waiting); }

net::Task<void> drop_under_way(Scene& scene) {
  auto& host = scene.host("slow.test");
  host.manners = always(Stage::rcpt, "550 5.1.1 No such user", 2min);
  const auto id = co_await scene.submit(all(at("slow.test")));
  co_await scene.sim.loop().sleep(1min);
  auto done = co_await scene.dispatcher().drop(id);
  EXPECT_EQ(done, 1U) << "goes on";
  EXPECT_FALSE(scene.entry(id));
  done = co_await scene.dispatcher().drop(id);
  EXPECT_EQ(done.error(), queue::QueueError::not_found);
  done = co_await scene.dispatcher().set_held(id, false);
  EXPECT_EQ(done.error(), queue::QueueError::not_found);
  EXPECT_EQ(scene.dispatcher().retry(id).error(), queue::QueueError::not_found);
  co_await scene.sim.loop().sleep(1h);
  EXPECT_TRUE(scene.entries().empty());
  EXPECT_TRUE(scene.deliveryd().delivered.empty()) << "nobody is told";
}

TEST(Dispatcher, WhatIsDroppedWhileItIsTriedIsGone) { run(drop_under_way); }

net::Task<void> retry_waiting(Scene& scene) {
  auto& host = scene.host("busy.test");
  host.manners = always(Stage::rcpt, "451 4.7.1 Greylisted");
  const auto id = co_await scene.submit(all(at("busy.test")));
  co_await scene.submit(all(at("busy.test")));
  co_await scene.sim.loop().sleep(1min);
  EXPECT_TRUE(scene.dispatcher().retry(id));
  co_await scene.sim.loop().sleep(10s);
  EXPECT_EQ(scene.entry(id)->recipients.front().status.attempts, 2U);
  host.manners = [](Stage, const std::string&) { return FakeHost::Answer{}; };
  EXPECT_EQ(scene.dispatcher().retry_all(), 2U);
  co_await scene.sim.loop().sleep(10s);
  EXPECT_EQ(host.taken.size(), 2U);
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, TheOperatorsRetryIsAtOnce) { run(retry_waiting); }

net::Task<void> retry_under_way(Scene& scene) {
  auto& host = scene.host("slow.test");
  host.manners = always(Stage::rcpt, "451 4.7.1 Greylisted", 2min);
  const auto id = co_await scene.submit(all(at("slow.test")));
  co_await scene.sim.loop().sleep(1min);
  EXPECT_TRUE(scene.dispatcher().retry(id));
  host.manners = [](Stage, const std::string&) { return FakeHost::Answer{}; };
  co_await scene.sim.loop().sleep(90s);
  EXPECT_EQ(host.taken.size(), 1U);
}

TEST(Dispatcher, TheOperatorsRetryFollowsAnAttemptThatIsUnderWay) { run(retry_under_way); }

// The end, and the next beginning

net::Task<void> stop_in_the_middle(Scene& scene) {
  auto& quick = scene.host("quick.test");
  auto& slow = scene.host("slow.test");
  slow.manners = always(Stage::rcpt, "250 2.1.5 OK", 2min);
  const auto id = co_await scene.submit(all(at("quick.test"), at("slow.test"), at("example.org", "bob")));
  co_await scene.sim.loop().sleep(10s);
  co_await scene.stop();
  const auto left = scene.entry(id);
  EXPECT_EQ(left->recipients[0].status.fate, queue::Fate::relayed);
  EXPECT_EQ(left->recipients[1].status.fate, queue::Fate::waiting);
  EXPECT_EQ(left->recipients[1].status.attempts, 0U) << "an attempt that the end cut short was none";
  EXPECT_EQ(left->recipients[2].status.fate, queue::Fate::delivered);
  scene.start_again();
  co_await scene.sim.loop().sleep(5min);
  EXPECT_EQ(quick.taken.size(), 1U);
  EXPECT_EQ(slow.taken.size(), 1U);
  EXPECT_EQ(scene.deliveryd().delivered.size(), 1U);
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, StoppingRecordsWhatWasDoneAndNothingElse) { run(stop_in_the_middle); }

net::Task<void> stop_with_a_full_lane(Scene& scene) {
  auto& slow = scene.host("slow.test");
  slow.manners = always(Stage::greeting, "220 at last", 4min);
  for (int i = 0; i < 100; ++i) co_await scene.submit(all(at("slow.test")));
  co_await scene.sim.loop().sleep(10s);
  const auto start = scene.sim.loop().now();
  co_await scene.stop();
  EXPECT_LT(scene.sim.loop().now() - start, 10s);
  EXPECT_EQ(scene.entries().size(), 100U);
  slow.manners = [](Stage, const std::string&) { return FakeHost::Answer{}; };
  scene.start_again();
  co_await scene.sim.loop().sleep(5min);
  EXPECT_EQ(slow.taken.size(), 100U);
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, StoppingWaitsForNoLane) { run(stop_with_a_full_lane); }

net::Task<void> start_with_what_is_left(Scene& scene) {
  auto& host = scene.host("busy.test");
  host.manners = always(Stage::rcpt, "451 4.7.1 Greylisted");
  const auto held = co_await scene.submit(all(at("busy.test")));
  co_await scene.submit(all(at("busy.test")));
  co_await scene.sim.loop().sleep(1min);
  const auto done = co_await scene.dispatcher().set_held(held, true);
  EXPECT_TRUE(done);
  co_await scene.stop();
  host.manners = [](Stage, const std::string&) { return FakeHost::Answer{}; };
  scene.start_again();
  co_await scene.sim.loop().sleep(1min);
  EXPECT_TRUE(host.taken.empty()) << "its time has not come";
  co_await scene.sim.loop().sleep(10min);
  EXPECT_EQ(host.taken.size(), 1U);
  EXPECT_EQ(scene.entries(), std::vector{held});
}

TEST(Dispatcher, TheNextStartKeepsTimesAndHolds) { run(start_with_what_is_left); }

// A full disk

const std::string kMoreThanFits(8'192, 'x');

net::Task<void> record_on_a_full_disk(Scene& scene) {
  auto& host = scene.host("busy.test");
  host.manners = always(Stage::rcpt, "550 5.1.1 No such user", 10s);
  co_await scene.submit(all(at("busy.test")), kMoreThanFits + "\r\n");
  {
    const FileSizeLimit full{4'096};
    co_await scene.sim.loop().sleep(60s);
    EXPECT_EQ(scene.entries().size(), 1U);
    EXPECT_TRUE(scene.deliveryd().delivered.empty());
    EXPECT_NE(scene.events().find("queue.outcome.waits"), std::string::npos);
  }
  co_await scene.sim.loop().sleep(10s);
  EXPECT_EQ(scene.deliveryd().delivered.size(), 1U) << "the notification";
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, WaitsForRoomToWriteDownWhatCameOfAnAttempt) { run(record_on_a_full_disk); }

net::Task<void> stop_on_a_full_disk(Scene& scene) {
  auto& host = scene.host("busy.test");
  host.manners = always(Stage::rcpt, "550 5.1.1 No such user", 10s);
  co_await scene.submit(all(at("busy.test")), kMoreThanFits + "\r\n");
  {
    const FileSizeLimit full{4'096};
    co_await scene.sim.loop().sleep(60s);
    const auto start = scene.sim.loop().now();
    co_await scene.stop();
    EXPECT_LT(scene.sim.loop().now() - start, 10s);
  }
  EXPECT_EQ(scene.entries().size(), 1U);
  scene.start_again();
  co_await scene.sim.loop().sleep(60s);
  EXPECT_EQ(scene.deliveryd().delivered.size(), 1U);
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, AFullDiskIsNotWaitedForAtTheEnd) {
  Scene scene;
  EXPECT_TRUE(scene.sim.run(play_to_the_end(scene, stop_on_a_full_disk))) << "deadlock";
}

/// A removal finds room where a notification finds none.
net::Task<void> stop_with_room_for_little(Scene& scene) {
  auto& host = scene.host("busy.test");
  host.manners = always(Stage::rcpt, "550 5.1.1 No such user", 10s);
  const auto id = co_await scene.submit(all(at("busy.test")), std::string(1'000'000, 'x') + "\r\n");
  const auto place = scene.entry(id)->message;
  {
    const FileSizeLimit little{place.offset + place.octets + 512};
    co_await scene.sim.loop().sleep(60s);
    co_await scene.stop();
  }
  EXPECT_EQ(scene.entries().size(), 1U);
  scene.start_again();
  co_await scene.sim.loop().sleep(5min);
  EXPECT_EQ(scene.deliveryd().delivered.size(), 1U) << "the notification";
  EXPECT_TRUE(scene.entries().empty());
}

TEST(Dispatcher, WhatAFullDiskDidNotTakeIsNotRemovedAtTheEnd) {
  Scene scene;
  EXPECT_TRUE(scene.sim.run(play_to_the_end(scene, stop_with_room_for_little))) << "deadlock";
}

}  // namespace
}  // namespace posthaste::smtpd
