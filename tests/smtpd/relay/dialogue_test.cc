// What becomes of each recipient, whatever a host says and wherever it stops saying anything.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fake_hosts.h"

namespace posthaste::relay {
namespace {

const net::Endpoint kFirst{"192.0.2.1", 25};
const net::Endpoint kSecond{"192.0.2.2", 25};

/// Greeting and EHLO of a host that offers nothing.
const std::string kPlain =
    "S: 220 mx1.test ESMTP\n"
    "C: EHLO relay.test\n"
    "S: 250 mx1.test\n";
/// Of one that offers `extensions`, separated by commas.
std::string offering(std::string_view extensions) {
  std::string script =
      "S: 220-mx1.test ESMTP\n"
      "S: 220 at your service\n"
      "C: EHLO relay.test\n"
      "S: 250-mx1.test\n";
  while (!extensions.empty()) {
    const auto comma = extensions.find(',');
    const bool last = comma == std::string_view::npos;
    script.append(last ? "S: 250 " : "S: 250-").append(extensions.substr(0, comma)).append("\n");
    extensions.remove_prefix(last ? extensions.size() : comma + 1);
  }
  return script;
}
const std::string kMail = "C: MAIL FROM:<alice@sender.test>\nS: 250 2.1.0 Ok\n";
const std::string kRcptA = "C: RCPT TO:<a@rcpt.test>\nS: 250 2.1.5 Ok\n";
const std::string kRcptB = "C: RCPT TO:<b@rcpt.test>\nS: 250 2.1.5 Ok\n";
const std::string kData = "C: DATA\nS: 354 Go on\n";
const std::string kText = "C: Subject: x\nC: \nC: Hello\nC: .\n";
const std::string kTaken = "S: 250 2.0.0 Taken\n";
const std::string kWhole = kPlain + kMail + kRcptA + kData + kText + kTaken;
const std::string kTransactionForA = kMail + kRcptA + kData + kText + kTaken;

const std::vector<std::string> kTakenByFirst{"10 relayed 250 2.0.0 Taken | mx1.rcpt.test 192.0.2.1"};
const std::vector<std::string> kTakenBySecond{"10 relayed 250 2.0.0 Taken | mx2.rcpt.test 192.0.2.2"};

Message plain_message() { return message_of("Subject: x\r\n\r\nHello\r\n"); }

/// The dialogue in which the host answers the message with `replies`.
std::string taken_with(const std::string& replies) { return kPlain + kMail + kRcptA + kData + kText + replies; }
std::vector<std::string> taken_as(const std::string& reply) {
  return {"10 relayed " + reply + " | mx1.rcpt.test 192.0.2.1"};
}

struct Case {
  const char* name;
  std::vector<std::string> first;   // scripts of mx1's connections
  std::vector<std::string> second;  // of mx2's
  std::vector<std::string> outcomes;
  std::size_t recipients = 1;
  Message message = plain_message();
};

const Case kCases[] = {
    {"StepByStepWithoutPipelining", {kWhole}, {}, kTakenByFirst},
    {"APipelinedEnvelope",
     {offering("PIPELINING,ENHANCEDSTATUSCODES") +
      "C: MAIL FROM:<alice@sender.test>\nC: RCPT TO:<a@rcpt.test>\nC: RCPT TO:<b@rcpt.test>\nC: DATA\n"
      "S: 250 2.1.0 Ok\nS: 250 2.1.5 Ok\nS: 550 5.1.1 Nobody\nS: 354 Go on\n" +
      kText + kTaken},
     {},
     {"10 relayed 250 2.0.0 Taken | mx1.rcpt.test 192.0.2.1",
      "11 failed 550 5.1.1 Nobody | mx1.rcpt.test 192.0.2.1"},
     2},
    {"AllInOneWriteWithPipeliningAndChunking",
     {offering("PIPELINING,CHUNKING,8BITMIME,SIZE 1000") +
      "C: MAIL FROM:<alice@sender.test> SIZE=21\nC: RCPT TO:<a@rcpt.test>\nC: BDAT 21 LAST\n"
      "B: Subject: x\\r\\n\\r\\nHello\\r\\n\n"
      "S: 250 Ok\nS: 250 Ok\nS: 250 2.0.0 Taken\n"},
     {},
     kTakenByFirst},
    {"ChunkingWithoutPipelining",
     {offering("CHUNKING") + kMail + kRcptA + "C: BDAT 21 LAST\nB: Subject: x\\r\\n\\r\\nHello\\r\\n\n" + kTaken},
     {},
     kTakenByFirst},
    {"RepliesOfSeveralLines",
     {kPlain + "C: MAIL FROM:<alice@sender.test>\nS: 250-2.1.0 Sender\nS: 250 2.1.0 Ok\n"
               "C: RCPT TO:<a@rcpt.test>\nS: 550-5.1.1 Nobody\nS: 550-5.1.1 of that name\nS: 550 5.1.1 here\n"},
     {},
     {"10 failed 550 5.1.1 Nobody of that name here | mx1.rcpt.test 192.0.2.1"}},

    // Before the transaction.
    {"NoConnectionNextHost", {}, {kWhole}, kTakenBySecond},
    {"NoConnectionAnywhere", {}, {}, {"10 deferred 451 4.4.1 | 192.0.2.2"}},
    {"AGreetingThatPutsOff", {"S: 450 4.3.2 Busy\nCLOSE\n"}, {kWhole}, kTakenBySecond},
    {"AGreetingOf421", {"S: 421 4.3.2 Busy\nCLOSE\n"}, {kWhole}, kTakenBySecond},
    {"NoServiceHereIsForLater",
     {"S: 554 5.3.2 No mail service\nCLOSE\n"},
     {},
     {"10 deferred 554 5.3.2 No mail service | mx1.rcpt.test 192.0.2.1"}},
    {"NoGreetingAtAll", {"HANG\n"}, {kWhole}, kTakenBySecond},
    {"ClosedBeforeTheGreeting", {"CLOSE\n"}, {kWhole}, kTakenBySecond},
    {"NoReplyButNoise", {"S: hello there\nCLOSE\n"}, {}, {"10 deferred 451 4.5.0 | 192.0.2.1"}},
    {"AGreetingWhoseCodesDisagree",
     {"S: 554-one\nS: 220 two\nC: EHLO relay.test\nS: 250 mx1.test\n" + kTransactionForA},
     {},
     kTakenByFirst},
    {"HeloWhereEhloIsUnknown",
     {"S: 220 mx1.test\nC: EHLO relay.test\nS: 502 What\nC: HELO relay.test\nS: 250 mx1.test\n" + kTransactionForA},
     {},
     kTakenByFirst},
    {"HeloRefusedToo",
     {"S: 220 mx1.test\nC: EHLO relay.test\nS: 550 Not you\nC: HELO relay.test\nS: 550 5.7.1 Not you\nCLOSE\n"},
     {"S: 220 mx2.test\nC: EHLO relay.test\nS: 550 Not you\nC: HELO relay.test\nS: 550 5.7.1 Nor you\nCLOSE\n"},
     {"10 failed 550 5.7.1 Nor you | mx2.rcpt.test 192.0.2.2"}},
    {"RefusedByOneHostWhileAnotherIsAway",
     {"S: 220 mx1.test\nC: EHLO relay.test\nS: 550 Not you\nC: HELO relay.test\nS: 550 5.7.1 Not you\nCLOSE\n"},
     {},
     {"10 deferred 451 4.4.1 | 192.0.2.2"}},
    {"EhloPutOff", {"S: 220 mx1.test\nC: EHLO relay.test\nS: 451 4.3.0 Later\nCLOSE\n"}, {kWhole}, kTakenBySecond},
    {"ClosedAfterEhlo", {"S: 220 mx1.test\nC: EHLO relay.test\nCLOSE\n"}, {kWhole}, kTakenBySecond},

    // MAIL.
    {"MailPutOff", {kPlain + "C: MAIL FROM:<alice@sender.test>\nS: 451 4.3.0 Later\n"}, {kWhole}, kTakenBySecond},
    {"MailPutOffEverywhere",
     {kPlain + "C: MAIL FROM:<alice@sender.test>\nS: 451 4.3.0 Later\n"},
     {},
     {"10 deferred 451 4.3.0 Later | mx1.rcpt.test 192.0.2.1"}},
    {"MailRefused",
     {kPlain + "C: MAIL FROM:<alice@sender.test>\nS: 550 5.7.1 Not from you\n"},
     {},
     {"10 failed 550 5.7.1 Not from you | mx1.rcpt.test 192.0.2.1",
      "11 failed 550 5.7.1 Not from you | mx1.rcpt.test 192.0.2.1"},
     2},
    {"MailRefusedWhileAllIsUnderWay",
     {offering("PIPELINING") + "C: MAIL FROM:<alice@sender.test>\nC: RCPT TO:<a@rcpt.test>\nC: DATA\n"
                               "S: 550 5.7.1 Not from you\nS: 503 5.5.1 MAIL first\nS: 503 5.5.1 MAIL first\n"},
     {},
     {"10 failed 550 5.7.1 Not from you | mx1.rcpt.test 192.0.2.1"}},
    {"ClosedAtMail", {kPlain + "C: MAIL FROM:<alice@sender.test>\nCLOSE\n"}, {kWhole}, kTakenBySecond},
    {"SilenceAtMail", {kPlain + "C: MAIL FROM:<alice@sender.test>\nHANG\n"}, {kWhole}, kTakenBySecond},
    {"A421AtMail",
     {kPlain + "C: MAIL FROM:<alice@sender.test>\nS: 421 4.3.2 Closing\nCLOSE\n"},
     {kWhole},
     kTakenBySecond},

    // RCPT.
    {"OneOfThreeRefusedAndOnePutOff",
     {kPlain + kMail +
      "C: RCPT TO:<a@rcpt.test>\nS: 550 5.1.1 Nobody\nC: RCPT TO:<b@rcpt.test>\nS: 250 2.1.5 Ok\n"
      "C: RCPT TO:<c@rcpt.test>\nS: 450 4.2.1 Busy\n" +
      kData + kText + kTaken},
     {},
     {"10 failed 550 5.1.1 Nobody | mx1.rcpt.test 192.0.2.1",
      "11 relayed 250 2.0.0 Taken | mx1.rcpt.test 192.0.2.1",
      "12 deferred 450 4.2.1 Busy | mx1.rcpt.test 192.0.2.1"},
     3},
    {"WhoIsPutOffAtRcptIsTakenByTheNextHost",
     {kPlain + kMail + "C: RCPT TO:<a@rcpt.test>\nS: 450 4.2.1 Busy\n" + kRcptB + kData + kText + kTaken},
     {kWhole},
     {"10 relayed 250 2.0.0 Taken | mx2.rcpt.test 192.0.2.2",
      "11 relayed 250 2.0.0 Taken | mx1.rcpt.test 192.0.2.1"},
     2},
    {"ForwardedByTheHostIsTaken",
     {kPlain + kMail + "C: RCPT TO:<a@rcpt.test>\nS: 251 2.1.5 Will forward\n" + kData + kText + kTaken},
     {},
     kTakenByFirst},
    {"NobodyAcceptedNothingSent",
     {kPlain + kMail + "C: RCPT TO:<a@rcpt.test>\nS: 550 5.1.1 Nobody\n"},
     {},
     {"10 failed 550 5.1.1 Nobody | mx1.rcpt.test 192.0.2.1"}},
    {"NobodyAcceptedButAMessageIsAskedFor",
     {offering("PIPELINING") +
      "C: MAIL FROM:<alice@sender.test>\nC: RCPT TO:<a@rcpt.test>\nC: DATA\n"
      "S: 250 Ok\nS: 550 5.1.1 Nobody\nS: 354 Go on\nC: .\nS: 554 5.5.1 No valid recipients\n"},
     {},
     {"10 failed 550 5.1.1 Nobody | mx1.rcpt.test 192.0.2.1"}},
    {"NobodyAcceptedAndChunksForNobody",
     {offering("PIPELINING,CHUNKING") +
      "C: MAIL FROM:<alice@sender.test>\nC: RCPT TO:<a@rcpt.test>\nC: BDAT 21 LAST\n"
      "B: Subject: x\\r\\n\\r\\nHello\\r\\n\n"
      "S: 250 Ok\nS: 550 5.1.1 Nobody\nS: 503 5.5.1 No valid recipients\n"},
     {},
     {"10 failed 550 5.1.1 Nobody | mx1.rcpt.test 192.0.2.1"}},
    {"TooManyRecipientsAFurtherTransaction",
     {kPlain + kMail + kRcptA + "C: RCPT TO:<b@rcpt.test>\nS: 452 4.5.3 Too many\n" + kData + kText +
      "S: 250 2.0.0 First\n" + kMail + kRcptB + kData + kText + "S: 250 2.0.0 Second\n"},
     {},
     {"10 relayed 250 2.0.0 First | mx1.rcpt.test 192.0.2.1",
      "11 relayed 250 2.0.0 Second | mx1.rcpt.test 192.0.2.1"},
     2},
    {"TooManyRecipientsInTheOldWay",
     {kPlain + kMail + kRcptA + "C: RCPT TO:<b@rcpt.test>\nS: 552 Too many\n" + kData + kText +
      "S: 250 2.0.0 First\n" + kMail + kRcptB + kData + kText + "S: 250 2.0.0 Second\n"},
     {},
     {"10 relayed 250 2.0.0 First | mx1.rcpt.test 192.0.2.1",
      "11 relayed 250 2.0.0 Second | mx1.rcpt.test 192.0.2.1"},
     2},
    {"AFullMailboxIsNotTooMany",
     {kPlain + kMail + kRcptA + "C: RCPT TO:<b@rcpt.test>\nS: 552 5.2.2 Full\n" + kData + kText + kTaken},
     {},
     {"10 relayed 250 2.0.0 Taken | mx1.rcpt.test 192.0.2.1", "11 failed 552 5.2.2 Full | mx1.rcpt.test 192.0.2.1"},
     2},
    {"TooManyAtTheFirstOneIsForLater",
     {kPlain + kMail + "C: RCPT TO:<a@rcpt.test>\nS: 452 4.5.3 Too many\n"},
     {},
     {"10 deferred 452 4.5.3 Too many | mx1.rcpt.test 192.0.2.1"}},
    {"TooManyAndThenClosed",
     {kPlain + kMail + kRcptA + "C: RCPT TO:<b@rcpt.test>\nS: 452 4.5.3 Too many\n" + kData + kText +
      "S: 250 2.0.0 Taken\nCLOSE\n"},
     {kPlain + kMail + kRcptB + kData + kText + kTaken},
     {"10 relayed 250 2.0.0 Taken | mx1.rcpt.test 192.0.2.1",
      "11 relayed 250 2.0.0 Taken | mx2.rcpt.test 192.0.2.2"},
     2},
    {"A421AtRcptLeavesAllToTheNextHost",
     {kPlain + kMail + kRcptA + "C: RCPT TO:<b@rcpt.test>\nS: 421 4.3.2 Closing\nCLOSE\n"},
     {kPlain + kMail + kRcptA + kRcptB + kData + kText + kTaken},
     {"10 relayed 250 2.0.0 Taken | mx2.rcpt.test 192.0.2.2",
      "11 relayed 250 2.0.0 Taken | mx2.rcpt.test 192.0.2.2"},
     2},
    {"ARefusalBefore421Stays",
     {kPlain + kMail +
      "C: RCPT TO:<a@rcpt.test>\nS: 550 5.1.1 Nobody\nC: RCPT TO:<b@rcpt.test>\n"
      "S: 421 4.3.2 Closing\nCLOSE\n"},
     {},
     {"10 failed 550 5.1.1 Nobody | mx1.rcpt.test 192.0.2.1",
      "11 deferred 421 4.3.2 Closing | mx1.rcpt.test 192.0.2.1"},
     2},
    {"AReplyToRcptThatIsNone",
     {kPlain + kMail + "C: RCPT TO:<a@rcpt.test>\nS: 354 Go on\nCLOSE\n"},
     {kWhole},
     kTakenBySecond},

    // DATA and the message.
    {"DataRefused",
     {kPlain + kMail + kRcptA + "C: DATA\nS: 554 5.7.1 No\n"},
     {},
     {"10 failed 554 5.7.1 No | mx1.rcpt.test 192.0.2.1"}},
    {"DataPutOff", {kPlain + kMail + kRcptA + "C: DATA\nS: 451 4.3.0 Later\n"}, {kWhole}, kTakenBySecond},
    {"DataAnsweredWith250", {kPlain + kMail + kRcptA + "C: DATA\nS: 250 Fine\nCLOSE\n"}, {kWhole}, kTakenBySecond},
    {"SilenceAtData", {kPlain + kMail + kRcptA + "C: DATA\nHANG\n"}, {kWhole}, kTakenBySecond},
    {"TheMessageRefused",
     {kPlain + kMail + kRcptA + kRcptB + kData + kText + "S: 554 5.7.1 Spam\n"},
     {},
     {"10 failed 554 5.7.1 Spam | mx1.rcpt.test 192.0.2.1", "11 failed 554 5.7.1 Spam | mx1.rcpt.test 192.0.2.1"},
     2},
    {"TheMessagePutOffIsForLater",
     {kPlain + kMail + kRcptA + kData + kText + "S: 452 4.3.1 Full\n"},
     {},
     {"10 deferred 452 4.3.1 Full | mx1.rcpt.test 192.0.2.1"}},
    {"LostAfterTheFinalDotIsNeverAFailure",
     {kPlain + kMail + kRcptA + kData + kText + "CLOSE\n"},
     {},
     {"10 deferred 451 4.4.2 | 192.0.2.1"}},
    {"SilenceAfterTheFinalDot",
     {kPlain + kMail + kRcptA + kData + kText + "HANG\n"},
     {},
     {"10 deferred 451 4.4.2 | 192.0.2.1"}},
    {"A421AfterTheFinalDotTookNothing",
     {kPlain + kMail + kRcptA + kData + kText + "S: 421 4.3.2 Closing\nCLOSE\n"},
     {kWhole},
     kTakenBySecond},
    {"NonsenseAfterTheFinalDot",
     {kPlain + kMail + kRcptA + kData + kText + "S: what?\nCLOSE\n"},
     {},
     {"10 deferred 451 4.5.0 | 192.0.2.1"}},
    {"TakenWithCodesThatDiffer",
     {taken_with("S: 550-2.0.0 Checked\nS: 250 2.0.0 Taken\n")},
     {},
     taken_as("250 2.0.0 Checked Taken")},
    {"TakenWithoutASpace", {taken_with("S: 250Taken\n")}, {}, taken_as("250 Taken")},
    {"TakenWithATab", {taken_with("S: 250\tTaken\n")}, {}, taken_as("250 Taken")},
    {"TakenByAnEnhancedCodeAlone", {taken_with("S: 2.0.0 Taken\n")}, {}, taken_as("200 2.0.0 Taken")},
    {"TakenWithTextBetween",
     {taken_with("S: 250-2.0.0 Taken\nS:  as 17\nS: 250 2.0.0\n")},
     {},
     taken_as("250 2.0.0 Taken  as 17 ")},
    {"TakenWithAnOddCode", {taken_with("S: 299 Taken\n")}, {}, taken_as("299 Taken")},
    {"TakenInALongLine",
     {taken_with("S: 250 " + std::string(8000, 'x') + "\n")},
     {},
     taken_as("250 " + std::string(2044, 'x'))},
    {"TakenWithLineFeedsAlone",
     {taken_with("L: 250-2.0.0 Taken\nL: 250 2.0.0 at last\n")},
     {},
     taken_as("250 2.0.0 Taken at last")},
    {"LineFeedsAloneThroughout",
     {"L: 220 mx1.test\nC: EHLO relay.test\nL: 250-mx1.test\nL: 250 HELP\nC: MAIL FROM:<alice@sender.test>\nL: 250 "
      "Ok\n"
      "C: RCPT TO:<a@rcpt.test>\nL: 250 Ok\nC: DATA\nL: 354\n" +
      kText + "L: 250 2.0.0 Taken\n"},
     {},
     kTakenByFirst},
    {"AskedForTheMessageByTheFirstDigit",
     {kPlain + kMail + kRcptA + "C: DATA\nS: 3 go on\n" + kText + kTaken},
     {},
     kTakenByFirst},
    {"RefusedWithCodesThatDiffer",
     {taken_with("S: 250-2.0.0 Checked\nS: 554 5.7.1 Spam\n")},
     {},
     {"10 failed 554 5.7.1 2.0.0 Checked Spam | mx1.rcpt.test 192.0.2.1"}},
    {"BdatRefused",
     {offering("CHUNKING") + kMail + kRcptA +
      "C: BDAT 21 LAST\nB: Subject: x\\r\\n\\r\\nHello\\r\\n\nS: 554 5.7.1 Spam\n"},
     {},
     {"10 failed 554 5.7.1 Spam | mx1.rcpt.test 192.0.2.1"}},
    {"LostAfterTheLastChunk",
     {offering("CHUNKING") + kMail + kRcptA + "C: BDAT 21 LAST\nB: Subject: x\\r\\n\\r\\nHello\\r\\n\nCLOSE\n"},
     {},
     {"10 deferred 451 4.4.2 | 192.0.2.1"}},
    {"DotsAreStuffed",
     {kPlain + kMail + kRcptA + kData + "C: Subject: x\nC: \nC: ..\nC: ..a\nC: .\n" + kTaken},
     {},
     kTakenByFirst,
     1,
     message_of("Subject: x\r\n\r\n.\r\n.a\r\n")},
    {"ALineEndingIsAddedAtTheEnd", {kWhole}, {}, kTakenByFirst, 1, message_of("Subject: x\r\n\r\nHello")},

    // TLS.
    {"StartTlsWhenOffered",
     {offering("STARTTLS,PIPELINING") + "C: STARTTLS\nS: 220 Go ahead\nTLS\nC: EHLO relay.test\nS: 250 mx1.test\n" +
      kTransactionForA},
     {},
     {"10 relayed 250 2.0.0 Taken | mx1.rcpt.test 192.0.2.1 TLSv1.3"}},
    {"TlsNotAvailableNowInTheClear",
     {offering("STARTTLS") + "C: STARTTLS\nS: 454 4.7.0 Not now\n" + kTransactionForA},
     {},
     kTakenByFirst},
    {"AHandshakeThatFailsOnceMoreInTheClear",
     {offering("STARTTLS") + "C: STARTTLS\nS: 220 Go ahead\nNOTLS\nCLOSE\n",
      offering("STARTTLS") + kTransactionForA},
     {},
     kTakenByFirst},
    {"WordsPutBeforeTheHandshakeEndTheConnection",
     {offering("STARTTLS") + "C: STARTTLS\nS: 220 Go ahead\nS: 250 injected\nHANG\n",
      offering("STARTTLS") + kTransactionForA},
     {},
     kTakenByFirst},
    {"ClosedInTheHandshake",
     {offering("STARTTLS") + "C: STARTTLS\nS: 220 Go ahead\nCLOSE\n", offering("STARTTLS") + kTransactionForA},
     {},
     kTakenByFirst},
};

void give_mx(Scene& scene) {
  scene.resolver.add("rcpt.test", dns::Type::mx, dns::Mx{10, "mx1.rcpt.test"});
  scene.resolver.add("rcpt.test", dns::Type::mx, dns::Mx{20, "mx2.rcpt.test"});
  scene.resolver.add("mx1.rcpt.test", dns::Type::a, dns::Address{"192.0.2.1"});
  scene.resolver.add("mx2.rcpt.test", dns::Type::a, dns::Address{"192.0.2.2"});
}

TEST(Dialogue, EachRecipientGetsWhatTheHostsSaid) {
  for (const auto& test : kCases) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(test.name);
      Scene scene{{.hostname = "relay.test"}, seed};
      give_mx(scene);
      for (const auto& script : test.first) scene.host(kFirst, script);
      for (const auto& script : test.second) scene.host(kSecond, script);
      std::vector<Outcome> outcomes;
      scene.run(deliver(scene.relay, {"rcpt.test"}, test.message, recipients_of(test.recipients), outcomes));
      EXPECT_EQ(in_words(outcomes), test.outcomes);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace posthaste::relay
