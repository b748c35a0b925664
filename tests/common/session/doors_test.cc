#include "common/session/doors.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <utility>

#include "common/net/sim_world.h"
#include "common/net/stream.h"

namespace posthaste::session {
namespace {

using namespace std::chrono_literals;

constexpr std::array kPorts{
    Port{"imap", 143, Security::starttls, daemon::Clientele::anybody},
    Port{"imaps", 993, Security::implicit_tls, daemon::Clientele::anybody},
};
const net::Endpoint kImap{"192.0.2.1", 143};
const net::Endpoint kImaps{"192.0.2.1", 993};

/// Says on which port it was reached, and stays until the client goes.
net::Task<void> greet(const Port& port, std::unique_ptr<net::Transport> transport,
                      daemon::Admission::Place /*kept until the end*/) {
  net::Stream stream{std::move(transport), 1min};
  stream.write(std::string{"this is "} + port.name + "\r\n");
  auto line = co_await stream.read_line(100);
  EXPECT_EQ(line.error(), net::StreamError::closed);
}

struct Visit {
  net::Endpoint endpoint;
  std::string words;  // that are heard first
};

/// One worker with both ports; each has two places.
class DoorsTest : public testing::Test {
 protected:
  /// What a client hears first; "closed" if that is all.
  net::Task<std::string> first_words(net::Stream& stream) {
    auto line = co_await stream.read_line(100);
    if (!line) co_return std::string{net::name_of(line.error())};
    co_return std::string{*line};
  }
  net::Task<std::unique_ptr<net::Stream>> connect(net::Endpoint endpoint) {
    auto transport = co_await sim_.network().connect(std::move(endpoint), 1s);
    EXPECT_TRUE(transport);
    co_return std::make_unique<net::Stream>(std::move(*transport), 1min);
  }
  /// Clients come one after the other, and stay.
  net::Task<void> visit(std::vector<Visit> visits) {
    for (const auto& [endpoint, words] : visits) {
      auto stream = co_await connect(endpoint);
      auto heard = co_await first_words(*stream);
      EXPECT_EQ(heard, words);
      streams_.push_back(std::move(stream));
    }
  }
  net::Task<void> visit_leave_and_visit(std::vector<Visit> before, std::vector<Visit> after) {
    co_await visit(std::move(before));
    streams_.clear();
    co_await sim_.loop().sleep(1s);
    co_await visit(std::move(after));
  }

  /// Lets clients in while `clients` runs.
  net::Task<void> serve_while(net::Task<void> clients) {
    const auto imap = sim_.network().listen(kImap);
    const auto imaps = sim_.network().listen(kImaps);
    net::TaskScope sessions;
    net::TaskScope accepting;
    daemon::Worker worker{.world = sim_.world(), .scope = sessions, .listeners = {}};
    worker.listeners = {{"imap", imap.get()}, {"imaps", imaps.get()}};
    doors_.open(worker, accepting, log_, "* BYE Too many connections\r\n", greet);
    co_await clients;
    streams_.clear();
    imap->close();
    imaps->close();
    co_await accepting.drained();
    co_await sessions.drained();
  }

  net::SimWorld sim_{1};
  log::MemorySink sink_;
  log::Log log_{sink_, "imapd", log::Format::text, log::Level::info, [] { return WallTime{}; }};
  daemon::Clients clients_{config::Clients{}, SipKey{1, 2}};
  Doors doors_{kPorts, clients_, 2};
  std::vector<std::unique_ptr<net::Stream>> streams_;
};

TEST_F(DoorsTest, EachPortServesAsItself) {
  EXPECT_TRUE(sim_.run(serve_while(visit({{kImap, "this is imap"}, {kImaps, "this is imaps"}}))));
  EXPECT_EQ(sink_.text(), "");
}

TEST_F(DoorsTest, WhoFindsNoPlaceHearsWhyAndTheLogTells) {
  EXPECT_TRUE(sim_.run(serve_while(
      visit({{kImap, "this is imap"}, {kImap, "this is imap"}, {kImap, "* BYE Too many connections"}}))));
  EXPECT_NE(sink_.text().find("info imapd client.turned_away client="), std::string::npos) << sink_.text();
  EXPECT_NE(sink_.text().find(" port=imap reason="), std::string::npos) << sink_.text();
}

TEST_F(DoorsTest, NobodyWouldReadWordsInTheClearUnderImplicitTls) {
  EXPECT_TRUE(
      sim_.run(serve_while(visit({{kImaps, "this is imaps"}, {kImaps, "this is imaps"}, {kImaps, "closed"}}))));
}

TEST_F(DoorsTest, APortThatIsFullDoesNotFillTheOther) {
  EXPECT_TRUE(
      sim_.run(serve_while(visit({{kImap, "this is imap"}, {kImap, "this is imap"}, {kImaps, "this is imaps"}}))));
}

TEST_F(DoorsTest, APlaceIsFreeOnceItsSessionHasEnded) {
  auto clients =
      visit_leave_and_visit({{kImap, "this is imap"}, {kImap, "this is imap"}}, {{kImap, "this is imap"}});
  EXPECT_TRUE(sim_.run(serve_while(std::move(clients))));
}

}  // namespace
}  // namespace posthaste::session
