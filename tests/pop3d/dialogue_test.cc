// Every dialogue in tests/dialogues/pop3d, in turn and pipelined, over a network that splits and delays; and what a
// file cannot say.
//
//   = message                 alice has one more message, of the lines M: that follow
//   = message OCTETS          or one of so many octets
//   = port pop3s              which the client comes by
//   = set KEY VALUE           allow_plaintext
//   = deliveryd away          nothing can be removed
//   = in turn                 the client waits for each answer, whatever it could send at once
//   = starttls                the client shakes hands
//   = leaves                  it hangs up
//   = closed                  the server closes the connection
//   = left UID...             what alice has in the end
#include <sstream>

#include "../dialogue_file.h"
#include "dialogue.h"

namespace posthaste::pop3d {
namespace {

using Messages = std::vector<std::string>;

/// A message of so many octets.
std::string message_of(std::size_t octets) {
  const std::string header = "Subject: example\r\n\r\n";
  return header + std::string(octets - header.size() - 2, 'a') + "\r\n";
}

/// The maildrop of RFC 1939's examples: two messages, 320 octets.
Messages rfc_messages() { return {message_of(120), message_of(200)}; }

/// What a file says, in the words of Players.
struct Scene {
  explicit Scene(const Dialogue& dialogue) {
    for (const auto& step : dialogue.steps) {
      const std::string whose = step.client == '1' ? "" : std::string{step.client};
      switch (step.kind) {
        case 'M': messages.back() += step.text + "\r\n"; break;
        case 'R': messages.back() += unescaped(step.text); break;
        case '=': direct(step.text, whose); break;
        default: script += step.kind + whose + ": " + step.text + "\n";
      }
    }
  }

  Messages messages;
  config::Config config = test_config();
  net::Endpoint endpoint = kPop3;
  bool deliveryd_is_away = false;
  bool pipelined_too = true;
  std::string script;
  std::vector<std::uint32_t> left;

 private:
  void direct(const std::string& text, const std::string& whose) {
    std::istringstream words{text};
    std::string verb;
    std::string argument;
    words >> verb >> argument;
    if (verb == "message") {
      messages.push_back(argument.empty() ? "" : message_of(std::stoul(argument)));
    } else if (verb == "port") {
      endpoint = kPop3s;
    } else if (verb == "set") {
      config.auth.allow_plaintext = text.ends_with(" 1");
    } else if (verb == "deliveryd") {
      deliveryd_is_away = true;
    } else if (verb == "in") {
      pipelined_too = false;
    } else if (verb == "starttls") {
      script += "C" + whose + ": (TLS)\n";
    } else if (verb == "leaves") {
      script += "C" + whose + ": (leaves)\n";
    } else if (verb == "closed") {
      script += "S" + whose + ": (closed)\n";
    } else if (verb == "left") {
      for (; !argument.empty() && argument != "nothing"; words >> argument) {
        left.push_back(static_cast<std::uint32_t>(std::stoul(argument)));
        argument.clear();
      }
    } else {
      ADD_FAILURE() << "no such direction: " << text;
    }
  }
};

class Dialogues : public testing::TestWithParam<Dialogue> {};

TEST_P(Dialogues, GoAsWrittenInTurnAndPipelined) {
  const Scene scene{GetParam()};
  for (const Pace pace : {Pace::in_turn, Pace::pipelined}) {
    if (pace == Pace::pipelined && !scene.pipelined_too) continue;
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      SCOPED_TRACE(testing::Message() << (pace == Pace::pipelined ? "pipelined" : "in turn") << ", seed " << seed);
      PostOffice office{seed, scene.config};
      office.deliver(scene.messages);
      if (scene.deliveryd_is_away) office.take_deliveryd_away();
      EXPECT_EQ(transcript_of(office, scene.script, pace, scene.endpoint), scene.script);
      EXPECT_EQ(office.uids(), scene.left);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Pop3d, Dialogues, testing::ValuesIn(read_dialogues("pop3d")),
                         [](const auto& test) { return test.param.name; });

const std::string kGreeting = "S: +OK mail.example.org Posthaste POP3 ready\n";
const std::string kUser = "C: USER alice\nS: +OK Send PASS\n";
const std::string kLogin = kGreeting + kUser + "C: PASS secret\nS: +OK 2 messages (320 octets)\n";
const std::string kQuit = "C: QUIT\nS: +OK Bye\nS: (closed)\n";

net::Task<void> throw_beside_another(net::Network& network, std::string& heard) {
  auto first = co_await network.connect(kPop3, std::chrono::seconds{5});
  auto second = co_await network.connect(kPop3, std::chrono::seconds{5});
  net::Stream thrower{std::move(*first), std::chrono::minutes{1}};
  net::Stream other{std::move(*second), std::chrono::minutes{1}};
  auto greeting = co_await thrower.read_line(512);
  greeting = co_await other.read_line(512);
  thrower.write("CAPA " + std::string{kThrowingWord} + "\r\n");
  auto ended = co_await thrower.read_line(512);
  EXPECT_EQ(ended.error(), net::StreamError::closed);
  other.write("QUIT\r\n");
  const auto answer = co_await other.read_line(512);
  if (answer) heard = *answer;
}

TEST(Dialogue, AnExceptionEndsItsSessionAlone) {
  PostOffice office{1};
  std::string heard;
  ASSERT_TRUE(office.run(throw_beside_another(office.sim().network(), heard)));
  EXPECT_EQ(heard, "+OK Bye");
  EXPECT_NE(office.log_text().find("session.failed"), std::string::npos) << office.log_text();
}

/// What a file of text cannot hold.
TEST(Dialogue, NamesThatAreNoUtf8) {
  PostOffice office{1};
  const std::string script =
      kGreeting +
      "C: USER \xff\nS: -ERR Names and passwords are UTF-8\nC: USER \x7f\nS: -ERR Syntax error\n"
      "C: USER \ue000\nS: +OK Send PASS\nC: PASS secret\nS: -ERR [AUTH] Authentication failed\n" +
      kQuit;
  EXPECT_EQ(transcript_of(office, script), script);
}

TEST(Dialogue, UniqueIdsStayTheSameInTheNextSession) {
  PostOffice office{1};
  office.deliver(rfc_messages());
  const std::string validity = std::to_string(number(office.inbox()->uid_validity));
  const std::string first = kLogin + "C: UIDL\nS: +OK 2 messages\nS: 1 " + validity + ".1\nS: 2 " + validity +
                            ".2\nS: .\nC: UIDL 2\nS: +OK 2 " + validity + ".2\nC: DELE 1\n" +
                            "S: +OK Message marked as deleted\n" + kQuit;
  EXPECT_EQ(transcript_of(office, first), first);
  office.deliver({message_of(50)});
  const std::string second = kGreeting + kUser + "C: PASS secret\nS: +OK 2 messages (250 octets)\n" +
                             "C: UIDL\nS: +OK 2 messages\nS: 1 " + validity + ".2\nS: 2 " + validity +
                             ".3\nS: .\n" + kQuit;
  EXPECT_EQ(transcript_of(office, second), second);
}

TEST(Dialogue, ManyBadCommandsEndTheSession) {
  PostOffice office{1};
  std::string script = kGreeting;
  for (int i = 0; i < 20; ++i) script += "C: FOO\nS: -ERR Unknown command\n";
  script += "S: -ERR Too many bad commands\nS: (closed)\n";
  EXPECT_EQ(transcript_of(office, script), script);
}

TEST(Dialogue, LinesThatEndTheSession) {
  const std::pair<std::string, std::string> cases[] = {
      {"C: POST / HTTP/1.1\nC: USER alice@example.org\n", "S: -ERR This is POP3, not HTTP\nS: (closed)\n"},
      {"C: NOOP\rNOOP\n", "S: -ERR Lines end in CR LF\nS: (closed)\n"},
      {"C: QUIT\r\n", "S: -ERR Lines end in CR LF\nS: (closed)\n"},
      {"C: " + std::string(12'287, 'a') + "\n", "S: -ERR Command too long\nS: (closed)\n"},
  };
  for (const auto& [said, heard] : cases) {
    PostOffice office{1};
    EXPECT_EQ(transcript_of(office, kGreeting + said + heard), kGreeting + said + heard);
  }
}

TEST(Dialogue, LongCommandIsRefusedAlone) {
  PostOffice office{1};
  const std::string script =
      kGreeting + "C: USER " + std::string(249, 'a') + "\nS: -ERR Command too long\n" + kQuit;
  EXPECT_EQ(transcript_of(office, script), script);
}

/// RFC 1939 §3: no response, and nothing is removed.
TEST(Dialogue, SilenceEndsTheSessionWithoutAWord) {
  PostOffice office{1};
  office.deliver(rfc_messages());
  const std::string script = kLogin + "C: DELE 1\nS: +OK Message marked as deleted\nS: (closed)\n";
  EXPECT_EQ(transcript_of(office, script), script);
  EXPECT_GE(office.sim().loop().now().time_since_epoch(), std::chrono::minutes{10});
  EXPECT_EQ(office.uids(), (std::vector<std::uint32_t>{1, 2}));
}

TEST(Dialogue, LoginsHaveADelayBetweenThem) {
  auto config = test_config();
  config.pop3.login_delay = std::chrono::seconds{300};
  PostOffice office{1, config};
  office.deliver(rfc_messages());
  const std::string refused = "PASS secret\nS2: -ERR [LOGIN-DELAY] This is too soon after the last login\n";
  const std::string first = kLogin + kQuit;
  const std::string second =
      "S2: +OK mail.example.org Posthaste POP3 ready\nC2: USER alice\nS2: +OK Send PASS\nC2: " + refused +
      "C2: QUIT\nS2: +OK Bye\nS2: (closed)\n";
  const std::string third = "S3: +OK mail.example.org Posthaste POP3 ready\nC3: CAPA\n" +
                            std::string{"S3: +OK Capability list follows\nS3: TOP\nS3: UIDL\nS3: PIPELINING\n"} +
                            "S3: RESP-CODES\nS3: AUTH-RESP-CODE\nS3: EXPIRE NEVER\nS3: USER\n"
                            "S3: SASL SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN\nS3: STLS\nS3: LOGIN-DELAY 300\n"
                            "S3: UTF8 USER\nS3: LANG\nS3: IMPLEMENTATION Posthaste\nS3: .\n"
                            "C3: USER alice\nS3: +OK Send PASS\nC3: PASS secret\nS3: +OK 2 messages (320 octets)\n"
                            "C3: QUIT\nS3: +OK Bye\nS3: (closed)\n";
  EXPECT_EQ(transcript_of(office, first), first);
  EXPECT_EQ(transcript_of(office, second), second);
  office.pass(std::chrono::seconds{300});
  EXPECT_EQ(transcript_of(office, third), third);
}

/// Input behind STLS was put there by somebody between: it is never answered, in the clear or under TLS.
TEST(Tls, NothingBehindStlsIsObeyed) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    PostOffice office{seed};
    const std::string script = kGreeting + "C: STLS\nC: NOOP\nS: \nS: \n";
    const std::string said = transcript_of(office, script);
    const std::string refused = "S: -ERR Nothing may follow STLS before TLS\nS: (closed)\n";
    const std::string start = kGreeting + "C: STLS\nC: NOOP\n";
    EXPECT_TRUE(said == start + refused || said.starts_with(start + "S: +OK Begin TLS negotiation\nS: (")) << said;
  }
}

}  // namespace
}  // namespace posthaste::pop3d
