// What a message asks of a host; routes; dead hosts, connections kept, places; stopping; real sockets.
#include "smtpd/relay/relay.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "common/net/system_random.h"
#include "common/net/thread_pool.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"
#include "fake_hosts.h"

namespace posthaste::relay {
namespace {

using Words = std::vector<std::string>;
const net::Endpoint kHost{"192.0.2.1", 25};
const Destination kDomain{"rcpt.test"};
const Destination kOtherDomain{"other.test"};

std::string offering(const std::vector<std::string>& extensions, const std::string& hello = "EHLO") {
  std::string script = "S: 220 mx.rcpt.test\nC: " + hello + " relay.test\nS: 250-mx.rcpt.test\n";
  for (const auto& extension : extensions) script += "S: 250-" + extension + "\n";
  return script + "S: 250 HELP\n";
}
const std::string kEnvelope = "C: MAIL FROM:<alice@sender.test>\nS: 250 Ok\nC: RCPT TO:<a@rcpt.test>\nS: 250 Ok\n";
const std::string kMessage = "C: DATA\nS: 354 Go on\nC: Subject: x\nC: \nC: Hello\nC: .\nS: 250 2.0.0 Taken\n";
const std::string kTransaction = kEnvelope + kMessage;
const std::string kTaken = "10 relayed 250 2.0.0 Taken | mx.rcpt.test 192.0.2.1";

Message plain_message() { return message_of("Subject: x\r\n\r\nHello\r\n"); }

void give_host(Scene& scene) {
  scene.resolver.add("rcpt.test", dns::Type::mx, dns::Mx{10, "mx.rcpt.test"});
  scene.resolver.add("mx.rcpt.test", dns::Type::a, dns::Address{"192.0.2.1"});
}

/// One message to one recipient or more, and what became of them.
Words outcomes_of(Scene& scene, Destination destination, Message message, std::vector<Recipient> recipients) {
  std::vector<Outcome> outcomes;
  scene.run(deliver(scene.relay, std::move(destination), std::move(message), std::move(recipients), outcomes));
  return in_words(std::move(outcomes));
}

// What a message asks of a host.

struct MessageCase {
  const char* name;
  std::vector<std::string> extensions;
  Message message;
  std::vector<Recipient> recipients;
  std::string dialogue;
  Words outcomes;
};

Message with(Message message, const std::function<void(Message&)>& change) {
  change(message);
  return message;
}

std::vector<Recipient> to(smtp::Mailbox mailbox) { return {{10, std::move(mailbox)}}; }

const std::string kEightBit = "Subject: x\r\n\r\nH\xc3\xa9llo\r\n";
const std::string kUtf8Header = "Subject: \xc3\xa9\r\n\r\nHello\r\n";
const std::string kOk = "S: 250 Ok\n";
const std::string kRcptA = "C: RCPT TO:<a@rcpt.test>\n" + kOk;
std::string data(const std::string& lines) {
  return "C: DATA\nS: 354 Go on\n" + lines + "C: .\nS: 250 2.0.0 Taken\n";
}
const std::string kEightBitMime =  // 103 octets, 111 in 7 bits
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    "H\xc3\xa9llo\r\n";
const std::string kSignedEightBit =
    "MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nH\xc3\xa9llo\r\n--b\r\n"
    "Content-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n";
const std::string kConverted = data(
    "C: MIME-Version: 1.0\nC: Content-Type: text/plain; charset=utf-8\n"
    "C: Content-Transfer-Encoding: base64\nC: \nC: SMOpbGxvDQo=\n");
const std::string kAsItIs = data(
    "C: MIME-Version: 1.0\nC: Content-Type: text/plain; charset=utf-8\n"
    "C: Content-Transfer-Encoding: 8bit\nC: \nC: H\xc3\xa9llo\n");
const std::string kEightBitData = data("C: Subject: x\nC: \nC: H\xc3\xa9llo\n");
const std::string kUtf8Data = data("C: Subject: \xc3\xa9\nC: \nC: Hello\n");
std::string failed(const std::string& codes) { return "10 failed " + codes + " | 192.0.2.1"; }

const MessageCase kMessageCases[] = {
    {"SizeIsAnnounced",
     {"SIZE"},
     plain_message(),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test> SIZE=21\n" + kOk + kRcptA + kMessage,
     {kTaken}},
    {"SizeThatJustFits",
     {"SIZE 21"},
     plain_message(),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test> SIZE=21\n" + kOk + kRcptA + kMessage,
     {kTaken}},
    {"TooLargeIsNotSent", {"SIZE 20"}, plain_message(), recipients_of(1), "", {failed("552 5.3.4")}},
    {"AMaximumOfZeroIsNone",
     {"SIZE 0"},
     plain_message(),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test> SIZE=21\n" + kOk + kRcptA + kMessage,
     {kTaken}},
    {"TheNullReversePath",
     {},
     with(plain_message(), [](Message& m) { m.reverse_path = std::nullopt; }),
     recipients_of(1),
     "C: MAIL FROM:<>\n" + kOk + kRcptA + kMessage,
     {kTaken}},

    {"EightBitIsSaid",
     {"8BITMIME"},
     message_of(kEightBit),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test> BODY=8BITMIME\n" + kOk + kRcptA + kEightBitData,
     {kTaken}},
    {"EightBitIsSaidAlthoughDeclaredOtherwise",
     {"8BITMIME"},
     with(message_of(kEightBit), [](Message& m) { m.body = smtp::Body::seven_bit; }),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test> BODY=8BITMIME\n" + kOk + kRcptA + kEightBitData,
     {kTaken}},
    {"EightBitIsConvertedForWhoDoesNotTakeIt",
     {},
     message_of(kEightBitMime),
     recipients_of(1),
     kEnvelope + kConverted,
     {kTaken}},
    {"EightBitIsConvertedThoughDeclared",
     {"SIZE"},
     with(message_of(kEightBitMime), [](Message& m) { m.body = smtp::Body::eight_bit_mime; }),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test> SIZE=111\n" + kOk + kRcptA + kConverted,
     {kTaken}},
    {"EightBitIsConvertedForBdat",
     {"CHUNKING", "PIPELINING"},
     message_of(kEightBitMime),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test>\nC: RCPT TO:<a@rcpt.test>\nC: BDAT 111 LAST\nN: 111\n" + kOk + kOk +
         "S: 250 2.0.0 Taken\n",
     {kTaken}},
    {"EightBitStaysForWhoTakesIt",
     {"8BITMIME"},
     message_of(kEightBitMime),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test> BODY=8BITMIME\n" + kOk + kRcptA + kAsItIs,
     {kTaken}},
    {"WhatIsTooLargeWhenConvertedIsNotSent",
     {"SIZE 110"},
     message_of(kEightBitMime),
     recipients_of(1),
     "",
     {failed("552 5.3.4")}},
    {"SignedEightBitIsNotSentToWhoDoesNotTakeIt",
     {},
     message_of(kSignedEightBit),
     recipients_of(1),
     "",
     {failed("554 5.6.3")}},
    {"SmtpUtf8AloneOffersEightBitMimeToo",
     {"SMTPUTF8"},
     with(message_of(kUtf8Header), [](Message& m) { m.smtp_utf8 = true; }),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test> BODY=8BITMIME SMTPUTF8\n" + kOk + kRcptA + kUtf8Data,
     {kTaken}},
    {"SmtpUtf8AloneTakesAnEightBitBody",
     {"SMTPUTF8"},
     message_of(kEightBitMime),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test> BODY=8BITMIME\n" + kOk + kRcptA + kAsItIs,
     {kTaken}},
    {"SevenBitDeclaredAsEightNeedsNothing",
     {},
     with(plain_message(), [](Message& m) { m.body = smtp::Body::eight_bit_mime; }),
     recipients_of(1),
     kTransaction,
     {kTaken}},
    {"SevenBitNeedsNoBody", {"8BITMIME"}, plain_message(), recipients_of(1), kTransaction, {kTaken}},

    {"BareLfIsConvertedForData",
     {"8BITMIME"},
     message_of("a: b\r\n\r\nfifteen octets\nand more of it\r\n"),
     recipients_of(1),
     kEnvelope + data("C: a: b\nC: MIME-Version: 1.0\nC: Content-Type: text/plain; charset=utf-8\n"
                      "C: Content-Transfer-Encoding: quoted-printable\nC: \n"
                      "C: fifteen octets=0Aand more of it\n"),
     {kTaken}},
    {"BareCrInTheHeaderIsNoMatterForData",
     {},
     message_of("a: b\rc\r\n\r\nx\r\n"),
     recipients_of(1),
     "",
     {failed("554 5.6.3")}},
    {"NulInTheHeaderIsNoMatterForData",
     {},
     message_of(std::string("a: \0b\r\n\r\nxy\r\n", 14)),
     recipients_of(1),
     "",
     {failed("554 5.6.3")}},
    {"NulIsConvertedForData",
     {},
     message_of(std::string("a: b\r\n\r\nx\0y\r\n", 13)),
     recipients_of(1),
     kEnvelope + data("C: a: b\nC: MIME-Version: 1.0\nC: Content-Type: text/plain; charset=utf-8\n"
                      "C: Content-Transfer-Encoding: base64\nC: \nC: eAB5DQo=\n"),
     {kTaken}},
    {"BareLfLeavesByBdatAsItIs",
     {"CHUNKING"},
     message_of("a: b\r\n\r\nx\ny\r\n"),
     recipients_of(1),
     kEnvelope + "C: BDAT 13 LAST\nB: a: b\\r\\n\\r\\nx\\ny\\r\\n\nS: 250 2.0.0 Taken\n",
     {kTaken}},
    {"DotsAreNotStuffedInBdat",
     {"CHUNKING"},
     message_of("a: b\r\n\r\n.\r\n"),
     recipients_of(1),
     kEnvelope + "C: BDAT 11 LAST\nB: a: b\\r\\n\\r\\n.\\r\\n\nS: 250 2.0.0 Taken\n",
     {kTaken}},
    {"AnEmptyMessage",
     {"CHUNKING"},
     message_of(""),
     recipients_of(1),
     kEnvelope + "C: BDAT 0 LAST\nS: 250 2.0.0 Taken\n",
     {kTaken}},
    {"BinaryIsConvertedForWhoDoesNotTakeIt",
     {"CHUNKING", "8BITMIME"},
     with(message_of(std::string("a: b\r\n\r\nx\0y\r\n", 13)),
          [](Message& m) { m.body = smtp::Body::binary_mime; }),
     recipients_of(1),
     kEnvelope + "C: BDAT 113 LAST\nN: 113\nS: 250 2.0.0 Taken\n",
     {kTaken}},
    {"LinesDeclaredBinaryNeedNothing",
     {"8BITMIME"},
     with(plain_message(), [](Message& m) { m.body = smtp::Body::binary_mime; }),
     recipients_of(1),
     kTransaction,
     {kTaken}},
    {"BinaryIsSaid",
     {"CHUNKING", "8BITMIME", "BINARYMIME"},
     with(plain_message(), [](Message& m) { m.body = smtp::Body::binary_mime; }),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test> BODY=BINARYMIME\n" + kOk + kRcptA + "C: BDAT 21 LAST\nN: 21\n" +
         "S: 250 2.0.0 Taken\n",
     {kTaken}},
    {"LargeMessagesLeaveInChunks",
     {"PIPELINING", "CHUNKING"},
     message_of(std::string(1'500'000, 'x') + "\r\n"),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test>\nC: RCPT TO:<a@rcpt.test>\n" + kOk + kOk +
         "C: BDAT 1048576\nN: 1048576\nS: 250 Ok\nC: BDAT 451426 LAST\nN: 451426\nS: 250 2.0.0 Taken\n",
     {kTaken}},
    {"AChunkOfExactlyTheLimitIsTheLast",
     {"CHUNKING"},
     message_of(std::string(1'048'574, 'x') + "\r\n"),
     recipients_of(1),
     kEnvelope + "C: BDAT 1048576 LAST\nN: 1048576\nS: 250 2.0.0 Taken\n",
     {kTaken}},
    {"ARefusedChunkIsTheLast",
     {"CHUNKING"},
     message_of(std::string(1'500'000, 'x') + "\r\n"),
     recipients_of(1),
     kEnvelope + "C: BDAT 1048576\nN: 1048576\nS: 552 5.3.4 Enough\n",
     {"10 failed 552 5.3.4 Enough | mx.rcpt.test 192.0.2.1"}},

    {"Utf8RecipientIsSaid",
     {"SMTPUTF8", "8BITMIME"},
     with(plain_message(), [](Message& m) { m.smtp_utf8 = true; }),
     to({"\xc3\xa9", "rcpt.test"}),
     "C: MAIL FROM:<alice@sender.test> SMTPUTF8\n" + kOk + "C: RCPT TO:<\xc3\xa9@rcpt.test>\n" + kOk + kMessage,
     {kTaken}},
    {"Utf8IsNotSaidWhenNothingNeedsIt",
     {"SMTPUTF8", "8BITMIME"},
     with(plain_message(), [](Message& m) { m.smtp_utf8 = true; }),
     recipients_of(1),
     kTransaction,
     {kTaken}},
    {"Utf8DeclaredAndNotNeededGoesAnywhere",
     {},
     with(plain_message(), [](Message& m) { m.smtp_utf8 = true; }),
     recipients_of(1),
     kTransaction,
     {kTaken}},
    {"Utf8RecipientNotTaken",
     {"8BITMIME"},
     with(plain_message(), [](Message& m) { m.smtp_utf8 = true; }),
     {{10, {"\xc3\xa9", "rcpt.test"}}, {11, {"a", "rcpt.test"}}},
     kTransaction,
     {failed("553 5.6.7"), "11 relayed 250 2.0.0 Taken | mx.rcpt.test 192.0.2.1"}},
    {"Utf8SenderNotTaken",
     {"8BITMIME"},
     with(plain_message(),
          [](Message& m) {
            m.reverse_path = smtp::Mailbox{"\xc3\xa9", "sender.test"};
          }),
     recipients_of(1),
     "",
     {failed("550 5.6.7")}},
    {"Utf8HeaderIsSaid",
     {"SMTPUTF8", "8BITMIME"},
     with(message_of(kUtf8Header), [](Message& m) { m.smtp_utf8 = true; }),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test> BODY=8BITMIME SMTPUTF8\n" + kOk + kRcptA + kUtf8Data,
     {kTaken}},
    {"Utf8HeaderNotTaken",
     {"8BITMIME"},
     with(message_of(kUtf8Header), [](Message& m) { m.smtp_utf8 = true; }),
     recipients_of(1),
     "",
     {failed("554 5.6.9")}},

    {"DsnIsPassedOn",
     {"DSN"},
     with(plain_message(),
          [](Message& m) {
            m.ret = smtp::Return::headers;
            m.envid = "id 1";
          }),
     {{10,
       {"a", "rcpt.test"},
       smtp::Notify{true, true, false},
       smtp::OriginalRecipient{"rfc822", "o+1@rcpt.test"}}},
     "C: MAIL FROM:<alice@sender.test> RET=HDRS ENVID=id+201\n" + kOk +
         "C: RCPT TO:<a@rcpt.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;o+2B1@rcpt.test\n" + kOk + kMessage,
     {kTaken + " dsn"}},
    {"DsnIsKeptFromWhoDoesNotKnowIt",
     {},
     with(plain_message(), [](Message& m) { m.ret = smtp::Return::full; }),
     {{10, {"a", "rcpt.test"}, smtp::Notify{true, false, false}}},
     kTransaction,
     {kTaken}},
    {"NothingIsPassedOnForARefusal",
     {"DSN"},
     plain_message(),
     recipients_of(1),
     "C: MAIL FROM:<alice@sender.test>\n" + kOk + "C: RCPT TO:<a@rcpt.test>\nS: 550 5.1.1 Nobody\n",
     {"10 failed 550 5.1.1 Nobody | mx.rcpt.test 192.0.2.1"}},
};

TEST(Message, IsGivenToWhoCanTakeIt) {
  for (const auto& test : kMessageCases) {
    SCOPED_TRACE(test.name);
    Scene scene;
    give_host(scene);
    scene.host(kHost, offering(test.extensions) + test.dialogue);
    EXPECT_EQ(outcomes_of(scene, kDomain, test.message, test.recipients), test.outcomes);
    if (HasFailure()) return;
  }
}

TEST(Message, AnotherHostThatTakesItIsFound) {
  Scene scene;
  give_host(scene);
  scene.resolver.add("rcpt.test", dns::Type::mx, dns::Mx{20, "mx2.rcpt.test"});
  scene.resolver.add("mx2.rcpt.test", dns::Type::a, dns::Address{"192.0.2.2"});
  scene.host(kHost, offering({}));
  scene.host({"192.0.2.2", 25},
             offering({"8BITMIME", "CHUNKING"}) + "C: MAIL FROM:<alice@sender.test> BODY=8BITMIME\n" + kOk +
                 kRcptA + "C: BDAT " + std::to_string(kSignedEightBit.size()) +
                 " LAST\nN: " + std::to_string(kSignedEightBit.size()) + "\nS: 250 2.0.0 Taken\n");
  EXPECT_EQ(outcomes_of(scene, kDomain, message_of(kSignedEightBit), recipients_of(1)),
            Words{"10 relayed 250 2.0.0 Taken | mx2.rcpt.test 192.0.2.2"});
}

TEST(Message, EachHostGetsTheFormThatItTakes) {
  for (const bool first_takes_it : {true, false}) {
    Scene scene;
    give_host(scene);
    scene.resolver.add("rcpt.test", dns::Type::mx, dns::Mx{20, "mx2.rcpt.test"});
    scene.resolver.add("mx2.rcpt.test", dns::Type::a, dns::Address{"192.0.2.2"});
    const std::string refused = "C: DATA\nS: 451 4.3.0 Not now\n";
    const std::string as_it_is =
        offering({"8BITMIME"}) + "C: MAIL FROM:<alice@sender.test> BODY=8BITMIME\n" + kOk + kRcptA;
    const std::string in_seven_bit = offering({}) + kEnvelope;
    scene.host(kHost, (first_takes_it ? as_it_is : in_seven_bit) + refused);
    scene.host({"192.0.2.2", 25}, first_takes_it ? in_seven_bit + kConverted : as_it_is + kAsItIs);
    EXPECT_EQ(outcomes_of(scene, kDomain, message_of(kEightBitMime), recipients_of(1)),
              Words{"10 relayed 250 2.0.0 Taken | mx2.rcpt.test 192.0.2.2"});
  }
}

/// Over a connection that is kept from the message before.
TEST(Message, AHostThatCannotBeGivenItIsAskedOnce) {
  Scene scene;
  give_host(scene);
  scene.host(kHost, offering({}) + kTransaction + kTransaction);
  std::vector<std::string> all;
  const auto three = [](Scene& the_scene, std::vector<std::string>& words) -> net::Task<void> {
    for (const auto& text : {plain_message(), message_of(kSignedEightBit), plain_message()}) {
      auto message = text;
      std::vector<Outcome> outcomes;
      co_await deliver(the_scene.relay, kDomain, std::move(message), recipients_of(1), outcomes);
      words.push_back(in_words(outcomes.front()));
    }
  };
  scene.run(three(scene, all));
  EXPECT_EQ(all, (Words{kTaken, failed("554 5.6.3"), kTaken}));
}

// Room for what is converted.

net::Task<void> convert_and_log(Scene& scene, Destination destination, std::string sender,
                                std::vector<std::string>& all) {
  auto message = message_of(kEightBitMime);
  message.sender = std::move(sender);
  std::vector<Outcome> outcomes;
  co_await deliver(scene.relay, std::move(destination), std::move(message), recipients_of(1), outcomes);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(scene.sim.loop().now().time_since_epoch());
  all.push_back(std::to_string(seconds.count()) + " s: " + in_words(outcomes.front()));
}

/// Its message has 103 octets and counts as 154: one has room in a share of 200.
const Options kLittleRoom{.hostname = "relay.test", .conversion_room_octets = 800};
const net::Endpoint kOtherHost{"192.0.2.2", 25};

std::string taken_slowly() {
  std::string lines = kConverted;
  return kEnvelope + lines.replace(lines.find("S: 250 2.0.0"), 0, "W: 60\n");
}

net::Task<void> convert_all(Scene& scene, std::vector<std::pair<Destination, std::string>> all,
                            std::vector<std::string>& words) {
  net::TaskScope deliveries;
  for (auto& [destination, sender] : all) {
    deliveries.spawn(convert_and_log(scene, destination, sender, words));
    co_await scene.sim.loop().sleep(1s);
  }
  co_await deliveries.drained();
}

void give_other_host(Scene& scene) {
  scene.resolver.add("other.test", dns::Type::mx, dns::Mx{10, "mx.other.test"});
  scene.resolver.add("mx.other.test", dns::Type::a, dns::Address{"192.0.2.2"});
}

TEST(ConversionRoom, WhatFindsNoneWaitsWithoutFailing) {
  Scene scene{kLittleRoom};
  give_host(scene);
  scene.host(kHost, offering({}) + taken_slowly() + kEnvelope + kConverted);
  scene.host(kHost, offering({}));
  std::vector<std::string> all;
  scene.run(convert_all(scene, {{kDomain, "alice"}, {kDomain, "bob"}}, all));
  ASSERT_EQ(all.size(), 2U);
  for (const auto& each : all) EXPECT_EQ(each.substr(2), " s: " + kTaken);
}

TEST(ConversionRoom, ASlowHostDelaysNobodyElsesMail) {
  Scene scene{kLittleRoom};
  give_host(scene);
  give_other_host(scene);
  scene.host(kHost, offering({}) + taken_slowly() + kEnvelope + kConverted);
  scene.host(kHost, offering({}));
  scene.host(kOtherHost, offering({}) + kEnvelope + kConverted);
  std::vector<std::string> all;
  scene.run(convert_all(scene, {{kDomain, "alice"}, {kDomain, "bob"}, {kOtherDomain, "carol"}}, all));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all.front(), "2 s: 10 relayed 250 2.0.0 Taken | mx.other.test 192.0.2.2");
}

TEST(ConversionRoom, ASenderDelaysNobodyElsesMail) {
  Scene scene{kLittleRoom};
  give_host(scene);
  give_other_host(scene);
  scene.host(kHost, offering({}) + taken_slowly());
  scene.host(kOtherHost, offering({}) + kEnvelope + kConverted);  // bob's: alice's has left it idle
  scene.host(kOtherHost, offering({}) + kEnvelope + kConverted);
  std::vector<std::string> all;
  scene.run(convert_all(scene, {{kDomain, "alice"}, {kOtherDomain, "alice"}, {kOtherDomain, "bob"}}, all));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all.front(), "2 s: 10 relayed 250 2.0.0 Taken | mx.other.test 192.0.2.2");
  for (const auto& each : all) EXPECT_NE(each.find("10 relayed"), std::string::npos) << each;
}

TEST(ConversionRoom, WhoeverWaitsEndsWithTheRelay) {
  Scene scene{kLittleRoom};
  give_host(scene);
  scene.host(kHost, offering({}) + kEnvelope + "HANG\n");
  scene.host(kHost, offering({}));
  std::vector<std::string> all;
  const auto stop = [](Scene& the_scene, std::vector<std::string>& words) -> net::Task<void> {
    net::TaskScope deliveries;
    deliveries.spawn(convert_and_log(the_scene, kDomain, "alice", words));
    co_await the_scene.sim.loop().sleep(1s);
    deliveries.spawn(convert_and_log(the_scene, kDomain, "bob", words));
    co_await the_scene.sim.loop().sleep(30s);
    the_scene.relay.stop();
    co_await deliveries.drained();
  };
  scene.run(stop(scene, all));
  ASSERT_EQ(all.size(), 2U);
  for (const auto& each : all) EXPECT_TRUE(each.substr(2).starts_with(" s: 10 deferred 451 4.3.2")) << each;
}

TEST(Message, AHostThatCannotBeFoundNowMayTakeIt) {
  Scene scene;
  give_host(scene);
  scene.resolver.add("rcpt.test", dns::Type::mx, dns::Mx{20, "mx2.rcpt.test"});
  scene.resolver.fail("mx2.rcpt.test", dns::Failure::server_failure);
  scene.host(kHost, offering({}));
  EXPECT_EQ(outcomes_of(scene, kDomain, message_of(kSignedEightBit), recipients_of(1)),
            Words{"10 deferred 451 4.4.3 |"});
}

// Where to.

TEST(Destination, NullMx) {
  Scene scene;
  scene.resolver.add("rcpt.test", dns::Type::mx, dns::Mx{0, ""});
  scene.resolver.add("rcpt.test", dns::Type::a, dns::Address{"192.0.2.1"});
  EXPECT_EQ(outcomes_of(scene, kDomain, plain_message(), recipients_of(2)),
            (Words{"10 failed 556 5.1.10 |", "11 failed 556 5.1.10 |"}));
}

TEST(Destination, DomainsWithoutAnyHost) {
  struct Case {
    const char* name;
    std::function<void(dns::SimResolver&)> zone;
    const char* outcome;
  };
  const Case cases[] = {
      {"NoSuchDomain", [](auto&) {}, "10 failed 550 5.1.2 |"},
      {"NeitherMxNorAddress", [](auto& zone) { zone.add("rcpt.test", dns::Type::txt, dns::Txt{"v=spf1 -all"}); },
       "10 failed 550 5.1.2 |"},
      {"AnMxWithoutAddress",
       [](auto& zone) {
         zone.add("rcpt.test", dns::Type::mx, dns::Mx{10, "mx.rcpt.test"});
       },
       "10 failed 550 5.4.4 |"},
      {"AnMxWhoseAddressCannotBeFoundNow",
       [](auto& zone) {
         zone.add("rcpt.test", dns::Type::mx, dns::Mx{10, "mx.rcpt.test"});
         zone.fail("mx.rcpt.test", dns::Failure::server_failure);
       },
       "10 deferred 451 4.4.3 |"},
      {"DnsIsSilent", [](auto& zone) { zone.fail("rcpt.test", dns::Failure::timed_out); },
       "10 deferred 451 4.4.3 |"},
      {"TheOnlyHostIsUsByAddress",
       [](auto& zone) {
         zone.add("rcpt.test", dns::Type::mx, dns::Mx{10, "mx.rcpt.test"});
         zone.add("mx.rcpt.test", dns::Type::a, dns::Address{"192.0.2.99"});
       },
       "10 failed 554 5.4.6 |"},
      {"WeAreSecondAndTheFirstCannotBeFoundNow",
       [](auto& zone) {
         zone.add("rcpt.test", dns::Type::mx, dns::Mx{10, "mx.rcpt.test"});
         zone.add("rcpt.test", dns::Type::mx, dns::Mx{20, "us.rcpt.test"});
         zone.add("us.rcpt.test", dns::Type::a, dns::Address{"192.0.2.99"});
         zone.fail("mx.rcpt.test", dns::Failure::timed_out);
       },
       "10 deferred 451 4.4.3 |"},
      {"TheOnlyHostIsUsByName",
       [](auto& zone) {
         zone.add("rcpt.test", dns::Type::mx, dns::Mx{10, "relay.test"});
       },
       "10 failed 554 5.4.6 |"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    Scene scene{{.hostname = "relay.test", .own_addresses = {{"192.0.2.99", 25}}}};
    test.zone(scene.resolver);
    EXPECT_EQ(outcomes_of(scene, kDomain, plain_message(), recipients_of(1)), Words{test.outcome});
  }
}

TEST(Destination, HostsBehindOurselvesAreNotTried) {
  Scene scene{{.hostname = "relay.test", .own_addresses = {{"192.0.2.99", 25}}}};
  give_host(scene);  // preference 10
  scene.resolver.add("rcpt.test", dns::Type::mx, dns::Mx{20, "us.rcpt.test"});
  scene.resolver.add("us.rcpt.test", dns::Type::a, dns::Address{"192.0.2.99"});
  scene.resolver.add("rcpt.test", dns::Type::mx, dns::Mx{30, "behind.rcpt.test"});
  scene.resolver.add("behind.rcpt.test", dns::Type::a, dns::Address{"192.0.2.3"});
  EXPECT_EQ(outcomes_of(scene, kDomain, plain_message(), recipients_of(1)),
            Words{"10 deferred 451 4.4.1 | 192.0.2.1"});
  EXPECT_EQ(scene.connects("192.0.2.3:25"), 0);
}

TEST(Destination, AnotherPortOfOurAddressIsNotUs) {
  Scene scene{{.hostname = "relay.test", .smtp_port = 2525, .own_addresses = {{"192.0.2.1", 25}}}};
  give_host(scene);
  scene.host({"192.0.2.1", 2525}, offering({}) + kTransaction);
  EXPECT_EQ(outcomes_of(scene, kDomain, plain_message(), recipients_of(1)), Words{kTaken});
}

TEST(Destination, ADomainBeyondAsciiIsLookedUpByItsALabels) {
  Scene scene;
  scene.resolver.add("xn--bcher-kva.test", dns::Type::mx, dns::Mx{10, "mx.rcpt.test"});
  scene.resolver.add("mx.rcpt.test", dns::Type::a, dns::Address{"192.0.2.1"});
  scene.host(kHost, offering({}) + kTransaction);
  const Words outcomes = outcomes_of(scene, {"b\u00fccher.test"}, plain_message(), recipients_of(1));
  EXPECT_EQ(outcomes, Words{kTaken});
}

TEST(Destination, AnAddressLiteral) {
  Scene scene;
  scene.host({"2001:db8::1", 25}, offering({}) + kTransaction);
  EXPECT_EQ(outcomes_of(scene, {"[IPv6:2001:db8::1]"}, plain_message(), recipients_of(1)),
            Words{"10 relayed 250 2.0.0 Taken | 2001:db8::1 2001:db8::1"});
  EXPECT_EQ(scene.resolver.queries(), 0U);
}

TEST(Destination, IPv6FirstUntilItIsUnreachable) {
  Scene scene;
  give_host(scene);
  scene.resolver.add("mx.rcpt.test", dns::Type::aaaa, dns::Address{"2001:db8::1"});
  scene.resolver.add("other.test", dns::Type::aaaa, dns::Address{"2001:db8::2"});
  scene.resolver.add("other.test", dns::Type::a, dns::Address{"192.0.2.2"});
  scene.network.ipv6_reachable = false;
  scene.host(kHost, offering({}) + kTransaction);
  scene.host({"192.0.2.2", 25}, offering({}) + kTransaction);
  std::vector<Outcome> outcomes;
  const auto both = [](Relay& relay, std::vector<Outcome>& last) -> net::Task<void> {
    co_await deliver(relay, kDomain, plain_message(), recipients_of(1), last);
    co_await deliver(relay, kOtherDomain, plain_message(), recipients_of(1), last);
  };
  scene.run(both(scene.relay, outcomes));
  EXPECT_EQ(in_words(outcomes), Words{"10 relayed 250 2.0.0 Taken | other.test 192.0.2.2"});
  EXPECT_EQ(scene.connects("[2001:db8::1]:25"), 1);
  EXPECT_EQ(scene.connects("[2001:db8::2]:25"), 0);
}

TEST(Destination, NoMoreThanTwentyAddresses) {
  Scene scene;
  for (int i = 1; i <= 30; ++i) {
    scene.resolver.add("rcpt.test", dns::Type::a, dns::Address{"192.0.2." + std::to_string(i)});
  }
  outcomes_of(scene, kDomain, plain_message(), recipients_of(1));
  EXPECT_EQ(scene.network.connects.size(), 20U);
}

// Routes.

FixedHost smarthost() {
  return {.protocol = FixedHost::Protocol::smtp,
          .host = "smart.test",
          .port = 587,
          .tls = Tls::required,
          .user = "us@smart.test",
          .password = "secret"};
}

// base64 of NUL "us@smart.test" NUL "secret", of the name and of the password
const std::string kPlainLogin = "C: AUTH PLAIN\nS: 334 \nC: AHVzQHNtYXJ0LnRlc3QAc2VjcmV0\n";
const std::string kLoginLogin =
    "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: dXNAc21hcnQudGVzdA==\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\n";
const std::string kSecured = offering({"STARTTLS", "AUTH NONE"}) + "C: STARTTLS\nS: 220 Go ahead\n";
const std::string kTakenBySmarthost = "10 relayed 250 2.0.0 Taken | smart.test 192.0.2.1 TLSv1.3";

std::string hello_again(const std::string& extensions) {
  return "C: EHLO relay.test\nS: 250-smart.test\nS: 250 " + extensions + "\n";
}

struct RouteCase {
  const char* name;
  std::function<void(FixedHost&)> change;
  std::string script;
  std::string outcome;
};

const RouteCase kRouteCases[] = {
    {"PlainUnderTls", [](auto&) {},
     kSecured + "TLS\n" + hello_again("AUTH LOGIN PLAIN") + kPlainLogin + "S: 235 2.7.0 Welcome\n" + kTransaction,
     kTakenBySmarthost},
    {"LoginWhereThatIsAll", [](auto&) {},
     kSecured + "TLS\n" + hello_again("AUTH LOGIN") + kLoginLogin + "S: 235 2.7.0 Welcome\n" + kTransaction,
     kTakenBySmarthost},
    {"ARefusedPasswordIsForTheOperator", [](auto&) {},
     kSecured + "TLS\n" + hello_again("AUTH PLAIN") + kPlainLogin + "S: 535 5.7.8 No\nHANG\n",
     "10 deferred 535 5.7.8 No | smart.test 192.0.2.1"},
    {"ARefusedName", [](auto&) {},
     kSecured + "TLS\n" + hello_again("AUTH LOGIN") +
         "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: dXNAc21hcnQudGVzdA==\nS: 535 5.7.8 No\nHANG\n",
     "10 deferred 535 5.7.8 No | smart.test 192.0.2.1"},
    {"NoMechanismThatWeKnow", [](auto&) {}, kSecured + "TLS\n" + hello_again("AUTH GSSAPI") + "HANG\n",
     "10 deferred 451 4.7.4 | 192.0.2.1"},
    {"RequiredAndNotOffered", [](auto&) {}, offering({"AUTH PLAIN"}) + "HANG\n",
     "10 deferred 451 4.7.4 | 192.0.2.1"},
    {"RequiredAndNotAvailable", [](auto&) {}, offering({"STARTTLS"}) + "C: STARTTLS\nS: 454 4.7.0 Not now\nHANG\n",
     "10 deferred 454 4.7.0 Not now | smart.test 192.0.2.1"},
    {"RequiredAndBroken", [](auto&) {}, kSecured + "NOTLS\nCLOSE\n", "10 deferred 451 4.7.5 | 192.0.2.1"},
    {"ACertificateForAnotherName", [](FixedHost& fixed) { fixed.host = "other.test"; }, kSecured + "TLSREFUSED\n",
     "10 deferred 451 4.7.5 | 192.0.2.1"},
    {"ImplicitTls", [](FixedHost& fixed) { fixed.tls = Tls::implicit; },
     "TLS\n" + offering({"AUTH PLAIN", "STARTTLS"}) + kPlainLogin + "S: 235 2.7.0 Welcome\n" + kTransaction,
     kTakenBySmarthost},
    {"NoPasswordInTheClear", [](FixedHost& fixed) { fixed.tls = Tls::opportunistic; },
     offering({"AUTH PLAIN"}) + "HANG\n", "10 deferred 451 4.7.4 | 192.0.2.1"},
    {"NoPasswordInTheClearEvenWhenAsked", [](FixedHost& fixed) { fixed.tls = Tls::none; },
     offering({"AUTH PLAIN", "STARTTLS"}) + "HANG\n", "10 deferred 451 4.7.4 | 192.0.2.1"},
    {"TlsNoneStaysInTheClear",
     [](FixedHost& fixed) {
       fixed.tls = Tls::none;
       fixed.user = "";
     },
     offering({"STARTTLS"}) + kTransaction, "10 relayed 250 2.0.0 Taken | smart.test 192.0.2.1"},
};

TEST(Route, ToASmarthost) {
  for (const auto& test : kRouteCases) {
    SCOPED_TRACE(test.name);
    Scene scene{{.hostname = "relay.test", .trusted_certificates = certificate().path()}};
    scene.resolver.add("smart.test", dns::Type::a, dns::Address{"192.0.2.1"});
    scene.resolver.add("other.test", dns::Type::a, dns::Address{"192.0.2.1"});
    auto fixed = smarthost();
    test.change(fixed);
    scene.host({"192.0.2.1", 587}, test.script);
    EXPECT_EQ(outcomes_of(scene, {fixed}, plain_message(), recipients_of(1)), Words{test.outcome});
    EXPECT_EQ(scene.sink.text().find("secret"), std::string::npos);
    EXPECT_EQ(scene.sink.text().find("AHVz"), std::string::npos);
    if (HasFailure()) return;
  }
}

TEST(Route, ACertificateThatNobodyTrusts) {
  Scene scene;
  scene.resolver.add("smart.test", dns::Type::a, dns::Address{"192.0.2.1"});
  scene.host({"192.0.2.1", 587}, kSecured + "TLSREFUSED\n");
  EXPECT_EQ(outcomes_of(scene, {smarthost()}, plain_message(), recipients_of(1)),
            Words{"10 deferred 451 4.7.5 | 192.0.2.1"});
  const auto text = scene.sink.text();
  EXPECT_NE(text.find("the certificate does not fit: self-signed certificate"), std::string::npos) << text;
}

TEST(Route, AHostThatSpeaksNoTls) {
  const std::pair<std::string, std::string> kCases[] = {
      {"N: 1\nNOTLS\nCLOSE\n", "the TLS handshake failed: "},  // once the client has begun
      {"CLOSE\n", "the connection ended within the TLS handshake"}};
  for (const auto& [script, reason] : kCases) {
    Scene scene{{.hostname = "relay.test", .trusted_certificates = certificate().path()}};
    scene.resolver.add("smart.test", dns::Type::a, dns::Address{"192.0.2.1"});
    scene.host({"192.0.2.1", 587}, kSecured + script);
    outcomes_of(scene, {smarthost()}, plain_message(), recipients_of(1));
    const auto text = scene.sink.text();
    EXPECT_NE(text.find(reason), std::string::npos) << text;
  }
}

TEST(Route, TheOperatorsSlipCostsNoMail) {
  Scene scene;
  EXPECT_EQ(outcomes_of(scene, {smarthost()}, plain_message(), recipients_of(1)), Words{"10 deferred 451 4.4.4 |"});
}

TEST(Route, APasswordToThisMachineNeedsNoTls) {
  Scene scene;
  auto fixed = smarthost();
  fixed.host = "127.0.0.1";
  fixed.tls = Tls::none;
  scene.host({"127.0.0.1", 587}, offering({"AUTH PLAIN"}) + kPlainLogin + "S: 235 Welcome\n" + kTransaction);
  EXPECT_EQ(outcomes_of(scene, {fixed}, plain_message(), recipients_of(1)),
            Words{"10 relayed 250 2.0.0 Taken | 127.0.0.1 127.0.0.1"});
}

FixedHost lmtp_host() {
  return {.protocol = FixedHost::Protocol::lmtp, .host = "/run/lmtp.sock", .tls = Tls::none};
}
const net::Endpoint kLmtpSocket{"/run/lmtp.sock", 0};
std::string lmtp(const std::string& what) { return what + " | /run/lmtp.sock /run/lmtp.sock"; }

struct LmtpCase {
  const char* name;
  std::vector<std::string> extensions;
  std::string dialogue;
  Words outcomes;
};

const std::string kThree =
    "C: MAIL FROM:<alice@sender.test>\nS: 250 Ok\n"
    "C: RCPT TO:<a@rcpt.test>\nS: 250 Ok\nC: RCPT TO:<b@rcpt.test>\nS: 550 5.1.1 Nobody\n"
    "C: RCPT TO:<c@rcpt.test>\nS: 250 Ok\n";
const std::string kThreeAtOnce =
    "C: MAIL FROM:<alice@sender.test>\nC: RCPT TO:<a@rcpt.test>\nC: RCPT TO:<b@rcpt.test>\nC: RCPT "
    "TO:<c@rcpt.test>\n";
const std::string kText = "C: DATA\nS: 354 Go on\nC: Subject: x\nC: \nC: Hello\nC: .\n";

const LmtpCase kLmtpCases[] = {
    {"AReplyForEachWhoWasAccepted",
     {},
     kThree + kText + "S: 250 2.0.0 Stored\nS: 452 4.2.2 Full\n",
     {lmtp("10 delivered 250 2.0.0 Stored"), lmtp("11 failed 550 5.1.1 Nobody"),
      lmtp("12 deferred 452 4.2.2 Full")}},
    {"AllInOneWrite",
     {"PIPELINING", "CHUNKING"},
     kThreeAtOnce + "C: BDAT 21 LAST\nN: 21\nS: 250 Ok\nS: 250 Ok\nS: 550 5.1.1 Nobody\nS: 250 Ok\n"
                    "S: 250 2.0.0 Stored\nS: 552 5.2.2 Full\n",
     {lmtp("10 delivered 250 2.0.0 Stored"), lmtp("11 failed 550 5.1.1 Nobody"), lmtp("12 failed 552 5.2.2 Full")}},
    {"ThemAllRefusedAndOneReply",
     {"PIPELINING", "CHUNKING"},
     kThreeAtOnce + "C: BDAT 21 LAST\nN: 21\nS: 250 Ok\nS: 550 5.1.1 No\nS: 550 5.1.1 No\nS: 550 5.1.1 No\n"
                    "S: 503 5.5.1 For nobody\n",
     {lmtp("10 failed 550 5.1.1 No"), lmtp("11 failed 550 5.1.1 No"), lmtp("12 failed 550 5.1.1 No")}},
    {"WhoWasAnsweredBeforeTheEndIsDelivered",
     {},
     kThree + kText + "S: 250 2.0.0 Stored\nCLOSE\n",
     {lmtp("10 delivered 250 2.0.0 Stored"), lmtp("11 failed 550 5.1.1 Nobody"),
      "12 deferred 451 4.4.2 | /run/lmtp.sock"}},
    {"WhoWasAnsweredBefore421IsDelivered",
     {},
     kThree + kText + "S: 250 2.0.0 Stored\nS: 421 4.3.2 Closing\nCLOSE\n",
     {lmtp("10 delivered 250 2.0.0 Stored"), lmtp("11 failed 550 5.1.1 Nobody"),
      lmtp("12 deferred 421 4.3.2 Closing")}},
};

TEST(Route, ToAnLmtpHost) {
  for (const auto& test : kLmtpCases) {
    SCOPED_TRACE(test.name);
    Scene scene;
    scene.host(kLmtpSocket, offering(test.extensions, "LHLO") + test.dialogue);
    EXPECT_EQ(outcomes_of(scene, {lmtp_host()}, plain_message(), recipients_of(3)), test.outcomes);
    if (HasFailure()) return;
  }
}

TEST(Route, LhloIsNotFollowedByHelo) {
  Scene scene;
  scene.host(kLmtpSocket, "S: 220 x\nC: LHLO relay.test\nS: 500 5.5.2 What\nCLOSE\n");
  EXPECT_EQ(outcomes_of(scene, {lmtp_host()}, plain_message(), recipients_of(1)),
            Words{lmtp("10 failed 500 5.5.2 What")});
}

// Connections.

TEST(Connections, LostAfterTheEndOfTheMessageNoOtherHostIsTried) {
  for (const auto* end : {"CLOSE\n", "HANG\n", "S: 452 4.3.1 Full\n"}) {
    Scene scene;
    give_host(scene);
    scene.resolver.add("rcpt.test", dns::Type::mx, dns::Mx{20, "mx2.rcpt.test"});
    scene.resolver.add("mx2.rcpt.test", dns::Type::a, dns::Address{"192.0.2.2"});
    scene.host(kHost, offering({}) + kEnvelope + kText + end);
    EXPECT_TRUE(outcomes_of(scene, kDomain, plain_message(), recipients_of(1))[0].starts_with("10 deferred 45"));
    EXPECT_EQ(scene.connects("192.0.2.2:25"), 0) << end;
  }
}

/// Delivers one message after the other, with `pause` between them.
net::Task<void> deliver_in_turn(Scene& scene, int count, std::chrono::milliseconds pause, std::vector<Words>& all) {
  for (int i = 0; i < count; ++i) {
    if (i > 0) co_await scene.sim.loop().sleep(pause);
    std::vector<Outcome> outcomes;
    co_await deliver(scene.relay, kDomain, plain_message(), recipients_of(1), outcomes);
    all.push_back(in_words(outcomes));
  }
}

TEST(Connections, AreUsedAgain) {
  Scene scene;
  give_host(scene);
  scene.host(kHost, offering({}) + kTransaction + kTransaction + kTransaction);
  std::vector<Words> all;
  scene.run(deliver_in_turn(scene, 3, 9s, all));
  EXPECT_EQ(all, std::vector<Words>(3, Words{kTaken}));
  EXPECT_EQ(scene.connects("192.0.2.1:25"), 1);
}

TEST(Connections, EndPolitelyAfterAWhile) {
  Scene scene;
  give_host(scene);
  scene.host(kHost, offering({}) + kTransaction + "C: QUIT\nS: 221 Bye\nCLOSE\n");
  scene.host(kHost, offering({}) + kTransaction);
  std::vector<Words> all;
  scene.run(deliver_in_turn(scene, 2, 20s, all));
  EXPECT_EQ(all, std::vector<Words>(2, Words{kTaken}));
}

TEST(Connections, ClosedMeanwhileAreReplacedWithoutAWord) {
  for (const auto* end : {"CLOSE\n", "S: 421 4.4.2 Idle for too long\nCLOSE\n", "W: 2\nCLOSE\n",
                          "C: MAIL FROM:<alice@sender.test>\nCLOSE\n",
                          "C: MAIL FROM:<alice@sender.test>\nS: 421 4.4.2 Closing\nCLOSE\n"}) {
    SCOPED_TRACE(end);
    Scene scene;
    give_host(scene);
    scene.host(kHost, offering({}) + kTransaction + end);
    scene.host(kHost, offering({}) + kTransaction);
    std::vector<Words> all;
    scene.run(deliver_in_turn(scene, 2, 5s, all));
    EXPECT_EQ(all, std::vector<Words>(2, Words{kTaken}));
    EXPECT_EQ(scene.sink.text().find("relay.host.failed"), std::string::npos);
  }
}

TEST(Connections, WhoPutsOffOnAnOldConnectionIsNotAskedAgainOnANewOne) {
  Scene scene;
  give_host(scene);
  scene.host(kHost,
             offering({}) + kTransaction +
                 "C: MAIL FROM:<alice@sender.test>\nS: 250 Ok\nC: RCPT TO:<a@rcpt.test>\nS: 450 4.2.1 Busy\n");
  std::vector<Words> all;
  scene.run(deliver_in_turn(scene, 2, 1s, all));
  EXPECT_EQ(all[1], Words{"10 deferred 450 4.2.1 Busy | mx.rcpt.test 192.0.2.1"});
  EXPECT_EQ(scene.connects("192.0.2.1:25"), 1);
}

TEST(Connections, ATransactionLeftOpenIsResetFirst) {
  Scene scene;
  give_host(scene);
  scene.host(kHost, offering({}) +
                        "C: MAIL FROM:<alice@sender.test>\nS: 250 Ok\nC: RCPT TO:<a@rcpt.test>\nS: 550 5.1.1 No\n"
                        "C: RSET\nS: 250 Ok\n" +
                        kTransaction + kTransaction);
  std::vector<Words> all;
  scene.run(deliver_in_turn(scene, 3, 1s, all));
  EXPECT_EQ(all, (std::vector<Words>{{"10 failed 550 5.1.1 No | mx.rcpt.test 192.0.2.1"}, {kTaken}, {kTaken}}));
}

TEST(Connections, CarryNoMoreMessagesThanAllowed) {
  Scene scene{{.hostname = "relay.test", .messages_per_connection_max = 2}};
  give_host(scene);
  scene.host(kHost, offering({}) + kTransaction + kTransaction);
  scene.host(kHost, offering({}) + kTransaction);
  std::vector<Words> all;
  scene.run(deliver_in_turn(scene, 3, 1s, all));
  EXPECT_EQ(all, std::vector<Words>(3, Words{kTaken}));
}

TEST(Connections, AreNotLentToAnotherDestination) {
  Scene scene;
  give_host(scene);
  scene.resolver.add("other.test", dns::Type::mx, dns::Mx{10, "mx.rcpt.test"});
  scene.host(kHost, offering({}) + kTransaction);
  scene.host(kHost, offering({}) + kTransaction);
  const auto both = [](Relay& relay) -> net::Task<void> {
    std::vector<Outcome> outcomes;
    co_await deliver(relay, kDomain, plain_message(), recipients_of(1), outcomes);
    co_await deliver(relay, kOtherDomain, plain_message(), recipients_of(1), outcomes);
  };
  scene.run(both(scene.relay));
}

std::string transaction_of(std::size_t first, std::size_t count) {
  std::string script = "C: MAIL FROM:<alice@sender.test>\nS: 250 Ok\n";
  for (std::size_t i = first; i < first + count; ++i) {
    script += "C: RCPT TO:<u" + std::to_string(i) + "@rcpt.test>\nS: 250 Ok\n";
  }
  return script + kMessage;
}

TEST(Connections, AHundredRecipientsATransaction) {
  Scene scene;
  give_host(scene);
  scene.host(kHost, offering({}) + transaction_of(0, 100) + transaction_of(100, 100) + transaction_of(200, 30));
  const auto outcomes = outcomes_of(scene, kDomain, plain_message(), recipients_of(230));
  ASSERT_EQ(outcomes.size(), 230U);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i], std::to_string(10 + i) + kTaken.substr(2));
  }
}

struct EndCase {
  const char* name;
  std::vector<std::string> extensions;
  std::string dialogue;  // after EHLO, with the first hundred
  std::string of_the_first;
};

const std::string kHundredNamed = [] {
  std::string commands;
  for (std::size_t i = 0; i < 100; ++i) commands += "C: RCPT TO:<u" + std::to_string(i) + "@rcpt.test>\n";
  return commands;
}();
const std::string kMailTaken = "C: MAIL FROM:<alice@sender.test>\nS: 250 Ok\n";
const std::string kFirstNamed = "C: RCPT TO:<u0@rcpt.test>\n";
const std::string kClosing = "S: 421 4.3.2 Closing\nCLOSE\n";
const std::string kSaidClosing = "421 4.3.2 Closing | mx.rcpt.test 192.0.2.1";

const EndCase kEndCases[] = {
    {"421ToMail", {}, "C: MAIL FROM:<alice@sender.test>\n" + kClosing, kSaidClosing},
    {"421ToTheFirstRcpt", {}, kMailTaken + kFirstNamed + kClosing, kSaidClosing},
    {"421ToTheSecondRcpt",
     {},
     kMailTaken + kFirstNamed + kOk + "C: RCPT TO:<u1@rcpt.test>\n" + kClosing,
     kSaidClosing},
    {"ClosedWithoutAWord", {}, kMailTaken + kFirstNamed + "CLOSE\n", "451 4.4.2 | 192.0.2.1"},
    {"421ToPipelinedCommands",
     {"PIPELINING"},
     "C: MAIL FROM:<alice@sender.test>\n" + kHundredNamed + "C: DATA\n" + kOk + kClosing,
     kSaidClosing},
};

// Seen in the log before: "result=delivered code=0" for recipients whom nobody had named to the host.
TEST(Connections, WhoWasNotNamedBeforeTheEndIsPutOff) {
  for (const auto& test : kEndCases) {
    Scene scene;
    give_host(scene);
    scene.host(kHost, offering(test.extensions) + test.dialogue);
    const auto outcomes = outcomes_of(scene, kDomain, plain_message(), recipients_of(150));
    ASSERT_EQ(outcomes.size(), 150U) << test.name;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const auto words = i < 100 ? test.of_the_first : "451 4.4.2 | 192.0.2.1";
      EXPECT_EQ(outcomes[i], std::to_string(10 + i) + " deferred " + words) << test.name;
    }
  }
}

TEST(Connections, WhoWasNotNamedBeforeTheEndIsGivenToTheNextHost) {
  Scene scene;
  give_host(scene);
  scene.resolver.add("rcpt.test", dns::Type::mx, dns::Mx{20, "mx2.rcpt.test"});
  scene.resolver.add("mx2.rcpt.test", dns::Type::a, dns::Address{"192.0.2.2"});
  scene.host(kHost, offering({}) + kMailTaken + kFirstNamed + kClosing);
  // The fifty that were left stand in front now.
  std::string second = "C: MAIL FROM:<alice@sender.test>\nS: 250 Ok\n";
  for (std::size_t i = 100; i < 200; ++i) {
    second += "C: RCPT TO:<u" + std::to_string(i % 150) + "@rcpt.test>\nS: 250 Ok\n";
  }
  scene.host({"192.0.2.2", 25}, offering({}) + second + kMessage + transaction_of(50, 50));
  const auto outcomes = outcomes_of(scene, kDomain, plain_message(), recipients_of(150));
  ASSERT_EQ(outcomes.size(), 150U);
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome.ends_with("192.0.2.2")) << outcome;
}

// Time.

struct TimeCase {
  const char* name;
  std::string script;
  std::chrono::milliseconds time;  // RFC 5321 §4.5.3.2
};

const TimeCase kTimeCases[] = {
    {"Greeting", "HANG\n", 5min},
    {"Ehlo", "S: 220 x\nC: EHLO relay.test\nHANG\n", 5min},
    {"ALineOfTheGreetingNowAndThen", "S: 220-x\nW: 200\nS: 220-x\nW: 200\nS: 220 x\nHANG\n", 5min},
    {"StartTls", offering({"STARTTLS"}) + "C: STARTTLS\nHANG\n", 5min},
    {"Mail", offering({}) + "C: MAIL FROM:<alice@sender.test>\nHANG\n", 5min},
    {"Rcpt", offering({}) + "C: MAIL FROM:<alice@sender.test>\nS: 250 Ok\nC: RCPT TO:<a@rcpt.test>\nHANG\n", 5min},
    {"Data", offering({}) + kEnvelope + "C: DATA\nHANG\n", 2min},
    {"EndOfData", offering({}) + kEnvelope + kText + "HANG\n", 10min},
};

TEST(Time, EachWaitHasItsDeadline) {
  for (const auto& test : kTimeCases) {
    SCOPED_TRACE(test.name);
    Scene scene;
    give_host(scene);
    scene.host(kHost, test.script);
    std::vector<Outcome> outcomes;
    net::Instant ended{};
    const auto timed = [](Scene& the_scene, std::vector<Outcome>& last, net::Instant& end) -> net::Task<void> {
      co_await deliver(the_scene.relay, kDomain, plain_message(), recipients_of(1), last);
      end = the_scene.sim.loop().now();
    };
    scene.run(timed(scene, outcomes, ended));
    EXPECT_EQ(in_words(outcomes), Words{"10 deferred 451 4.4.2 | 192.0.2.1"});
    EXPECT_GE(ended.time_since_epoch(), test.time);
    EXPECT_LT(ended.time_since_epoch(), test.time + 2s);
  }
}

TEST(Time, AReplyJustInTimeCounts) {
  Scene scene;
  give_host(scene);
  scene.host(kHost, offering({}) + kEnvelope + kText + "W: 599\nS: 250 2.0.0 Taken\n");
  EXPECT_EQ(outcomes_of(scene, kDomain, plain_message(), recipients_of(1)), Words{kTaken});
}

/// Delivers and tells how long it took.
net::Task<void> time_delivery(Scene& scene, std::chrono::milliseconds& took, Words& words) {
  const auto start = scene.sim.loop().now();
  std::vector<Outcome> outcomes;
  co_await deliver(scene.relay, kDomain, plain_message(), recipients_of(1), outcomes);
  took = scene.sim.loop().now() - start;
  words = in_words(outcomes);
}

TEST(Time, ADeadFirstHostCostsOneDeliveryAMinute) {
  Scene scene;
  give_host(scene);
  scene.resolver.add("rcpt.test", dns::Type::mx, dns::Mx{20, "mx2.rcpt.test"});
  scene.resolver.add("mx2.rcpt.test", dns::Type::a, dns::Address{"192.0.2.2"});
  scene.network.silent = {"192.0.2.1"};
  for (int i = 0; i < 3; ++i) scene.host({"192.0.2.2", 25}, offering({}) + kTransaction);
  const auto three = [](Scene& the_scene) -> net::Task<void> {
    std::chrono::milliseconds took{};
    Words words;
    co_await time_delivery(the_scene, took, words);
    EXPECT_GE(took, 60s);
    co_await the_scene.sim.loop().sleep(30s);
    co_await time_delivery(the_scene, took, words);
    EXPECT_LT(took, 1s);
    EXPECT_EQ(the_scene.connects("192.0.2.1:25"), 1);
    co_await the_scene.sim.loop().sleep(31s);  // its minute is over
    co_await time_delivery(the_scene, took, words);
    EXPECT_GE(took, 60s);
    EXPECT_EQ(the_scene.connects("192.0.2.1:25"), 2);
    EXPECT_EQ(words, Words{"10 relayed 250 2.0.0 Taken | mx2.rcpt.test 192.0.2.2"});
  };
  scene.run(three(scene));
}

TEST(Time, WhenAllAreDeadTheReasonIsRemembered) {
  Scene scene;
  give_host(scene);
  scene.network.silent = {"192.0.2.1"};
  const auto twice = [](Scene& the_scene) -> net::Task<void> {
    std::chrono::milliseconds took{};
    Words words;
    co_await time_delivery(the_scene, took, words);
    EXPECT_EQ(words, Words{"10 deferred 451 4.4.1 | 192.0.2.1"});
    co_await time_delivery(the_scene, took, words);
    EXPECT_EQ(took, 0ms);
    EXPECT_EQ(words, Words{"10 deferred 451 4.4.1 | 192.0.2.1"});
  };
  scene.run(twice(scene));
}

TEST(Time, AHostThatFallsSilentInATransactionIsDeadToo) {
  Scene scene;
  give_host(scene);
  scene.host(kHost, offering({}) + "C: MAIL FROM:<alice@sender.test>\nHANG\n");
  const auto twice = [](Scene& the_scene) -> net::Task<void> {
    std::chrono::milliseconds took{};
    Words words;
    co_await time_delivery(the_scene, took, words);
    EXPECT_GE(took, 5min);
    co_await time_delivery(the_scene, took, words);
    EXPECT_EQ(took, 0ms);
    EXPECT_EQ(words, Words{"10 deferred 451 4.4.2 | 192.0.2.1"});
  };
  scene.run(twice(scene));
}

TEST(Time, ARouteThatRefusesIsTriedEachTime) {
  Scene scene;
  const Destination route{lmtp_host()};
  const auto back = [](Scene& the_scene, Destination to_whom) -> net::Task<void> {
    std::vector<Outcome> outcomes;
    co_await deliver(the_scene.relay, to_whom, plain_message(), recipients_of(1), outcomes);
    EXPECT_EQ(in_words(outcomes), Words{"10 deferred 451 4.4.1 | /run/lmtp.sock"});
    the_scene.host(kLmtpSocket, offering({}, "LHLO") + kTransaction);
    co_await deliver(the_scene.relay, to_whom, plain_message(), recipients_of(1), outcomes);
    EXPECT_EQ(in_words(outcomes), Words{lmtp("10 delivered 250 2.0.0 Taken")});
  };
  scene.run(back(scene, route));
}

TEST(Time, TheOperatorMayKnowBetter) {
  Scene scene;
  give_host(scene);
  const auto back = [](Scene& the_scene) -> net::Task<void> {
    std::chrono::milliseconds took{};
    Words words;
    co_await time_delivery(the_scene, took, words);
    the_scene.host(kHost, offering({}) + kTransaction);
    co_await time_delivery(the_scene, took, words);
    EXPECT_EQ(words, Words{"10 deferred 451 4.4.1 | 192.0.2.1"});
    the_scene.relay.forget_dead_hosts();
    co_await time_delivery(the_scene, took, words);
    EXPECT_EQ(words, Words{kTaken});
  };
  scene.run(back(scene));
}

TEST(Time, AHostThatComesBackIsUsedWhenItsTimeIsOver) {
  Scene scene;
  give_host(scene);
  scene.network.silent = {"192.0.2.1"};
  scene.host(kHost, offering({}) + kTransaction);
  const auto back = [](Scene& the_scene) -> net::Task<void> {
    std::chrono::milliseconds took{};
    Words words;
    co_await time_delivery(the_scene, took, words);
    the_scene.network.silent.clear();
    co_await time_delivery(the_scene, took, words);
    EXPECT_EQ(words, Words{"10 deferred 451 4.4.1 | 192.0.2.1"});
    co_await the_scene.sim.loop().sleep(60s);
    co_await time_delivery(the_scene, took, words);
    EXPECT_EQ(words, Words{kTaken});
  };
  scene.run(back(scene));
}

// Many at once.

net::Task<void> count_delivery(Relay& relay, Destination destination, std::vector<std::string>& all) {
  std::vector<Outcome> outcomes;
  co_await deliver(relay, std::move(destination), plain_message(), recipients_of(1), outcomes);
  for (const auto& outcome : outcomes) all.push_back(in_words(outcome));
}

TEST(Many, ShareTheConnectionsOfADestination) {
  Scene scene{{.hostname = "relay.test", .connections_per_destination_max = 2}};
  give_host(scene);
  std::string ten = offering({});
  for (int i = 0; i < 10; ++i) ten += kTransaction;
  // Which of the two carries how many is chance: a script that ends early would be a failure.
  scene.network.silent = {};
  const auto listener = scene.sim.network().listen(kHost);
  net::TaskScope sessions;
  std::size_t open = 0;
  std::size_t most = 0;
  const auto converse = [](std::unique_ptr<net::Transport> transport, std::size_t& now,
                           std::size_t& peak) -> net::Task<void> {
    net::Stream stream{std::move(transport), 1h};
    peak = std::max(peak, ++now);
    stream.write("220 x\r\n");
    bool in_data = false;
    for (auto line = co_await stream.read_line(1000); line; line = co_await stream.read_line(1000)) {
      if (in_data && *line != ".") continue;
      in_data = *line == "DATA";
      stream.write(in_data ? "354 Go on\r\n" : "250 2.0.0 Taken\r\n");
    }
    --now;
  };
  const auto serve = [](net::Listener& listening, net::TaskScope& scope, auto talk, std::size_t& now,
                        std::size_t& peak) -> net::Task<void> {
    for (auto transport = co_await listening.accept(); transport; transport = co_await listening.accept()) {
      scope.spawn(talk(std::move(transport), now, peak));
    }
  };
  const auto all_of_them = [](Scene& the_scene, net::Listener& listening, net::TaskScope& served,
                              std::vector<std::string>& all) -> net::Task<void> {
    net::TaskScope deliveries;
    for (int i = 0; i < 20; ++i) deliveries.spawn(count_delivery(the_scene.relay, kDomain, all));
    co_await deliveries.drained();
    the_scene.relay.stop();
    co_await the_scene.relay.run();
    listening.close();
    co_await served.drained();
  };
  std::vector<std::string> all;
  sessions.spawn(serve(*listener, sessions, converse, open, most));
  scene.run(all_of_them(scene, *listener, sessions, all));
  EXPECT_EQ(all, Words(20, kTaken));
  EXPECT_EQ(most, 2U);
  EXPECT_EQ(scene.connects("192.0.2.1:25"), 2);
}

// Stopping.

TEST(Stopping, DefersWhatIsUnderWayAndWhatWaits) {
  Scene scene{{.hostname = "relay.test", .connections_per_destination_max = 1}};
  give_host(scene);
  scene.host(kHost, offering({}) + "C: MAIL FROM:<alice@sender.test>\nHANG\n");
  std::vector<std::string> all;
  const auto stop = [](Scene& the_scene, std::vector<std::string>& words) -> net::Task<void> {
    net::TaskScope deliveries;
    for (int i = 0; i < 3; ++i) deliveries.spawn(count_delivery(the_scene.relay, kDomain, words));
    co_await the_scene.sim.loop().sleep(30s);
    the_scene.relay.stop();
    co_await deliveries.drained();
    deliveries.spawn(count_delivery(the_scene.relay, kDomain, words));
    co_await deliveries.drained();
    EXPECT_LT(the_scene.sim.loop().now().time_since_epoch(), 31s);
  };
  scene.run(stop(scene, all));
  ASSERT_EQ(all.size(), 4U);
  for (const auto& outcome : all) EXPECT_TRUE(outcome.starts_with("10 deferred 451 4.3.2")) << outcome;
}

TEST(Stopping, IsPoliteToIdleHosts) {
  Scene scene;
  give_host(scene);
  scene.host(kHost, offering({}) + kTransaction + "C: QUIT\nS: 221 Bye\n");
  EXPECT_EQ(outcomes_of(scene, kDomain, plain_message(), recipients_of(1)), Words{kTaken});
}

// Events.

TEST(Events, CarryTheTraceAndEscapeThePeersWords) {
  Scene scene;
  give_host(scene);
  scene.host(kHost, offering({}) + "C: MAIL FROM:<alice@sender.test>\nS: 250 Ok\nC: RCPT TO:<a@rcpt.test>\n" +
                        "S: 550 5.1.1 \x1b[1mbold \"x\"\n");
  outcomes_of(scene, kDomain, plain_message(), recipients_of(1));
  const auto text = scene.sink.text();
  EXPECT_NE(text.find("relay.reply trace=0123456789abcdef recipient=a@rcpt.test result=failed host=mx.rcpt.test "
                      "address=192.0.2.1 tls=\"\" code=\"550 5.1.1\""),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("relay.attempt trace=0123456789abcdef destination=rcpt.test recipients=1"),
            std::string::npos);
  EXPECT_NE(text.find("relay.connected trace=0123456789abcdef host=mx.rcpt.test"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Events, NameTheHostThatWasAskedAlsoWhenTheWordsAreOurs) {
  Scene scene;
  give_host(scene);
  scene.host(kHost, offering({}) + "C: MAIL FROM:<alice@sender.test>\nCLOSE\n");
  outcomes_of(scene, kDomain, plain_message(), recipients_of(1));
  const auto text = scene.sink.text();
  EXPECT_NE(text.find("result=deferred host=mx.rcpt.test address=192.0.2.1 "), std::string::npos) << text;
}

// Real sockets.

net::Task<void> sink(net::Listener& listener, std::string& received) {
  auto transport = co_await listener.accept();
  net::Stream stream{std::move(transport), 5s};
  stream.write("220 sink\r\n");
  auto line = co_await stream.read_line(1000);
  stream.write("250-sink\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 STARTTLS\r\n");
  line = co_await stream.read_line(1000);  // STARTTLS
  stream.write("220 Go ahead\r\n");
  auto secured = co_await stream.accept_tls(certificate().server());
  if (!secured) co_return;
  line = co_await stream.read_line(1000);
  stream.write("250-sink\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
  for (line = co_await stream.read_line(1000); line; line = co_await stream.read_line(1000)) {
    const std::string command{*line};
    if (command.starts_with("BDAT ")) {
      auto read = co_await stream.read_exactly(std::stoul(command.substr(5)), received);
      if (!read) co_return;
    }
    stream.write(command == "QUIT" ? "221 Bye\r\n" : "250 2.0.0 Taken\r\n");
  }
}

net::Task<void> deliver_over_sockets(net::UvLoop& loop, net::World& world, std::string text, std::string& received,
                                     std::vector<Outcome>& outcomes) {
  const auto socket = net::ListeningSocket::bind({"127.0.0.1", 0});
  net::UvListener listener{loop, *socket};
  net::TaskScope scope;
  scope.spawn(sink(listener, received));
  dns::SimResolver resolver{world};
  resolver.add("rcpt.test", dns::Type::a, dns::Address{"127.0.0.1"});
  log::MemorySink lines;
  const log::Log log{lines, "smtpd", log::Format::text, log::Level::debug, [&loop] { return loop.wall(); }};
  Options options{.hostname = "relay.test", .smtp_port = socket->endpoint().port};
  Relay relay{world, resolver, std::move(options), log};
  scope.spawn(relay.run());
  auto message = message_of(std::move(text));
  co_await deliver(relay, kDomain, std::move(message), recipients_of(2), outcomes);
  relay.stop();
  co_await scope.drained();
}

TEST(Sockets, ALargeMessageUnderTls) {
  net::UvLoop loop;
  net::UvNetwork network{loop};
  net::SystemRandom random;
  net::ThreadPool pool{1, 10};
  net::World world{loop, loop, random, network, pool, pool};
  const std::string text = "Subject: x\r\n\r\n" + std::string(3'000'000, 'x') + "\r\n";
  std::string received;
  std::vector<Outcome> outcomes;
  loop.run(deliver_over_sockets(loop, world, text, received, outcomes));
  EXPECT_EQ(in_words(outcomes), (Words{"10 relayed 250 2.0.0 Taken | rcpt.test 127.0.0.1 TLSv1.3",
                                       "11 relayed 250 2.0.0 Taken | rcpt.test 127.0.0.1 TLSv1.3"}));
  EXPECT_TRUE(received == text);
}

}  // namespace
}  // namespace posthaste::relay
