// What a session throws ends that session, and nothing else of smtpd.
#include "../relaying_transport.h"
#include "installation.h"

namespace posthaste::smtpd {
namespace {

net::Task<std::unique_ptr<net::Stream>> connect(SimSmtpd& smtpd) {
  auto transport = co_await smtpd.connect(Role::mx);
  auto stream = std::make_unique<net::Stream>(std::move(transport), std::chrono::minutes{1});
  auto greeting = co_await stream->read_line(smtp::kReplyLineMaxOctets);
  EXPECT_TRUE(greeting && greeting->starts_with("220 "));
  co_return stream;
}

net::Task<void> throw_beside_another(SimSmtpd& smtpd, std::string& heard) {
  {
    const auto thrower = co_await connect(smtpd);
    const auto other = co_await connect(smtpd);
    thrower->write("NOOP " + std::string{kThrowingWord} + "\r\n");
    auto ended = co_await thrower->read_line(smtp::kReplyLineMaxOctets);
    EXPECT_EQ(ended.error(), net::StreamError::closed);
    other->write("NOOP\r\n");
    auto answer = co_await other->read_line(smtp::kReplyLineMaxOctets);
    if (answer) heard = *answer;
  }
  smtpd.scope.stop();
  co_await smtpd.ended();
}

TEST(Session, AnExceptionEndsItAlone) {
  net::SimWorld sim{1};
  SimSmtpd smtpd{sim};
  std::string heard;
  ASSERT_TRUE(sim.run(throw_beside_another(smtpd, heard))) << "deadlock";
  EXPECT_EQ(heard.substr(0, 4), "250 ");
  EXPECT_NE(smtpd.sink.text().find("session.failed"), std::string::npos) << smtpd.sink.text();
}

}  // namespace
}  // namespace posthaste::smtpd
