// Datagrams over real sockets, and over the simulated network.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/socket_address.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"

namespace posthaste::net {
namespace {

using namespace std::chrono_literals;
using Received = std::expected<std::string, StreamError>;

/// A UDP socket on loopback which the test itself reads and writes.
class Peer {
 public:
  explicit Peer(const std::string& address = "127.0.0.1") {
    const auto any_port = socket_address({address, 0});
    descriptor_ = socket(any_port->storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(bind(descriptor_, any_port->get(), any_port->length), 0);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { close(descriptor_); }

  [[nodiscard]] Endpoint endpoint() const { return local_endpoint(descriptor_); }

  std::string read() {
    std::string octets(65536, '\0');
    from_.length = sizeof from_.storage;
    const ssize_t count = recvfrom(descriptor_, octets.data(), octets.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from_.storage), &from_.length);
    octets.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return octets;
  }
  [[nodiscard]] Endpoint from() const { return endpoint_of(from_.storage); }
  void answer(const std::string& octets) { send_to(from_, octets); }
  void send_to(const SocketAddress& address, const std::string& octets) const {
    EXPECT_EQ(sendto(descriptor_, octets.data(), octets.size(), 0, address.get(), address.length),
              static_cast<ssize_t>(octets.size()));
  }
  [[nodiscard]] const SocketAddress& address() const { return from_; }

 private:
  int descriptor_ = -1;
  SocketAddress from_;
};

Task<void> receive_one(Datagrams& datagrams, std::chrono::milliseconds timeout, std::optional<Received>& received) {
  received = co_await datagrams.receive(timeout);
}

/// Looks at what has arrived only after the loop has polled often enough to read it all.
Task<void> receive_late(UvLoop& loop, Datagrams& datagrams, std::vector<std::string>& received) {
  for (int polls = 0; polls < 10; ++polls) co_await loop.sleep(1ms);
  for (;;) {
    auto octets = co_await datagrams.receive(0ms);
    if (!octets) co_return;
    received.push_back(std::move(*octets));
  }
}

class UdpSocket : public testing::Test {
 protected:
  std::unique_ptr<Datagrams> open(const Endpoint& server) {
    auto opened = network_.open_datagrams(server);
    EXPECT_TRUE(opened);
    return opened ? std::move(*opened) : nullptr;
  }
  Received receive(Datagrams& datagrams, std::chrono::milliseconds timeout = 5s) {
    std::optional<Received> received;
    loop_.run(receive_one(datagrams, timeout, received));
    return *received;
  }

  UvLoop loop_;
  UvNetwork network_{loop_};
};

TEST_F(UdpSocket, CarriesDatagramsWholeBothWays) {
  Peer server;
  const auto datagrams = open(server.endpoint());
  const std::string large(9000, 'x');
  for (const std::string& octets : {std::string{"question"}, std::string("\0\r\n\xff", 4), large}) {
    ASSERT_TRUE(datagrams->send(octets));
    EXPECT_EQ(server.read(), octets);
    server.answer(octets + "!");
    EXPECT_EQ(receive(*datagrams), Received(octets + "!"));
  }
}

TEST_F(UdpSocket, AnEmptyDatagramIsADatagram) {
  Peer server;
  const auto datagrams = open(server.endpoint());
  ASSERT_TRUE(datagrams->send("question"));
  server.read();
  server.answer("");
  EXPECT_EQ(receive(*datagrams), Received(""));
}

TEST_F(UdpSocket, Ipv6) {
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
  Peer server{"::1"};
  const auto datagrams = open(server.endpoint());
  ASSERT_TRUE(datagrams->send("question"));
  EXPECT_EQ(server.read(), "question");
  server.answer("answer");
  EXPECT_EQ(receive(*datagrams), Received("answer"));
}

TEST_F(UdpSocket, HearsItsServerAlone) {
  Peer server;
  const Peer stranger;
  const auto datagrams = open(server.endpoint());
  ASSERT_TRUE(datagrams->send("question"));
  server.read();
  stranger.send_to(server.address(), "forged");
  server.answer("true");
  EXPECT_EQ(receive(*datagrams), Received("true"));
}

TEST_F(UdpSocket, EachHasAPortOfItsOwn) {
  Peer server;
  std::set<std::uint16_t> ports;
  std::vector<std::unique_ptr<Datagrams>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(open(server.endpoint()));
    ASSERT_TRUE(all.back()->send("question"));
    server.read();
    ports.insert(server.from().port);
  }
  EXPECT_EQ(ports.size(), 20U);
  EXPECT_GT(*ports.rbegin() - *ports.begin(), 20) << "ports one after the other can be guessed";
}

TEST_F(UdpSocket, OfAFloodAFewWait) {
  Peer server;
  const auto datagrams = open(server.endpoint());
  ASSERT_TRUE(datagrams->send("question"));
  server.read();
  for (int i = 0; i < 100; ++i) server.answer(std::to_string(i));
  std::vector<std::string> received;
  loop_.run(receive_late(loop_, *datagrams, received));
  ASSERT_EQ(received.size(), 16U);
  EXPECT_EQ(received.front(), "0");
  EXPECT_EQ(received.back(), "15");
}

TEST_F(UdpSocket, SilenceTimesOut) {
  const Peer server;
  const auto datagrams = open(server.endpoint());
  ASSERT_TRUE(datagrams->send("question"));
  const auto start = loop_.now();
  EXPECT_EQ(receive(*datagrams, 30ms), Received(std::unexpected(StreamError::timed_out)));
  EXPECT_GE(loop_.now() - start, 29ms);
}

TEST_F(UdpSocket, NobodyListeningIsToldAtOnce) {
  Endpoint nobody;
  {
    const Peer server;
    nobody = server.endpoint();
  }
  const auto datagrams = open(nobody);
  ASSERT_TRUE(datagrams->send("question"));
  EXPECT_EQ(receive(*datagrams), Received(std::unexpected(StreamError::closed)));
  EXPECT_FALSE(datagrams->send("question"));
}

Task<void> interrupt_receiver(Datagrams& datagrams, std::optional<Received>& received) {
  TaskScope scope;
  scope.spawn(receive_one(datagrams, 5s, received));
  datagrams.interrupt();
  co_await scope.drained();
}

Task<void> close_under_receiver(Datagrams& datagrams, std::optional<Received>& received) {
  TaskScope scope;
  scope.spawn(receive_one(datagrams, 5s, received));
  datagrams.close();
  co_await scope.drained();
}

TEST_F(UdpSocket, InterruptAndCloseEndAWait) {
  const Peer server;
  const auto datagrams = open(server.endpoint());
  std::optional<Received> received;
  loop_.run(interrupt_receiver(*datagrams, received));
  EXPECT_EQ(received, Received(std::unexpected(StreamError::interrupted)));
  EXPECT_EQ(receive(*datagrams), Received(std::unexpected(StreamError::interrupted))) << "now and later";
  const auto others = open(server.endpoint());
  loop_.run(close_under_receiver(*others, received));
  EXPECT_EQ(received, Received(std::unexpected(StreamError::closed)));
  EXPECT_FALSE(others->send("question"));
  EXPECT_EQ(receive(*others), Received(std::unexpected(StreamError::closed)));
}

TEST_F(UdpSocket, OnlyAnIpAddressIsAServer) {
  for (const Endpoint& server : {Endpoint{"", 53}, {"localhost", 53}, {"192.0.2", 53}, {"/run/x.sock", 0}}) {
    EXPECT_FALSE(network_.open_datagrams(server)) << server.address;
  }
}

const Endpoint kServer{"192.0.2.53", 53};

Task<void> answer_all(SimDatagramServer& server) {
  for (;;) {
    auto question = co_await server.receive();
    if (!question) co_return;
    server.send(question->from, question->octets + "!");
  }
}

/// What came back for each of a hundred questions from a socket of its own.
Task<void> ask_hundred(SimNetwork& network, std::vector<Received>& received) {
  const auto server = network.serve_datagrams(kServer);
  TaskScope scope;
  scope.spawn(answer_all(*server));
  for (int i = 0; i < 100; ++i) {
    auto datagrams = network.open_datagrams(kServer);
    static_cast<void>((*datagrams)->send(std::to_string(i)));
    auto octets = co_await (*datagrams)->receive(1s);
    received.push_back(std::move(octets));
  }
  server->close();
  co_await scope.drained();
}

TEST(SimDatagrams, ArriveAtTheirOwnSocket) {
  SimWorld sim{1};
  std::vector<Received> received;
  ASSERT_TRUE(sim.run(ask_hundred(sim.network(), received)));
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(received[i], Received(std::to_string(i) + "!"));
}

TEST(SimDatagrams, SomeAreLost) {
  SimWorld sim{1, {.datagram_loss_probability = 0.3}};
  std::vector<Received> received;
  ASSERT_TRUE(sim.run(ask_hundred(sim.network(), received)));
  const auto lost = std::ranges::count(received, Received(std::unexpected(StreamError::timed_out)));
  EXPECT_GT(lost, 25) << "one half is to be expected: a question and its answer both arrive with 0.7 * 0.7";
  EXPECT_LT(lost, 75);
}

Task<void> ask_nobody(SimNetwork& network, std::optional<Received>& received) {
  auto datagrams = network.open_datagrams(kServer);
  static_cast<void>((*datagrams)->send("question"));
  received = co_await (*datagrams)->receive(1s);
}

TEST(SimDatagrams, NobodyListeningIsTold) {
  SimWorld sim{1};
  std::optional<Received> received;
  ASSERT_TRUE(sim.run(ask_nobody(sim.network(), received)));
  EXPECT_EQ(received, Received(std::unexpected(StreamError::closed)));
}

Task<void> interrupt_sim_receiver(SimNetwork& network, std::optional<Received>& received) {
  const auto server = network.serve_datagrams(kServer);
  auto datagrams = network.open_datagrams(kServer);
  TaskScope scope;
  scope.spawn(receive_one(**datagrams, 5s, received));
  (*datagrams)->interrupt();
  co_await scope.drained();
}

TEST(SimDatagrams, InterruptEndsAWait) {
  SimWorld sim{1};
  std::optional<Received> received;
  ASSERT_TRUE(sim.run(interrupt_sim_receiver(sim.network(), received)));
  EXPECT_EQ(received, Received(std::unexpected(StreamError::interrupted)));
}

}  // namespace
}  // namespace posthaste::net
