// A client that sends many commands at once and reads none of the answers.
#include "../relaying_transport.h"
#include "installation.h"

namespace posthaste::smtpd {
namespace {

constexpr int kCommands = 20'000;

/// Remembers the most that was ever handed over at once: so much was held in memory.
class Witness final : public RelayingTransport {
 public:
  Witness(std::unique_ptr<net::Transport> carrier, std::size_t& most)
      : RelayingTransport(std::move(carrier)), most_(most) {}
  net::ValueOrTask<std::expected<void, net::StreamError>> send(std::string_view octets,
                                                               std::chrono::milliseconds timeout) override {
    most_ = std::max(most_, octets.size());
    return RelayingTransport::send(octets, timeout);
  }

 private:
  std::size_t& most_;
};

net::Task<void> serve(SimSmtpd& smtpd, net::Listener& listener, std::size_t& most) {
  auto transport = co_await listener.accept();
  Session session{std::make_unique<Witness>(std::move(transport), most), smtpd.context, Role::mx};
  co_await session.converse();
}

net::Task<void> flood(net::SimWorld& sim, SimSmtpd& smtpd, std::string commands, std::size_t& most, int& answers) {
  const net::Endpoint endpoint{"192.0.2.25", 25};
  const auto listener = sim.network().listen(endpoint);
  smtpd.scope.spawn(serve(smtpd, *listener, most));
  auto transport = co_await sim.network().connect(endpoint, std::chrono::seconds{1});
  {
    net::Stream stream{std::move(*transport), std::chrono::hours{1}};
    stream.write("HELO client.example.com\r\nMAIL FROM:<a@example.com>\r\n" + commands + "QUIT\r\n");
    for (bool there = true; there;) {
      auto line = co_await stream.read_line(smtp::kReplyLineMaxOctets);
      there = line.has_value();
      if (there) ++answers;
    }
  }
  smtpd.scope.stop();
  co_await smtpd.ended();
}

TEST(Flood, OfCommandsIsAnsweredInPieces) {
  constexpr int kOthers = 4;  // greeting, HELO, MAIL, QUIT
  for (const std::string command : {"NOOP\r\n", "VRFY x\r\n", "BDAT 0\r\n", "DATA\r\n"}) {
    net::SimWorld sim{1};
    SimSmtpd smtpd{sim};
    std::string commands;
    for (int i = 0; i < kCommands; ++i) commands += command;
    std::size_t most = 0;
    int answers = 0;
    ASSERT_TRUE(sim.run(flood(sim, smtpd, std::move(commands), most, answers))) << "deadlock";
    if (command == "NOOP\r\n" || command == "VRFY x\r\n") {
      EXPECT_EQ(answers, kCommands + kOthers) << command;
    }
    EXPECT_LE(most, 17'000U) << command;
  }
}

}  // namespace
}  // namespace posthaste::smtpd
