// What a transaction costs grows no faster than the client's commands.
#include "../growth.h"

#include <memory>
#include <string>

#include "installation.h"

namespace posthaste::smtpd {
namespace {

/// Logs in at the submission port, and says `commands`, all of which are answered with one line that begins with
/// `code`. In the simulated world all of it runs on this thread.
net::Task<void> submit(SimSmtpd& smtpd, std::string commands, std::size_t count, std::string code) {
  auto transport = co_await smtpd.connect(Role::submission);
  {
    net::Stream client{std::move(transport), std::chrono::hours{1}};
    client.write("EHLO client.example.com\r\nAUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAHNlY3JldA==\r\n");
    client.write("MAIL FROM:<alice@example.org>\r\n");
    for (;;) {
      auto line = co_await client.read_line(smtp::kReplyLineMaxOctets);
      if (!line || line->starts_with("250 2.1.0")) break;
    }
    client.write(commands);
    for (std::size_t i = 0; i < count; ++i) {
      auto line = co_await client.read_line(smtp::kReplyLineMaxOctets);
      if (!line || !line->starts_with(code)) ADD_FAILURE() << (line ? std::string{*line} : "nothing");
      if (!line) break;
    }
  }
  co_await smtpd.ended();
}

struct Row {
  const char* name;
  std::size_t size;
  std::string (*make)(std::size_t commands);
  const char* code;
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

std::string recipients(std::size_t count, const std::string& domain) {
  std::string commands;
  for (std::size_t i = 0; i < count; ++i) {
    commands += "RCPT TO:<" + std::to_string(100'000 + i) + "@" + domain + ">\r\n";
  }
  return commands;
}

const Row kRows[] = {
    {"ManyRecipientsElsewhere", 1'024, [](std::size_t n) { return recipients(n, "example.net"); }, "250"},
    {"OneRecipientManyTimes", 1'024,
     [](std::size_t n) {
       std::string commands;
       for (std::size_t i = 0; i < n; ++i) commands += "RCPT TO:<jones@example.net>\r\n";
       return commands;
     },
     "250"},
    {"ManySmallChunks", 1'024,
     [](std::size_t n) {
       std::string commands = "RCPT TO:<jones@example.net>\r\n";
       for (std::size_t i = 1; i < n; ++i) commands += "BDAT 4\r\na: b";
       return commands;
     },
     "250"},
};

class TransactionGrowth : public testing::TestWithParam<Row> {};

TEST_P(TransactionGrowth, IsInProportionToTheCommands) {
  const Row& row = GetParam();
  expect_n_log_n({row.name, row.size, [&row](std::size_t size) {
                    return [&row, size, commands = row.make(size)] {
                      net::SimWorld sim{1};
                      auto config = installation().config;
                      config.submission.require_tls = false;
                      config.auth.allow_plaintext = true;
                      config.smtp.recipients_max = 100'000;
                      SimSmtpd smtpd{sim, config};
                      EXPECT_TRUE(sim.run(submit(smtpd, commands, size, row.code)));
                    };
                  }});
}

INSTANTIATE_TEST_SUITE_P(Smtpd, TransactionGrowth, testing::ValuesIn(kRows),
                         [](const auto& test) { return std::string{test.param.name}; });

net::Task<void> accept_one(SimSmtpd& smtpd, AcceptedMessage message) {
  const auto reply = co_await accept(smtpd.context, std::move(message));
  EXPECT_EQ(reply.code, 250);
  co_await smtpd.ended();
}

TEST(AcceptanceGrowth, IsInProportionToTheRecipients) {
  expect_n_log_n({"AcceptanceOfManyRecipients", 1'024, [](std::size_t size) {
                    return [size] {
                      net::SimWorld sim{1};
                      SimSmtpd smtpd{sim};
                      smtpd.outbound.resolver.fail("example.net", dns::Failure::timed_out);
                      AcceptedMessage message;
                      message.envelope.trace_id = "trace";
                      message.envelope.arrived = sim.loop().wall();
                      message.octets = std::make_shared<const MessageOctets>("Subject: x\r\n\r\nhi\r\n",
                                                                             smtpd.memory.for_trusted());
                      for (std::size_t i = 0; i < size; ++i) {
                        const smtp::Mailbox mailbox{std::to_string(100'000 + i), "example.net"};
                        message.recipients.push_back({mailbox, std::nullopt, std::nullopt, {{}, {mailbox}}});
                      }
                      EXPECT_TRUE(sim.run(accept_one(smtpd, std::move(message))));
                    };
                  }});
}

}  // namespace
}  // namespace posthaste::smtpd
