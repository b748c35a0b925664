// What pop3d says to its clients, in turn and pipelined, over a network that splits and delays.
#include "dialogue.h"

#include "common/base/base64.h"

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

struct Case {
  const char* name;
  Messages messages;
  std::string dialogue;
  std::vector<std::uint32_t> uids_left;
};

const Case kCases[] = {
    // RFC 1939 §5 and §7, whose texts after +OK are the server's own.
    {"Rfc1939Session",
     rfc_messages(),
     kLogin +
         "C: STAT\nS: +OK 2 320\n"
         "C: LIST\nS: +OK 2 messages\nS: 1 120\nS: 2 200\nS: .\n"
         "C: LIST 2\nS: +OK 2 200\n"
         "C: LIST 3\nS: -ERR No such message\n"
         "C: RETR 1\nS: +OK 120 octets\nS: Subject: example\nS: \nS: " +
         std::string(98, 'a') +
         "\nS: .\n"
         "C: DELE 1\nS: +OK Message marked as deleted\n"
         "C: DELE 1\nS: -ERR Message is marked as deleted\n"
         "C: NOOP\nS: +OK\n" +
         kQuit,
     {2}},
    {"MarkedMessagesAreNotSeenUntilRset",
     rfc_messages(),
     kLogin +
         "C: DELE 1\nS: +OK Message marked as deleted\n"
         "C: STAT\nS: +OK 1 200\n"
         "C: LIST\nS: +OK 1 messages\nS: 2 200\nS: .\n"
         "C: LIST 1\nS: -ERR Message is marked as deleted\n"
         "C: RETR 1\nS: -ERR Message is marked as deleted\n"
         "C: TOP 1 0\nS: -ERR Message is marked as deleted\n"
         "C: UIDL 1\nS: -ERR Message is marked as deleted\n"
         "C: RSET\nS: +OK 2 messages (320 octets)\n"
         "C: STAT\nS: +OK 2 320\n" +
         kQuit,
     {1, 2}},
    {"QuitWithoutMarksDeletesNothing", rfc_messages(), kLogin + kQuit, {1, 2}},
    {"AllMayGo",
     rfc_messages(),
     kLogin +
         "C: DELE 2\nS: +OK Message marked as deleted\nC: DELE 1\nS: +OK Message marked as deleted\n"
         "C: STAT\nS: +OK 0 0\nC: LIST\nS: +OK 0 messages\nS: .\n" +
         kQuit,
     {}},
    {"EmptyMaildrop",
     {},
     kGreeting + kUser +
         "C: PASS secret\nS: +OK 0 messages (0 octets)\nC: STAT\nS: +OK 0 0\n"
         "C: LIST\nS: +OK 0 messages\nS: .\nC: UIDL\nS: +OK 0 messages\nS: .\nC: RETR 1\nS: -ERR No such "
         "message\n" +
         kQuit,
     {}},

    // Octets of messages, RFC 1939 §3.
    {"LeadingDotsAreStuffed",
     {"A: b\r\n\r\n.\r\n..\r\n.x\r\na.b\r\n"},
     kGreeting + kUser +
         "C: PASS secret\nS: +OK 1 messages (24 octets)\n"
         "C: RETR 1\nS: +OK 24 octets\nS: A: b\nS: \nS: ..\nS: ...\nS: ..x\nS: a.b\nS: .\n" +
         kQuit,
     {1}},
    {"MissingLastLineEndIsAdded",
     {"A: b\r\n\r\nno end"},
     kGreeting + kUser +
         "C: PASS secret\nS: +OK 1 messages (14 octets)\n"
         "C: RETR 1\nS: +OK 14 octets\nS: A: b\nS: \nS: no end\nS: .\nC: STAT\nS: +OK 1 14\n" +
         kQuit,
     {1}},
    {"EmptyLinesAtTheEndStay",
     {"A: b\r\n\r\n\r\n\r\n"},
     kGreeting + kUser +
         "C: PASS secret\nS: +OK 1 messages (12 octets)\n"
         "C: RETR 1\nS: +OK 12 octets\nS: A: b\nS: \nS: \nS: \nS: .\n" +
         kQuit,
     {1}},
    {"BareLineEndsLeaveAsCrlf",
     {"A: b\n\nc\rd\n"},
     kGreeting + kUser +
         "C: PASS secret\nS: +OK 1 messages (10 octets)\n"
         "C: RETR 1\nS: +OK 10 octets\nS: A: b\nS: \nS: c\nS: d\nS: .\n" +
         kQuit,
     {1}},
    {"Top",
     {"A: b\r\nC: d\r\n\r\n.one\r\ntwo\r\nthree\r\n"},
     kGreeting + kUser +
         "C: PASS secret\nS: +OK 1 messages (32 octets)\n"
         "C: TOP 1 0\nS: +OK Top of message follows\nS: A: b\nS: C: d\nS: \nS: .\n"
         "C: TOP 1 2\nS: +OK Top of message follows\nS: A: b\nS: C: d\nS: \nS: ..one\nS: two\nS: .\n"
         "C: TOP 1 99\nS: +OK Top of message follows\nS: A: b\nS: C: d\nS: \nS: ..one\nS: two\nS: three\nS: .\n"
         "C: TOP 2 0\nS: -ERR No such message\n"
         "C: TOP 1\nS: -ERR Syntax error\n"
         "C: TOP 1 -1\nS: -ERR Syntax error\n" +
         kQuit,
     {1}},

    // Wrong input.
    {"NothingBeforeLogin",
     rfc_messages(),
     kGreeting +
         "C: STAT\nS: -ERR Log in first\nC: LIST\nS: -ERR Log in first\nC: RETR 1\nS: -ERR Log in first\n"
         "C: DELE 1\nS: -ERR Log in first\nC: NOOP\nS: -ERR Log in first\nC: RSET\nS: -ERR Log in first\n"
         "C: UIDL\nS: -ERR Log in first\nC: TOP 1 0\nS: -ERR Log in first\n" +
         kQuit,
     {1, 2}},
    {"NoSecondLogin",
     rfc_messages(),
     kLogin +
         "C: USER alice\nS: -ERR Logged in already\nC: PASS secret\nS: -ERR Logged in already\n"
         "C: AUTH PLAIN\nS: -ERR Logged in already\nC: STLS\nS: -ERR Logged in already\n" +
         kQuit,
     {1, 2}},
    {"BadArguments",
     rfc_messages(),
     kLogin +
         "C: RETR\nS: -ERR Syntax error\nC: RETR 0\nS: -ERR Message numbers are from 1\n"
         "C: RETR -1\nS: -ERR Message numbers are from 1\nC: RETR 1 2\nS: -ERR Message numbers are from 1\n"
         "C: RETR 4294967296\nS: -ERR Message numbers are from 1\nC: RETR 4294967295\nS: -ERR No such message\n"
         "C: DELE 3\nS: -ERR No such message\nC: DELE x\nS: -ERR Message numbers are from 1\n"
         "C: STAT 1\nS: -ERR Syntax error\nC: NOOP x\nS: -ERR Syntax error\nC: \nS: -ERR Unknown command\n"
         "C: HELO x\nS: -ERR Unknown command\n" +
         kQuit,
     {1, 2}},
    {"NotOffered",
     rfc_messages(),
     kGreeting + "C: APOP alice c4c9334bac560ecc979e58001b3e22fb\nS: -ERR Command not supported\n" + kQuit,
     {1, 2}},
    {"WrongPassword",
     rfc_messages(),
     kGreeting + kUser +
         "C: PASS wrong\nS: -ERR [AUTH] Authentication failed\n"
         "C: PASS secret\nS: -ERR USER first\n" +
         kUser + "C: PASS secret\nS: +OK 2 messages (320 octets)\n" + kQuit,
     {1, 2}},
    {"NobodyLearnsWhoIsHere",
     rfc_messages(),
     kGreeting + "C: USER nobody\nS: +OK Send PASS\nC: PASS secret\nS: -ERR [AUTH] Authentication failed\n" + kQuit,
     {1, 2}},
    {"DisabledUser",
     rfc_messages(),
     kGreeting + "C: USER bob\nS: +OK Send PASS\nC: PASS secret\nS: -ERR [AUTH] This account may not log in\n" +
         kQuit,
     {1, 2}},
    {"PassWithoutUser", rfc_messages(), kGreeting + "C: PASS secret\nS: -ERR USER first\n" + kQuit, {1, 2}},
    {"FiveFailedLogins",
     rfc_messages(),
     kGreeting + kUser + "C: PASS 1\nS: -ERR [AUTH] Authentication failed\n" + kUser +
         "C: PASS 2\nS: -ERR [AUTH] Authentication failed\n" + kUser +
         "C: PASS 3\nS: -ERR [AUTH] Authentication failed\n" + kUser +
         "C: PASS 4\nS: -ERR [AUTH] Authentication failed\n" + kUser +
         "C: PASS 5\nS: -ERR [AUTH] Authentication failed\nS: -ERR Too many failed logins\nS: (closed)\n",
     {1, 2}},

    // RFC 5034 and RFC 4616.
    {"AuthPlainInitialResponse",
     rfc_messages(),
     kGreeting + "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS: +OK 2 messages (320 octets)\n" + kQuit,
     {1, 2}},
    {"AuthPlainAsked",
     rfc_messages(),
     kGreeting + "C: auth plain\nS: + \nC: AGFsaWNlAHNlY3JldA==\nS: +OK 2 messages (320 octets)\n" + kQuit,
     {1, 2}},
    {"AuthLogin",
     rfc_messages(),
     kGreeting +
         "C: AUTH LOGIN\nS: + VXNlcm5hbWU6\nC: YWxpY2U=\nS: + UGFzc3dvcmQ6\nC: c2VjcmV0\n"
         "S: +OK 2 messages (320 octets)\n" +
         kQuit,
     {1, 2}},
    {"AuthRefusals",
     rfc_messages(),
     kGreeting +
         "C: AUTH PLAIN\nS: + \nC: *\nS: -ERR Authentication cancelled\n"
         "C: AUTH PLAIN !\nS: -ERR Not base64\n"
         "C: AUTH PLAIN =\nS: -ERR Not a message of this mechanism\n"
         "C: AUTH PLAIN " +
         base64_encode("alice") +
         "\nS: -ERR Not a message of this mechanism\n"
         "C: AUTH PLAIN " +
         base64_encode(std::string("bob\0alice\0secret", 16)) +
         "\nS: -ERR [AUTH] Nobody may act for somebody else here\n"
         "C: AUTH PLAIN " +
         base64_encode(std::string("\0alice\0wrong", 12)) +
         "\nS: -ERR [AUTH] Authentication failed\n"
         "C: AUTH LOGIN\nS: + VXNlcm5hbWU6\nC: =\nS: -ERR Not base64\n"
         "C: AUTH CRAM-MD5\nS: -ERR Unknown authentication mechanism\n"
         "C: AUTH\nS: +OK Mechanisms follow\nS: SCRAM-SHA-256\nS: SCRAM-SHA-1\nS: PLAIN\nS: LOGIN\nS: .\n" +
         kQuit,
     {1, 2}},

    // RFC 6856.
    {"HeadersAreAsciiUntilUtf8IsSaid",
     {"Subject: caf\u00e9\r\n\r\ncaf\u00e9\r\n"},
     kGreeting + kUser +
         "C: PASS secret\nS: +OK 1 messages (25 octets)\n"
         "C: RETR 1\nS: +OK 25 octets\nS: Subject: =?utf-8?q?caf=C3=A9?=\nS: \nS: caf\u00e9\nS: .\n"
         "C: TOP 1 0\nS: +OK Top of message follows\nS: Subject: =?utf-8?q?caf=C3=A9?=\nS: \nS: .\n"
         "C: UTF8\nS: -ERR Logged in already\n" +
         kQuit,
     {1}},
    {"HeadersOfPartsAreAsciiTooUntilUtf8IsSaid",
     {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; "
      "filename=\"\u00fc\"\r\n\r\n\u00fc\r\n--b--\r\n"},
     kGreeting + kUser +
         "C: PASS secret\nS: +OK 1 messages (111 octets)\n"
         "C: RETR 1\nS: +OK 111 octets\nS: Content-Type: multipart/mixed; boundary=b\nS: \nS: --b\n"
         "S: Content-Disposition: attachment; filename*=utf-8''%C3%BC\nS: \nS: \u00fc\nS: --b--\nS: .\n"
         "C: TOP 1 2\nS: +OK Top of message follows\nS: Content-Type: multipart/mixed; boundary=b\nS: \nS: --b\n"
         "S: Content-Disposition: attachment; filename*=utf-8''%C3%BC\nS: .\n" +
         kQuit,
     {1}},
    {"HeadersAreAsTheyAreAfterUtf8",
     {"Subject: caf\u00e9\r\n\r\ncaf\u00e9\r\n"},
     kGreeting + "C: UTF8\nS: +OK UTF-8 from here on\nC: STLS\nS: -ERR STLS comes before UTF8\n" + kUser +
         "C: PASS secret\nS: +OK 1 messages (25 octets)\n"
         "C: RETR 1\nS: +OK 25 octets\nS: Subject: caf\u00e9\nS: \nS: caf\u00e9\nS: .\n"
         "C: TOP 1 0\nS: +OK Top of message follows\nS: Subject: caf\u00e9\nS: \nS: .\n" +
         kQuit,
     {1}},
    {"NamesAreUtf8AndPrepared",
     rfc_messages(),
     kGreeting + "C: USER \uff41lice\nS: +OK Send PASS\nC: PASS \uff53ecret\nS: +OK 2 messages (320 octets)\n" +
         kQuit,
     {1, 2}},
    {"NamesThatAreNoUtf8",
     rfc_messages(),
     kGreeting +
         "C: USER \xff\nS: -ERR Names and passwords are UTF-8\nC: USER \x7f\nS: -ERR Syntax error\n"
         "C: USER \ue000\nS: +OK Send PASS\nC: PASS secret\nS: -ERR [AUTH] Authentication failed\n" +
         kQuit,
     {1, 2}},
    {"Languages",
     rfc_messages(),
     kGreeting +
         "C: LANG\nS: +OK Language listing follows\nS: en English\nS: .\n"
         "C: LANG en\nS: +OK en English it is\nC: LANG EN-gb\nS: +OK en English it is\n"
         "C: LANG *\nS: +OK en English it is\n"
         "C: LANG MUL\nS: -ERR No such language: LANG lists what there is\n"
         "C: LANG eng\nS: -ERR No such language: LANG lists what there is\n"
         "C: LANG en_GB\nS: -ERR Syntax error\n" +
         kUser + "C: PASS secret\nS: +OK 2 messages (320 octets)\nC: LANG *\nS: +OK en English it is\n" + kQuit,
     {1, 2}},

    {"Capabilities",
     rfc_messages(),
     kGreeting +
         "C: CAPA\nS: +OK Capability list follows\nS: TOP\nS: UIDL\nS: PIPELINING\nS: RESP-CODES\n"
         "S: AUTH-RESP-CODE\nS: EXPIRE NEVER\nS: USER\nS: SASL SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN\nS: STLS\n"
         "S: UTF8 USER\nS: LANG\nS: IMPLEMENTATION Posthaste\nS: .\n" +
         kUser +
         "C: PASS secret\nS: +OK 2 messages (320 octets)\nC: CAPA\nS: +OK Capability list follows\nS: TOP\n"
         "S: UIDL\nS: PIPELINING\nS: RESP-CODES\nS: AUTH-RESP-CODE\nS: EXPIRE NEVER\nS: USER\n"
         "S: SASL SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN\nS: STLS\nS: UTF8 USER\nS: LANG\nS: IMPLEMENTATION "
         "Posthaste\nS: .\n" +
         kQuit,
     {1, 2}},
};

TEST(Dialogue, SaysTheSameInTurnAndPipelined) {
  for (const auto& test : kCases) {
    for (const Pace pace : {Pace::in_turn, Pace::pipelined}) {
      for (std::uint64_t seed = 0; seed < 3; ++seed) {
        PostOffice office{seed};
        office.deliver(test.messages);
        EXPECT_EQ(transcript_of(office, test.dialogue, pace), test.dialogue)
            << test.name << (pace == Pace::pipelined ? " pipelined" : " in turn") << ", seed " << seed;
        EXPECT_EQ(office.uids(), test.uids_left) << test.name;
      }
    }
  }
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

TEST(Dialogue, OneSessionPerMaildrop) {
  PostOffice office{1};
  office.deliver(rfc_messages());
  const std::string script = kLogin +
                             "S2: +OK mail.example.org Posthaste POP3 ready\n"
                             "C2: AUTH PLAIN AGFsaWNlAHNlY3JldA==\n"
                             "S2: -ERR [IN-USE] Another POP3 session has this maildrop, try again later\n"
                             "C: QUIT\nS: +OK Bye\n"
                             "C2: AUTH PLAIN AGFsaWNlAHNlY3JldA==\nS2: +OK 2 messages (320 octets)\n"
                             "C2: QUIT\nS2: +OK Bye\n";
  EXPECT_EQ(transcript_of(office, script), script);
}

TEST(Dialogue, DisconnectWithoutQuitDeletesNothing) {
  PostOffice office{1};
  office.deliver(rfc_messages());
  const std::string script = kLogin + "C: DELE 1\nS: +OK Message marked as deleted\nC: (leaves)\n";
  EXPECT_EQ(transcript_of(office, script), script);
  EXPECT_EQ(office.uids(), (std::vector<std::uint32_t>{1, 2}));
}

TEST(Dialogue, QuitWhileDeliverydIsAwayLosesNothing) {
  PostOffice office{1};
  office.deliver(rfc_messages());
  office.take_deliveryd_away();
  const std::string script = kLogin +
                             "C: DELE 1\nS: +OK Message marked as deleted\nC: QUIT\n"
                             "S: -ERR [SYS/TEMP] Some deleted messages were not removed\nS: (closed)\n";
  EXPECT_EQ(transcript_of(office, script), script);
  EXPECT_EQ(office.uids(), (std::vector<std::uint32_t>{1, 2}));
}

/// Nothing is to be removed: deliveryd is not asked.
TEST(Dialogue, QuitWithoutMarksNeedsNoDeliveryd) {
  PostOffice office{1};
  office.deliver(rfc_messages());
  office.take_deliveryd_away();
  EXPECT_EQ(transcript_of(office, kLogin + kQuit), kLogin + kQuit);
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

config::Config tls_only() {
  auto config = test_config();
  config.auth.allow_plaintext = false;
  return config;
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

const std::string kTlsFirst = "S: -ERR Passwords are taken under TLS only: use STLS first, or the POP3S port\n";

TEST(Tls, NoPasswordInTheClear) {
  PostOffice office{1, tls_only()};
  const std::string script = kGreeting + "C: USER alice\n" + kTlsFirst + "C: PASS secret\n" + kTlsFirst +
                             "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\n" + kTlsFirst +
                             "C: CAPA\nS: +OK Capability list follows\nS: TOP\nS: UIDL\nS: PIPELINING\n"
                             "S: RESP-CODES\nS: AUTH-RESP-CODE\nS: EXPIRE NEVER\nS: STLS\n"
                             "S: UTF8 USER\nS: LANG\nS: IMPLEMENTATION Posthaste\nS: .\n" +
                             kQuit;
  EXPECT_EQ(transcript_of(office, script), script);
}

const std::string kCapabilitiesUnderTls =
    "C: CAPA\nS: +OK Capability list follows\nS: TOP\nS: UIDL\nS: PIPELINING\nS: RESP-CODES\nS: AUTH-RESP-CODE\n"
    "S: EXPIRE NEVER\nS: USER\nS: SASL SCRAM-SHA-256 SCRAM-SHA-1 PLAIN "
    "LOGIN\nS: UTF8 USER\nS: LANG\nS: IMPLEMENTATION Posthaste\nS: .\n";

TEST(Tls, Stls) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    PostOffice office{seed, tls_only()};
    office.deliver(rfc_messages());
    const std::string script = kGreeting + "C: STLS\nS: +OK Begin TLS negotiation\nC: (TLS)\n" +
                               kCapabilitiesUnderTls + "C: STLS\nS: -ERR TLS is active already\n" + kUser +
                               "C: PASS secret\nS: +OK 2 messages (320 octets)\n" + kQuit;
    EXPECT_EQ(transcript_of(office, script), script) << seed;
  }
}

/// RFC 2595 §4: what was said in the clear is forgotten.
TEST(Tls, UserBeforeStlsIsForgotten) {
  PostOffice office{1};
  const std::string script = kGreeting + kUser + "C: STLS\nS: +OK Begin TLS negotiation\nC: (TLS)\n" +
                             "C: PASS secret\nS: -ERR USER first\n" + kQuit;
  EXPECT_EQ(transcript_of(office, script), script);
}

TEST(Tls, ImplicitTlsSpeaksTlsFirst) {
  PostOffice office{1, tls_only()};
  office.deliver(rfc_messages());
  const std::string script = "C: (TLS)\n" + kGreeting + kCapabilitiesUnderTls + kUser +
                             "C: PASS secret\nS: +OK 2 messages (320 octets)\n" + kQuit;
  EXPECT_EQ(transcript_of(office, script, Pace::in_turn, kPop3s), script);
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
