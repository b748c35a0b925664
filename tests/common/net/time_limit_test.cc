#include "common/net/time_limit.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"

namespace posthaste::net {
namespace {

using namespace std::chrono_literals;

const Endpoint kServer{"192.0.2.1", 25};

/// What the server's limited reading came to, and when.
struct Outcome {
  std::optional<StreamError> error;
  Instant at{};
  int lines = 0;
};

/// Octets one after the other, for as long as somebody listens.
Task<void> drip(SimWorld& sim, std::string text, std::chrono::milliseconds pause) {
  auto transport = co_await sim.network().connect(kServer, 1s);
  Stream stream{std::move(*transport), 1h};
  for (const char octet : text) {
    stream.write({&octet, 1});
    auto sent = co_await stream.flush();
    if (!sent) co_return;
    co_await sim.loop().sleep(pause);
  }
}

/// Reads lines. `renew`: each has the time anew, as otherwise all of them together.
Task<void> read_limited(SimWorld& sim, std::string text, bool renew, Outcome& outcome) {
  const auto listener = sim.network().listen(kServer);
  TaskScope client;
  client.spawn(drip(sim, std::move(text), 2s));
  auto transport = co_await listener->accept();
  {
    Stream stream{std::move(transport), 5s};  // an octet comes in time, each time
    TimeLimit limit{sim.loop(), stream, 10s};
    for (;;) {
      auto line = co_await stream.read_line(1000);
      if (!line) {
        outcome.error = limit.reason(line.error());
        outcome.at = sim.loop().now();
        break;
      }
      ++outcome.lines;
      if (renew) limit.end_in(10s);
    }
  }
  listener->close();
  co_await client.drained();
}

TEST(TimeLimit, ALineByOctetsTimesOutAsAWhole) {
  SimWorld sim{1};
  Outcome outcome;
  EXPECT_TRUE(sim.run(read_limited(sim, std::string(100, 'a'), true, outcome)));
  EXPECT_EQ(outcome.error, StreamError::timed_out);
  EXPECT_LT(outcome.at, Instant{11s});
}

TEST(TimeLimit, SeveralLinesHaveOneLimit) {
  SimWorld sim{1};
  Outcome outcome;
  EXPECT_TRUE(sim.run(read_limited(sim, "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", false, outcome)));
  EXPECT_EQ(outcome.error, StreamError::timed_out);
  EXPECT_EQ(outcome.lines, 2);
  EXPECT_LT(outcome.at, Instant{11s});
}

TEST(TimeLimit, ALimitThatMovesForwardEndsNothingBefore) {
  SimWorld sim{1};
  Outcome outcome;
  EXPECT_TRUE(sim.run(read_limited(sim, "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", true, outcome)));
  EXPECT_EQ(outcome.error, StreamError::closed);
  EXPECT_EQ(outcome.lines, 8);
}

Task<void> read_unlimited(SimWorld& sim, Outcome& outcome) {
  const auto listener = sim.network().listen(kServer);
  TaskScope client;
  client.spawn(drip(sim, "ab\r\n", 4s));
  auto transport = co_await listener->accept();
  {
    Stream stream{std::move(transport), 5s};
    TimeLimit limit{sim.loop(), stream, 1s};
    limit.lift();
    auto line = co_await stream.read_line(1000);
    if (line) ++outcome.lines;
    limit.end_in(1s);
    line = co_await stream.read_line(1000);
    if (!line) outcome.error = limit.reason(line.error());
  }
  listener->close();
  co_await client.drained();
}

TEST(TimeLimit, ALiftedOneEndsNothingAndCanBeSetAgain) {
  SimWorld sim{1};
  Outcome outcome;
  EXPECT_TRUE(sim.run(read_unlimited(sim, outcome)));
  EXPECT_EQ(outcome.lines, 1);
  EXPECT_EQ(outcome.error, StreamError::timed_out);
}

/// The beginning of a ClientHello, which announces more than will ever come.
Task<void> drip_hello(UvLoop& loop, Stream& client, const bool& ended, int& dripped) {
  const std::string hello{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11};
  constexpr int kOctetsMax = 400;
  while (!ended && dripped < kOctetsMax) {
    const auto at = static_cast<std::size_t>(dripped++);
    client.write(at < hello.size() ? hello.substr(at, 1) : std::string(1, 'r'));
    auto sent = co_await client.flush();
    if (!sent) co_return;
    co_await loop.sleep(20ms);
  }
}

Task<void> shake_slowly(UvLoop& loop, const TlsServer& tls, std::optional<StreamError>& error, int& dripped) {
  UvNetwork network{loop};
  const auto socket = ListeningSocket::bind({"127.0.0.1", 0});
  UvListener listener{loop, *socket};
  auto transport = co_await network.connect(socket->endpoint(), 1s);
  auto accepted = co_await listener.accept();
  Stream client{std::move(*transport), 5s};
  Stream server{std::move(accepted), 60s};
  bool ended = false;
  TaskScope scope;
  scope.spawn(drip_hello(loop, client, ended, dripped));
  auto secured = co_await accept_tls(server, tls, loop, 200ms);
  if (!secured) error = secured.error();
  ended = true;
  co_await scope.drained();
  listener.close();
}

TEST(TimeLimit, AHandshakeByOctetsTimesOutAsAWhole) {
  auto pattern = (std::filesystem::temp_directory_path() / "posthaste-net-XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  const auto pair =
      make_self_signed("mail.example.org", WallTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}});
  std::ofstream{folder / "cert.pem"} << pair.certificate_pem;
  std::ofstream{folder / "key.pem"} << pair.key_pem;
  const auto tls = TlsServer::load(folder / "cert.pem", folder / "key.pem");
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(tls) << tls.error();
  std::optional<StreamError> error;
  int dripped = 0;
  UvLoop loop;
  loop.run(shake_slowly(loop, *tls, error, dripped));
  EXPECT_EQ(error, StreamError::timed_out);
  EXPECT_LT(dripped, 400);
}

}  // namespace
}  // namespace posthaste::net
