// What the simulated network does to a program that dies, and to a host that nobody can reach.
#include <gtest/gtest.h>

#include "common/net/sim_world.h"
#include "common/net/stream.h"

namespace posthaste::net {
namespace {

using namespace std::chrono_literals;

const Endpoint kHost{"192.0.2.25", 25};
const Endpoint kOtherHost{"192.0.2.26", 25};

using Play = Task<void> (*)(SimWorld&);

void run(Play play) {
  SimWorld sim{1};
  EXPECT_TRUE(sim.run(play(sim))) << "deadlock";
}

Task<void> die_with_a_client(SimWorld& sim) {
  SimProcess process{sim.network()};
  const auto listener = process.listen(kHost);
  auto client_end = co_await sim.network().connect(kHost, 1s);
  auto server_end = co_await listener->accept();
  Stream client{std::move(*client_end), 1min};
  Stream server{std::move(server_end), 1min};
  server.write("250 OK\r\n");
  static_cast<void>(co_await server.flush());
  process.kill();

  server.write("250 too late\r\n");
  const auto sent = co_await server.flush();
  EXPECT_EQ(sent.error(), StreamError::closed);
  auto line = co_await client.read_line(100);
  EXPECT_EQ(line, "250 OK") << "sent before";
  line = co_await client.read_line(100);
  EXPECT_EQ(line.error(), StreamError::closed);
  line = co_await server.read_line(100);
  EXPECT_EQ(line.error(), StreamError::closed);
  const auto refused = co_await sim.network().connect(kHost, 1s);
  EXPECT_EQ(refused.error(), ConnectError::refused);
  const auto accepted = co_await listener->accept();
  EXPECT_EQ(accepted, nullptr);
}

TEST(SimProcess, WhatADeadProgramSentArrivesAndThenItsConnectionsAreClosed) { run(die_with_a_client); }

Task<void> die_as_a_client(SimWorld& sim) {
  SimProcess process{sim.network()};
  const auto listener = sim.network().listen(kHost);
  auto client = co_await process.connect(kHost, 1s);
  auto server_end = co_await listener->accept();
  Stream server{std::move(server_end), 1min};
  process.kill();
  const auto line = co_await server.read_line(100);
  EXPECT_EQ(line.error(), StreamError::closed);
  const auto connected = co_await process.connect(kHost, 1s);
  EXPECT_EQ(connected.error(), ConnectError::failed);
}

TEST(SimProcess, ADeadProgramConnectsToNobody) { run(die_as_a_client); }

Task<void> come_back(SimWorld& sim) {
  SimProcess first{sim.network()};
  const auto old_listener = first.listen(kHost);
  first.kill();
  SimProcess second{sim.network()};
  const auto listener = second.listen(kHost);
  const auto connected = co_await sim.network().connect(kHost, 1s);
  EXPECT_TRUE(connected);
}

TEST(SimProcess, TheNextProgramListensInItsPlace) { run(come_back); }

Task<void> cut_off(SimWorld& sim) {
  const auto listener = sim.network().listen(kHost);
  const auto other_listener = sim.network().listen(kOtherHost);
  auto client_end = co_await sim.network().connect(kHost, 1s);
  auto server_end = co_await listener->accept();
  Stream client{std::move(*client_end), 1min};
  Stream server{std::move(server_end), 1min};

  sim.network().cut_off(kHost.address);
  const auto start = sim.loop().now();
  auto connected = co_await sim.network().connect(kHost, 10s);
  EXPECT_EQ(connected.error(), ConnectError::timed_out);
  EXPECT_EQ(sim.loop().now() - start, 10s);
  connected = co_await sim.network().connect(kOtherHost, 10s);
  EXPECT_TRUE(connected);

  client.write("lost\r\n");
  auto sent = co_await client.flush();
  EXPECT_TRUE(sent) << "as far as the client can tell";
  sim.network().join(kHost.address);
  client.write("held back by what is lost\r\n");
  sent = co_await client.flush();
  EXPECT_TRUE(sent);
  const auto line = co_await server.read_line(100);
  EXPECT_EQ(line.error(), StreamError::timed_out);
  connected = co_await sim.network().connect(kHost, 10s);
  EXPECT_TRUE(connected);
}

TEST(SimNetwork, AHostThatIsCutOffIsSilent) { run(cut_off); }

}  // namespace
}  // namespace posthaste::net
