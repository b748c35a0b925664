// LMTP dialogues, each sent in one piece and in every split, against a real store.
#include "deliveryd/lmtp_session.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "installation.h"

namespace posthaste::deliveryd {
namespace {

using namespace std::chrono_literals;

/// Sends all of `input` at once and reads until the server hangs up.
net::Task<void> converse(net::Network& network, net::Endpoint endpoint, std::string input, std::string& output) {
  auto transport = co_await network.connect(endpoint, 1s);
  if (!transport) co_return;
  net::Stream stream{std::move(*transport), 10min};
  stream.write(input);
  for (;;) {
    auto octets = co_await stream.read_some(65'536);
    if (!octets) co_return;
    output += *octets;
  }
}

/// Code and enhanced code of each reply, without the greeting and the lines of LHLO's.
std::vector<std::string> codes(std::string_view output) {
  std::vector<std::string> found;
  while (!output.empty()) {
    const std::string_view line = output.substr(0, output.find("\r\n"));
    output.remove_prefix(std::min(output.size(), line.size() + 2));
    const bool enhanced = line.size() > 9 && line[5] == '.' && line[7] == '.';
    if (line.substr(0, 3) == "354" || enhanced) found.emplace_back(line.substr(0, enhanced ? 9 : 3));
  }
  return found;
}

std::vector<std::string> dialogue(Installation& here, const std::string& input,
                                  const net::Endpoint& endpoint = kLmtpPort) {
  std::string output;
  EXPECT_TRUE(here.run(converse(here.sim.network(), endpoint, "LHLO client.example.com\r\n" + input, output)));
  return codes(output);
}

using Codes = std::vector<std::string>;

struct DialogueCase {
  const char* name;
  std::string input;
  Codes codes;
  std::size_t alice;  // messages in INBOX afterwards
  std::size_t bob;
};

const std::string kMail = "MAIL FROM:<sender@example.com>\r\n";
const std::string kToAlice = "RCPT TO:<alice@example.org>\r\n";
const std::string kToBob = "RCPT TO:<bob@example.org>\r\n";
const std::string kData = "DATA\r\nSubject: a\r\n\r\nbody\r\n.\r\n";
const std::string kQuit = "QUIT\r\n";

const DialogueCase kDialogues[] = {
    {"OneRecipient",
     kMail + kToAlice + kData + kQuit,
     {"250 2.1.0", "250 2.1.5", "354", "250 2.0.0", "221 2.0.0"},
     1,
     0},
    {"OneReplyForEachRecipient",
     kMail + kToAlice + kToBob + kData + kQuit,
     {"250 2.1.0", "250 2.1.5", "250 2.1.5", "354", "250 2.0.0", "250 2.0.0", "221 2.0.0"},
     1,
     1},
    {"NoReplyForTheRefused",
     kMail + "RCPT TO:<nobody@example.org>\r\n" + kToBob + kData + kQuit,
     {"250 2.1.0", "550 5.1.1", "250 2.1.5", "354", "250 2.0.0", "221 2.0.0"},
     0,
     1},
    {"AnAliasIsAllItsUsers",
     kMail + "RCPT TO:<staff@example.org>\r\n" + kData + kQuit,
     {"250 2.1.0", "250 2.1.5", "354", "250 2.0.0", "221 2.0.0"},
     1,
     1},
    {"WhoIsNamedTwiceGetsOneCopy",
     kMail + kToAlice + "RCPT TO:<staff@example.org>\r\n" + kData + kQuit,
     {"250 2.1.0", "250 2.1.5", "250 2.1.5", "354", "250 2.0.0", "250 2.0.0", "221 2.0.0"},
     1,
     1},
    {"AnAliasElsewhereIsRefused",
     kMail + "RCPT TO:<outside@example.org>\r\n" + kQuit,
     {"250 2.1.0", "550 5.1.1", "221 2.0.0"},
     0,
     0},
    {"OtherDomainsAreRefused",
     kMail + "RCPT TO:<a@example.net>\r\n" + kQuit,
     {"250 2.1.0", "550 5.1.2", "221 2.0.0"},
     0,
     0},
    {"PostmasterWithoutADomain",
     kMail + "RCPT TO:<Postmaster>\r\n" + kData + kQuit,
     {"250 2.1.0", "250 2.1.5", "354", "250 2.0.0", "221 2.0.0"},
     1,
     0},
    {"TheNullReversePath",
     "MAIL FROM:<>\r\n" + kToAlice + kData + kQuit,
     {"250 2.1.0", "250 2.1.5", "354", "250 2.0.0", "221 2.0.0"},
     1,
     0},
    {"TwoMessagesInOneSession",
     kMail + kToAlice + kData + kMail + kToBob + kData + kQuit,
     {"250 2.1.0", "250 2.1.5", "354", "250 2.0.0", "250 2.1.0", "250 2.1.5", "354", "250 2.0.0", "221 2.0.0"},
     1,
     1},
    {"ChunksMakeOneMessage",
     kMail + kToAlice + "BDAT 7\r\nA: b\r\n\rBDAT 4 LAST\r\n\nb\r\n" + kQuit,
     {"250 2.1.0", "250 2.1.5", "250 2.0.0", "250 2.0.0", "221 2.0.0"},
     1,
     0},
    {"AnEmptyLastChunk",
     kMail + kToAlice + kToBob + "BDAT 4\r\na\n\rbBDAT 0 LAST\r\n" + kQuit,
     {"250 2.1.0", "250 2.1.5", "250 2.1.5", "250 2.0.0", "250 2.0.0", "250 2.0.0", "221 2.0.0"},
     1,
     1},
    {"DataAfterAChunkIsOutOfOrder",
     kMail + kToAlice + "BDAT 1\r\na" + "DATA\r\nRSET\r\n" + kQuit,
     {"250 2.1.0", "250 2.1.5", "250 2.0.0", "503 5.5.1", "250 2.0.0", "221 2.0.0"},
     0,
     0},
    {"AChunkWithoutRecipientsIsReadAndRefused",
     kMail + "BDAT 6 LAST\r\nQUIT\r\n" + kQuit,
     {"250 2.1.0", "503 5.5.1", "221 2.0.0"},
     0,
     0},
    {"DataWithoutRecipients", kMail + "DATA\r\n" + kQuit, {"250 2.1.0", "503 5.5.1", "221 2.0.0"}, 0, 0},
    {"RcptBeforeMail", kToAlice + kQuit, {"503 5.5.1", "221 2.0.0"}, 0, 0},
    {"MailTwice", kMail + kMail + kQuit, {"250 2.1.0", "503 5.5.1", "221 2.0.0"}, 0, 0},
    {"RsetForgets",
     kMail + kToAlice + "RSET\r\nDATA\r\n" + kQuit,
     {"250 2.1.0", "250 2.1.5", "250 2.0.0", "503 5.5.1", "221 2.0.0"},
     0,
     0},
    {"EhloIsNotLmtp", "EHLO a.example.com\r\n" + kQuit, {"500 5.5.1", "221 2.0.0"}, 0, 0},
    {"NoopVrfyAndNonsense",
     "NOOP\r\nVRFY alice\r\nSTARTTLS\r\nXYZ\r\n" + kQuit,
     {"250 2.0.0", "252 2.5.0", "502 5.5.1", "500 5.5.2", "221 2.0.0"},
     0,
     0},
    {"BareLfInDataEndsTheSession",
     kMail + kToAlice + "DATA\r\na\nb\r\n.\r\n" + kQuit,
     {"250 2.1.0", "250 2.1.5", "354", "500 5.5.2"},
     0,
     0},
    {"BareLfInACommandEndsTheSession", kMail + "NOOP\n" + kToAlice, {"250 2.1.0", "500 5.5.2"}, 0, 0},
    {"AnnouncedTooLarge", "MAIL FROM:<> SIZE=100001\r\n" + kQuit, {"552 5.3.4", "221 2.0.0"}, 0, 0},
    {"DataTooLarge",
     kMail + kToAlice + kToBob + "DATA\r\n" + std::string(100'001, 'x') + "\r\n.\r\n" + kQuit,
     {"250 2.1.0", "250 2.1.5", "250 2.1.5", "354", "552 5.3.4", "552 5.3.4", "221 2.0.0"},
     0,
     0},
    {"ChunksTooLarge",
     kMail + kToAlice + "BDAT 60000\r\n" + std::string(60'000, 'x') + "BDAT 60000\r\n" + std::string(60'000, 'x') +
         "BDAT 0 LAST\r\n" + kQuit,
     {"250 2.1.0", "250 2.1.5", "250 2.0.0", "552 5.3.4", "552 5.3.4", "221 2.0.0"},
     0,
     0},
    {"PrivateParametersArePrivate", "MAIL FROM:<> XTRACE=abc\r\n" + kQuit, {"555 5.5.4", "221 2.0.0"}, 0, 0},
    {"BinaryMimeWasNotOffered", "MAIL FROM:<> BODY=BINARYMIME\r\n" + kQuit, {"555 5.5.4", "221 2.0.0"}, 0, 0},
    {"DsnParametersAreIgnored",
     "MAIL FROM:<> RET=HDRS ENVID=x\r\nRCPT TO:<alice@example.org> NOTIFY=FAILURE\r\n" + kData + kQuit,
     {"250 2.1.0", "250 2.1.5", "354", "250 2.0.0", "221 2.0.0"},
     1,
     0},
};

TEST(Lmtp, AnswersAndStoresTheSameInEverySplit) {
  for (const auto& test : kDialogues) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      Installation here{seed};
      EXPECT_EQ(dialogue(here, test.input), test.codes) << test.name << " seed " << seed;
      EXPECT_EQ(here.messages(kAlice).size(), test.alice) << test.name;
      EXPECT_EQ(here.messages(kBob).size(), test.bob) << test.name;
    }
  }
}

TEST(Lmtp, MailBeforeLhloIsOutOfOrder) {
  Installation here{1};
  std::string output;
  ASSERT_TRUE(here.run(converse(here.sim.network(), kLmtpPort, kMail + kQuit, output)));
  EXPECT_EQ(codes(output), (Codes{"503 5.5.1", "221 2.0.0"}));
}

TEST(Lmtp, OffersTheTraceParametersOnItsOwnSocketAlone) {
  for (const auto& [endpoint, offered] : {std::pair{kLmtpPort, false}, std::pair{kLmtpSocket, true}}) {
    Installation here{1};
    std::string output;
    ASSERT_TRUE(here.run(converse(here.sim.network(), endpoint, "LHLO a\r\n" + kQuit, output)));
    EXPECT_EQ(output.find("XDELIVERYID") != std::string::npos, offered);
    EXPECT_NE(output.find("250-PIPELINING\r\n"), std::string::npos);
    EXPECT_NE(output.find("250-CHUNKING\r\n"), std::string::npos);
    // smtpd has announced 100,000 and adds its own fields.
    EXPECT_NE(output.find(offered ? "SIZE 108192\r\n" : "SIZE 100000\r\n"), std::string::npos);
  }
}

TEST(Lmtp, AStrangersMessageGetsReturnPathAndReceived) {
  Installation here{1};
  dialogue(here, kMail + kToAlice + "DATA\r\nSubject: a\r\n\r\n..dot\r\n.\r\n" + kQuit);
  const auto messages = here.messages(kAlice);
  ASSERT_EQ(messages.size(), 1U);
  const std::string& message = messages.front();
  EXPECT_TRUE(message.starts_with(
      "Return-Path: <sender@example.com>\r\nReceived: from client.example.com ([192.0.2.1])\r\n"))
      << message;
  EXPECT_NE(message.find("with LMTP id "), std::string::npos);
  EXPECT_TRUE(message.ends_with("\r\nSubject: a\r\n\r\n.dot\r\n")) << message;
}

TEST(Lmtp, SmtpdsMessageKeepsItsOwnReceived) {
  Installation here{1};
  dialogue(here, kMail + kToAlice + "DATA\r\nReceived: from a\r\nSubject: a\r\n\r\nb\r\n.\r\n" + kQuit,
           kLmtpSocket);
  EXPECT_EQ(here.messages(kAlice),
            Codes{"Return-Path: <sender@example.com>\r\nReceived: from a\r\nSubject: a\r\n\r\nb\r\n"});
}

TEST(Lmtp, ReturnPathOfAnotherServerGoes) {
  const std::string added = "Return-Path: <sender@example.com>\r\nReceived: from a\r\n";
  const std::pair<std::string, std::string> kCases[] = {
      {"Return-Path: <x@y.example>\r\nReceived: from a\r\n\r\nb\r\n", added + "\r\nb\r\n"},
      {"Received: from a\r\nreturn-path:\r\n <x@y.example>\r\nSubject: a\r\n\r\nb\r\n",
       added + "Subject: a\r\n\r\nb\r\n"},
      {"Received: from a\r\nReturn-Path : <>\r\nSubject: a\r\nReturn-Path: <z>\r\n\r\nb\r\n",
       added + "Subject: a\r\n\r\nb\r\n"},
      {"Received: from a\r\n\r\nReturn-Path: <x@y.example>\r\n", added + "\r\nReturn-Path: <x@y.example>\r\n"},
      {"Received: from a\r\nX-Return-Path: <x>\r\n\r\n", added + "X-Return-Path: <x>\r\n\r\n"},
      {"Received: from a\r\nReturn-Path: <x@y.example>\r\n", added}};
  for (const auto& [sent, stored] : kCases) {
    Installation here{1};
    dialogue(here, kMail + kToAlice + "DATA\r\n" + sent + ".\r\n" + kQuit, kLmtpSocket);
    EXPECT_EQ(here.messages(kAlice), Codes{stored});
  }
}

TEST(Lmtp, ARepeatedDeliveryIdStoresOnce) {
  const std::string mail = "MAIL FROM:<> XDELIVERYID=00112233445566778899aabbccddeeff XTRACE=t1\r\n";
  Installation here{1};
  dialogue(here, mail + kToAlice + kData + kQuit, kLmtpSocket);
  const auto repeated = dialogue(here, mail + kToAlice + kToBob + kData + kQuit, kLmtpSocket);
  EXPECT_EQ(repeated, (Codes{"250 2.1.0", "250 2.1.5", "250 2.1.5", "354", "250 2.0.0", "250 2.0.0", "221 2.0.0"}));
  EXPECT_EQ(here.messages(kAlice).size(), 1U);
  EXPECT_EQ(here.messages(kBob).size(), 1U);
}

net::Task<void> apply(mailbox::Applier& applier, UserId user, mailbox::Batch batch) {
  const mailbox::IdempotencyKey no_key;
  auto applied = co_await applier.apply(user, std::move(batch), no_key);
  EXPECT_TRUE(applied);
}

TEST(Lmtp, AnExceededQuotaRefusesOneAndNotTheOther) {
  Installation here{1};
  ASSERT_TRUE(here.run(apply(*here.local_store, kBob, {{mailbox::SetQuota{{200, {}}}}})));
  const std::string body = "DATA\r\nSubject: " + std::string(300, 'x') + "\r\n\r\n.\r\n";
  EXPECT_EQ(dialogue(here, kMail + kToAlice + kToBob + body + kQuit),
            (Codes{"250 2.1.0", "250 2.1.5", "250 2.1.5", "354", "250 2.0.0", "452 4.2.2", "221 2.0.0"}));
  EXPECT_EQ(dialogue(here, "MAIL FROM:<> SIZE=300\r\n" + kToBob + kQuit),
            (Codes{"250 2.1.0", "452 4.2.2", "221 2.0.0"}));
  EXPECT_EQ(here.messages(kAlice).size(), 1U);
  EXPECT_TRUE(here.messages(kBob).empty());
}

TEST(Lmtp, ADetailNamesAMailboxThatExists) {
  Installation here{1};
  ASSERT_TRUE(here.run(apply(*here.local_store, kAlice, {{mailbox::CreateMailbox{"lists", {}}}})));
  dialogue(here,
           kMail + "RCPT TO:<alice+lists@example.org>\r\nRCPT TO:<alice+other@example.org>\r\n" + kData + kQuit);
  EXPECT_EQ(here.messages(kAlice, "lists").size(), 1U);
  EXPECT_EQ(here.messages(kAlice).size(), 1U);
}

TEST(Lmtp, ADetailFindsItsMailboxInAnyCase) {
  struct {
    std::string recipients;
    std::size_t lists;
    std::size_t inbox;
  } const cases[] = {
      {"RCPT TO:<alice+Lists@example.org>\r\n", 1, 0},
      {"RCPT TO:<alice+lists@example.org>\r\n", 1, 0},
      {"RCPT TO:<Alice+LISTS@Example.Org>\r\n", 1, 0},
      {"RCPT TO:<listed@example.org>\r\n", 1, 0},  // an alias of alice+lIsTs
      {"RCPT TO:<alice+Lists@example.org>\r\nRCPT TO:<alice+lists@example.org>\r\n", 1, 0},  // one copy
      {"RCPT TO:<alice+Lists@example.org>\r\nRCPT TO:<alice@example.org>\r\n", 1, 1},
      {"RCPT TO:<alice+Others@example.org>\r\n", 0, 1},
  };
  for (const auto& test : cases) {
    Installation here{1};
    ASSERT_TRUE(here.run(apply(*here.local_store, kAlice, {{mailbox::CreateMailbox{"Lists", {}}}})));
    dialogue(here, kMail + test.recipients + kData + kQuit);
    EXPECT_EQ(here.messages(kAlice, "Lists").size(), test.lists) << test.recipients;
    EXPECT_EQ(here.messages(kAlice).size(), test.inbox) << test.recipients;
  }
}

TEST(Lmtp, WithoutMemoryTheMessageIsRefusedForNow) {
  for (const std::string& message :
       {"DATA\r\n" + std::string(60'000, 'x') + "\r\n.\r\n", "BDAT 60000 LAST\r\n" + std::string(60'000, 'x')}) {
    Installation here{1, {}, 50'000};
    const auto heard = dialogue(here, kMail + kToAlice + message + kQuit);
    ASSERT_GE(heard.size(), 2U);
    EXPECT_EQ(heard[heard.size() - 2], "452 4.3.1");
    EXPECT_EQ(dialogue(here, kMail + kToAlice + kData + kQuit).at(3), "250 2.0.0");
  }
}

net::Task<void> deliver_at_once(Installation& here, std::size_t sessions, std::vector<std::string>& outputs) {
  net::TaskScope scope;
  outputs.resize(sessions);
  for (auto& output : outputs) {
    scope.spawn(converse(here.sim.network(), kLmtpSocket, "LHLO a\r\n" + kMail + kToAlice + kData + kQuit, output));
  }
  co_await scope.drained();
}

TEST(Lmtp, SessionsSideBySideShareTheirGroups) {
  Installation here{1, {1ms, 10ms, 0}};
  std::vector<std::string> outputs;
  ASSERT_TRUE(here.run(deliver_at_once(here, 50, outputs)));
  for (const auto& output : outputs) EXPECT_EQ(codes(output).at(3), "250 2.0.0");
  EXPECT_EQ(here.messages(kAlice).size(), 50U);
  EXPECT_LE(here.writer->counters().log_syncs, 20U);
}

/// Sends `first`, hears the last of its replies, lets `meanwhile` happen, and goes on with `rest`.
net::Task<void> converse_around(net::Network& network, std::string first, std::string last_reply,
                                std::function<void()> meanwhile, std::string rest, std::string& output) {
  auto transport = co_await network.connect(kLmtpPort, 1s);
  if (!transport) co_return;
  net::Stream stream{std::move(*transport), 10min};
  stream.write(first);
  while (!output.ends_with(last_reply)) {
    auto octets = co_await stream.read_some(65'536);
    if (!octets) co_return;
    output += *octets;
  }
  meanwhile();
  stream.write(rest);
  for (;;) {
    auto octets = co_await stream.read_some(65'536);
    if (!octets) co_return;
    output += *octets;
  }
}

TEST(Lmtp, AnExceptionEndsItsSessionAlone) {
  Installation here{1};
  std::string output;
  const std::string hello = "LHLO client.example.com\r\n";
  const auto nothing = [] {};
  ASSERT_TRUE(here.run(converse_around(here.sim.network(), hello + "VRFY x\r\n", "and see\r\n", nothing,
                                       std::string{kThrowingWord} + "\r\n", output)));
  EXPECT_TRUE(output.ends_with("and see\r\n")) << output;
  EXPECT_NE(here.sink.text().find("session.failed"), std::string::npos) << here.sink.text();
  output.clear();
  ASSERT_TRUE(here.run(converse_around(here.sim.network(), hello + "VRFY x\r\n", "and see\r\n", nothing,
                                       kMail + kToAlice + kData + kQuit, output)));
  EXPECT_EQ(here.messages(kAlice).size(), 1U);
}

TEST(Lmtp, UserDeletedAfterRcptGetsNothing) {
  struct {
    std::string recipients;
    Codes codes;
    std::size_t bob;
  } const cases[] = {
      {kToAlice, {"250 2.1.0", "250 2.1.5", "354", "550 5.1.1", "221 2.0.0"}, 0},
      {kToAlice + kToBob, {"250 2.1.0", "250 2.1.5", "250 2.1.5", "354", "550 5.1.1", "250 2.0.0", "221 2.0.0"}, 1},
      {"RCPT TO:<staff@example.org>\r\n", {"250 2.1.0", "250 2.1.5", "354", "250 2.0.0", "221 2.0.0"}, 1},
  };
  for (const auto& test : cases) {
    Installation here{1};
    std::string output;
    const std::string first = "LHLO client.example.com\r\n" + kMail + test.recipients + "VRFY x\r\n";
    const auto remove = [&here] { here.remove(kAlice); };
    ASSERT_TRUE(here.run(converse_around(here.sim.network(), first, "and see\r\n", remove, kData + kQuit, output)));
    Codes said = codes(output);
    std::erase(said, "252 2.5.0");
    EXPECT_EQ(said, test.codes);
    EXPECT_FALSE(*here.writer->store().read(kAlice)->user()) << "stored for nobody";
    EXPECT_EQ(here.messages(kBob).size(), test.bob);
  }
}

}  // namespace
}  // namespace posthaste::deliveryd
