#include "common/smtp/received.h"

#include <gtest/gtest.h>

namespace posthaste::smtp {
namespace {

const Received kReceived{.client_name = "mail.example.org",
                         .client_address = "[192.0.2.1]",
                         .by = "mx.example.com",
                         .protocol = {.greeting = Greeting::ehlo, .tls = true},
                         .trace_id = "t-1",
                         .recipient = Mailbox{"bob", "example.com"},
                         .when = std::chrono::sys_seconds{std::chrono::seconds{880127706}}};

TEST(Received, IsAFoldedField) {
  EXPECT_EQ(to_field(kReceived),
            "Received: from mail.example.org ([192.0.2.1])\r\n"
            "\tby mx.example.com with ESMTPS id t-1\r\n"
            "\tfor <bob@example.com>;\r\n"
            "\tFri, 21 Nov 1997 15:55:06 +0000\r\n");
}

TEST(Received, HasNoForClauseForSeveralRecipients) {
  Received received = kReceived;
  received.recipient.reset();
  EXPECT_EQ(to_field(received).find("for"), std::string::npos);
}

TEST(Received, KeepsARecipientBeyondAsciiOutOfAnAsciiMessage) {
  Received received = kReceived;
  received.recipient = Mailbox{
      "b\xc3\xb6"
      "b",
      "example.com"};
  EXPECT_EQ(to_field(received).find("for"), std::string::npos);
  received.protocol.smtp_utf8 = true;
  EXPECT_NE(to_field(received).find("for <b\xc3\xb6"
                                    "b@example.com>"),
            std::string::npos);
}

TEST(Received, MovesANameThatIsNoDomainIntoAComment) {
  Received received = kReceived;
  received.client_name = "MY_PC";
  EXPECT_TRUE(to_field(received).starts_with("Received: from [192.0.2.1] (HELO MY_PC)\r\n"));
  received.client_name = "a) by evil.example (b\\";
  EXPECT_TRUE(
      to_field(received).starts_with("Received: from [192.0.2.1] (HELO a\\) by evil.example \\(b\\x5c)\r\n"));
  received.client_name = std::string(255, '\xe4');
  EXPECT_LT(to_field(received).find("\r\n"), 998);
  received.client_name = "[IPv6:2001:db8::1]";
  EXPECT_TRUE(to_field(received).starts_with("Received: from [IPv6:2001:db8::1] ([192.0.2.1])\r\n"));
}

TEST(Received, NamesTheProtocolAsRegistered) {
  const std::pair<Protocol, const char*> kNames[] = {
      {{Greeting::helo}, "SMTP"},
      {{Greeting::ehlo}, "ESMTP"},
      {{Greeting::ehlo, true}, "ESMTPS"},
      {{Greeting::ehlo, false, true}, "ESMTPA"},
      {{Greeting::ehlo, true, true}, "ESMTPSA"},
      {{Greeting::lhlo}, "LMTP"},
      {{Greeting::lhlo, true, true}, "LMTPSA"},
      {{Greeting::ehlo, false, false, true}, "UTF8SMTP"},
      {{Greeting::ehlo, true, true, true}, "UTF8SMTPSA"},
      {{Greeting::lhlo, false, false, true}, "UTF8LMTP"},
  };
  for (const auto& [protocol, name] : kNames) EXPECT_EQ(to_string(protocol), name);
}

TEST(Received, AddressLiteralIsTaggedForIpv6) {
  EXPECT_EQ(address_literal("192.0.2.1"), "[192.0.2.1]");
  EXPECT_EQ(address_literal("2001:db8::1"), "[IPv6:2001:db8::1]");
}

}  // namespace
}  // namespace posthaste::smtp
