// The envelope: RFC 9051's example, defaults, repeated and missing fields.
#include "common/mime/envelope.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace posthaste::mime {
namespace {

Address named(std::string name, std::string mailbox, std::string host) {
  return {std::move(name), {}, std::move(mailbox), std::move(host)};
}

TEST(ParseEnvelope, ReadsRfc9051Section8) {
  const Envelope envelope = parse_envelope(
      "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
      "From: Terry Gray <gray@cac.washington.edu>\r\n"
      "Subject: IMAP4rev2 WG mtg summary and minutes\r\n"
      "To: imap@cac.washington.edu\r\n"
      "cc: minutes@CNRI.Reston.VA.US, \r\n"
      " John Klensin <KLENSIN@MIT.EDU>\r\n"
      "Message-Id: <B27397-0100000@cac.washington.ed>\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n");
  const std::vector<Address> from = {named("Terry Gray", "gray", "cac.washington.edu")};
  EXPECT_EQ(envelope.date, "Wed, 17 Jul 1996 02:23:25 -0700 (PDT)");
  EXPECT_EQ(envelope.subject, "IMAP4rev2 WG mtg summary and minutes");
  EXPECT_EQ(envelope.from, from);
  EXPECT_EQ(envelope.sender, from);
  EXPECT_EQ(envelope.reply_to, from);
  EXPECT_EQ(envelope.to, (std::vector<Address>{{{}, {}, "imap", "cac.washington.edu"}}));
  EXPECT_EQ(envelope.cc, (std::vector<Address>{{{}, {}, "minutes", "CNRI.Reston.VA.US"},
                                               named("John Klensin", "KLENSIN", "MIT.EDU")}));
  EXPECT_TRUE(envelope.bcc.empty());
  EXPECT_EQ(envelope.in_reply_to, std::nullopt);
  EXPECT_EQ(envelope.message_id, "<B27397-0100000@cac.washington.ed>");
}

TEST(ParseEnvelope, WithoutFieldsIsEmpty) {
  EXPECT_EQ(parse_envelope(""), Envelope{});
  EXPECT_EQ(parse_envelope("\r\n"), Envelope{});
  EXPECT_EQ(parse_envelope("garbage\r\n\r\nFrom: body@example.org\r\n"), Envelope{});
}

TEST(ParseEnvelope, TellsAnEmptyFieldFromNone) {
  const Envelope envelope = parse_envelope("Subject:\r\nDate: \r\n\r\n");
  EXPECT_EQ(envelope.subject, "");
  EXPECT_EQ(envelope.date, "");
  EXPECT_EQ(envelope.message_id, std::nullopt);
}

TEST(ParseEnvelope, UnfoldsAndKeepsEncodedWordsAndEightBitOctets) {
  EXPECT_EQ(parse_envelope("Subject: =?utf-8?Q?a?=\r\n =?utf-8?Q?b?= \xC3\xA9\r\n").subject,
            "=?utf-8?Q?a?= =?utf-8?Q?b?= \xC3\xA9");
}

TEST(ParseEnvelope, SenderAndReplyToStandForThemselves) {
  const Envelope envelope = parse_envelope("From: a@x\r\nSender: b@x\r\nReply-To: c@x\r\n");
  EXPECT_EQ(envelope.from.at(0).mailbox, "a");
  EXPECT_EQ(envelope.sender.at(0).mailbox, "b");
  EXPECT_EQ(envelope.reply_to.at(0).mailbox, "c");
}

TEST(ParseEnvelope, EmptySenderIsFrom) {
  const Envelope envelope = parse_envelope("Sender: \r\nReply-To: (nobody)\r\nFrom: a@x\r\n");
  EXPECT_EQ(envelope.sender, envelope.from);
  EXPECT_EQ(envelope.reply_to, envelope.from);
}

TEST(ParseEnvelope, CombinesDestinationsAndTakesTheFirstOfTheRest) {
  const Envelope envelope =
      parse_envelope("To: a@x\r\nTo: b@x\r\nSubject: 1\r\nSubject: 2\r\nFrom: c@x\r\nFrom: d@x\r\n");
  EXPECT_EQ(envelope.to.size(), 2u);
  EXPECT_EQ(envelope.subject, "1");
  ASSERT_EQ(envelope.from.size(), 1u);
  EXPECT_EQ(envelope.from[0].mailbox, "c");
}

TEST(ParseEnvelope, HoldsItsLimitOverAllLists) {
  const Envelope envelope = parse_envelope("To: a@x, b@x\r\nCc: c@x, d@x\r\nBcc: e@x\r\n", 3);
  EXPECT_EQ(envelope.to.size(), 2u);
  EXPECT_EQ(envelope.cc.size(), 1u);
  EXPECT_TRUE(envelope.bcc.empty());
}

}  // namespace
}  // namespace posthaste::mime
