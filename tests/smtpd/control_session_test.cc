// The operator's command on smtpd's control socket: who is served, and what lines are answered with.
#include "smtpd/control_session.h"

#include "installation.h"

namespace posthaste::smtpd {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kOwnUser = 1'000;
const net::Endpoint kSocket{"/run/posthaste/smtpd.sock", 0};
const net::Endpoint kPort{"192.0.2.25", 4'000};

/// The command's end of a new session.
net::Task<std::unique_ptr<net::Stream>> connect(net::SimWorld& sim, SimSmtpd& smtpd, net::Endpoint endpoint) {
  const auto listener = sim.network().listen(endpoint);
  auto client = co_await sim.network().connect(endpoint, 1s);
  auto server = co_await listener->accept();
  const auto serve = [](std::unique_ptr<net::Transport> transport, SimSmtpd& daemon,
                        net::Clock& clock) -> net::Task<void> {
    ControlSession session{
        std::move(transport), daemon.outbound.dispatcher, clock, daemon.scope, daemon.log, kOwnUser};
    co_await session.converse();
  };
  smtpd.scope.spawn(serve(std::move(server), smtpd, sim.loop()));
  co_return std::make_unique<net::Stream>(std::move(*client), 1min);
}

/// The answer to a line, or the name of what came instead.
net::Task<std::string> ask(net::Stream& stream, std::string line) {
  stream.write(line + "\r\n");
  auto answer = co_await stream.read_line(4'096);
  co_return answer ? std::string{*answer} : std::string{net::name_of(answer.error())};
}

using Play = net::Task<void> (*)(net::SimWorld&, SimSmtpd&);

net::Task<void> play_to_the_end(net::SimWorld& sim, SimSmtpd& smtpd, Play play) {
  co_await play(sim, smtpd);
  smtpd.scope.stop();
  co_await smtpd.ended();
}

void run(Play play) {
  net::SimWorld sim{1};
  SimSmtpd smtpd{sim};
  EXPECT_TRUE(sim.run(play_to_the_end(sim, smtpd, play))) << "deadlock";
}

net::Task<void> be_a_stranger(net::SimWorld& sim, SimSmtpd& smtpd) {
  const auto stream = co_await connect(sim, smtpd, kPort);  // where nobody can say who it is
  const auto answer = co_await ask(*stream, "retry all");
  EXPECT_EQ(answer, "closed");
  EXPECT_NE(smtpd.sink.text().find("peer.refused"), std::string::npos);
}

TEST(ControlSession, StrangersAreNotServed) { run(be_a_stranger); }

net::Task<void> say_nonsense(net::SimWorld& sim, SimSmtpd& smtpd) {
  const auto stream = co_await connect(sim, smtpd, kSocket);
  auto answer = co_await ask(*stream, "drop all");
  EXPECT_EQ(answer, "failed not a request: \"drop all\"");
  answer = co_await ask(*stream, "");
  EXPECT_EQ(answer, "failed not a request: \"\"");
  answer = co_await ask(*stream, "drop \x1b[2J");
  EXPECT_EQ(answer, "failed not a request: \"drop \\x1b[2J\"");
  answer = co_await ask(*stream, "retry all");
  EXPECT_EQ(answer, "done 0") << "and the session goes on";
}

TEST(ControlSession, WhatIsNoRequestIsSaidToBeNone) { run(say_nonsense); }

net::Task<void> name_nobody(net::SimWorld& sim, SimSmtpd& smtpd) {
  const auto stream = co_await connect(sim, smtpd, kSocket);
  for (const char* action : {"retry", "hold", "release", "drop"}) {
    const auto answer = co_await ask(*stream, std::string{action} + " 18446744073709551615");
    EXPECT_EQ(answer, "failed there is no such entry") << action;
  }
}

TEST(ControlSession, AnEntryThatIsNotThereIsSaidNotToBe) { run(name_nobody); }

net::Task<void> talk_on(net::SimWorld& sim, SimSmtpd& smtpd) {
  const auto stream = co_await connect(sim, smtpd, kSocket);
  auto answer = co_await ask(*stream, std::string(queue::kControlLineMaxOctets, 'x'));
  EXPECT_EQ(answer, "closed");
  const auto other = co_await connect(sim, smtpd, kSocket);
  other->write("retry all\n");
  answer = co_await ask(*other, "");
  EXPECT_EQ(answer, "closed") << "a bare LF";
}

TEST(ControlSession, ALineThatIsNoneEndsTheSession) { run(talk_on); }

net::Task<void> say_nothing(net::SimWorld& sim, SimSmtpd& smtpd) {
  const auto stream = co_await connect(sim, smtpd, kSocket);
  const auto start = sim.loop().now();
  const auto line = co_await stream->read_line(100);
  EXPECT_EQ(line.error(), net::StreamError::closed);
  EXPECT_LE(sim.loop().now() - start, 31s);
}

TEST(ControlSession, SilenceEndsTheSession) { run(say_nothing); }

net::Task<void> say_a_letter_a_second(net::SimWorld& sim, SimSmtpd& smtpd) {
  const auto stream = co_await connect(sim, smtpd, kSocket);
  int letters = 0;
  for (auto sent = true; sent && letters < 100; ++letters) {
    stream->write("r");
    auto flushed = co_await stream->flush();
    sent = flushed.has_value();
    co_await sim.loop().sleep(1s);
  }
  EXPECT_LE(letters, 33);
}

TEST(ControlSession, ALineHasItsTimeInHoweverSmallPieces) { run(say_a_letter_a_second); }

net::Task<void> change_one(net::SimWorld& sim, SimSmtpd& smtpd) {
  smtpd.outbound.resolver.fail("example.com", dns::Failure::timed_out);
  queue::Add add;
  queue::QueuedRecipient recipient;
  recipient.recipient.mailbox = {"jones", "example.com"};
  add.envelope.arrived = sim.loop().wall();
  add.recipients.push_back(std::move(recipient));
  add.message.push_back(queue::share("Subject: x\r\n\r\n"));
  queue::Batch batch;
  batch.emplace_back(add);
  const auto ids = co_await smtpd.context.queue.submit(sim.loop(), std::move(batch), queue::Moment::durable);
  smtpd.outbound.dispatcher.take({ids->front(), std::move(add)});
  co_await sim.loop().sleep(1min);

  const auto& reader = smtpd.context.queue.reader();
  const auto id = ids->front();
  const auto number = std::to_string(std::to_underlying(id));
  const auto stream = co_await connect(sim, smtpd, kSocket);
  auto answer = co_await ask(*stream, "retry " + number);
  EXPECT_EQ(answer, "done 1");
  answer = co_await ask(*stream, "hold " + number);
  EXPECT_EQ(answer, "done 1");
  EXPECT_TRUE(reader.read(id)->recipients.front().status.held);
  answer = co_await ask(*stream, "release " + number);
  EXPECT_EQ(answer, "done 1");
  EXPECT_FALSE(reader.read(id)->recipients.front().status.held);
  answer = co_await ask(*stream, "retry all");
  EXPECT_EQ(answer, "done 1");
  answer = co_await ask(*stream, "drop " + number);
  EXPECT_EQ(answer, "done 1");
  EXPECT_FALSE(reader.read(id));
  answer = co_await ask(*stream, "drop " + number);
  EXPECT_EQ(answer, "failed there is no such entry");
}

TEST(ControlSession, ChangesAreDoneWhenTheyAreSaidToBe) { run(change_one); }

}  // namespace
}  // namespace posthaste::smtpd
