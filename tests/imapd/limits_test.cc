// Bad input, and too much of it.
#include "../relaying_transport.h"
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

struct Case {
  const char* name;
  Script script;
};

const Case kCases[] = {
    {"TooLongALineEndsTheSession",
     {"1 login", "1C: a NOOP " + std::string(kCommandMaxOctets, 'x'), "1S: * BYE [CLIENTBUG] Command too long",
      "1 closed"}},
    {"BeforeLoginALineIsShorter",
     {"1S: * OK *", "1C: a NOOP " + std::string(kCommandBeforeLoginMaxOctets, 'x'),
      "1S: * BYE [CLIENTBUG] Command too long", "1 closed"}},
    {"LiteralTooLargeIsReadAndThrownAway",
     {"1 login", "1C: a SELECT {200000+}", "1C: " + std::string(200'000, 'x'), "1S: a BAD Command too long",
      "1C: b NOOP", "1S: b OK *"}},
    {"AfterThatTheRestOfTheCommandIsThrownAwayToo",
     {"1 login", "1C: a RENAME {200000+}", "1C: " + std::string(200'000, 'x') + " {3+}", "1C: abc",
      "1S: a BAD Command too long", "1C: b NOOP", "1S: b OK *"}},
};

TEST(Limits, HoldAndTheSessionGoesOnWhereItCan) {
  for (const auto& test : kCases) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(testing::Message() << test.name << ", seed " << seed);
      House house{seed};
      house.play(test.script);
    }
  }
}

TEST(Limits, AnExceptionEndsItsSessionAlone) {
  House house;
  house.play({"1 login", "2 login", "1C: a NOOP " + std::string{kThrowingWord}, "1 closed", "2C: a NOOP",
              "2S: a OK *", "3 login"});
  EXPECT_NE(house.log_text().find("session.failed"), std::string::npos) << house.log_text();
}

TEST(Limits, MessagesShareAMemory) {
  House house;
  house.append_memory_octets = 10'000;
  const std::string most = kPlain + std::string(7'900 - kPlain.size(), 'x');
  house.play({"1 login", "2 login", "1C: a APPEND INBOX {8000}", "1S: + Ready for literal data", "1C+ " + most,
              "1 silent", "2C: a APPEND INBOX {8000}",
              "2S: a NO [UNAVAILABLE] Too many messages at once, try again later", "1C: " + std::string(100, 'x'),
              "1S: a OK [APPENDUID *", "2C: b APPEND INBOX {8000}", "2S: + Ready for literal data"});
}

TEST(Limits, AnAnnouncedMessageTakesNoMemory) {
  House house;
  house.append_memory_octets = 10'000;
  house.play({"1 login", "2 login", "1C: a APPEND INBOX {8000}", "1S: + Ready for literal data",
              "2C: a APPEND INBOX {8000}", "2S: + Ready for literal data",
              "2C: " + kPlain + std::string(8'000 - kPlain.size(), 'x'), "2S: a OK [APPENDUID *"});
}

TEST(Limits, AMessageThatDoesNotComeIsNotWaitedFor) {
  House house;
  const auto begun = house.now();
  house.play({"1 login", "1C: a APPEND INBOX {8000}", "1S: + Ready for literal data", "1C+ a",
              "1S: * BYE [UNAVAILABLE] Nothing heard for too long", "1 closed"});
  EXPECT_LT(house.now() - begun, kLiteralPatience + std::chrono::seconds{2});
}

TEST(Limits, ALineByOctetsEndsAsAWhole) {
  House house;
  house.config.imap.idle_timeout = std::chrono::seconds{5};
  const auto begun = house.now();
  house.play({"1 login", "1C+ a", "1 silent", "1C+ b", "1 silent", "1C+ c",
              "1S: * BYE [UNAVAILABLE] Nothing heard for too long", "1 closed"});
  EXPECT_LT(house.now() - begun, std::chrono::seconds{6});
}

TEST(Limits, OneUserLeavesMemoryToOthers) {
  House house;
  house.append_memory_octets = 20'000;
  house.user_memory_octets = 10'000;
  const std::string most = kPlain + std::string(7'900 - kPlain.size(), 'x');
  house.play({"1 login", "2 login", "3 login bob", "1C: a APPEND INBOX {8000}", "1S: + Ready for literal data",
              "1C+ " + most, "1 silent", "2C: a APPEND INBOX {8000}",
              "2S: a NO [UNAVAILABLE] Too many messages at once, try again later", "3C: a APPEND INBOX {8000}",
              "3S: + Ready for literal data", "1C: " + std::string(100, 'x'), "1S: a OK [APPENDUID *",
              "2C: b APPEND INBOX {8000}", "2S: + Ready for literal data"});
}

TEST(Limits, WhatIsReadForAClientTakesMemory) {
  House house;
  house.append_memory_octets = 100'000;
  house.append("INBOX", kPlain + std::string(50'000, 'x'));
  house.append("INBOX", kPlain + std::string(150'000, 'x'));
  house.play({"1 login", "1 select INBOX", "1C: a UID FETCH 2 BODY.PEEK[]", "1S: a NO [UNAVAILABLE] *",
              "1C: b UID FETCH 1 BODY.PEEK[TEXT]<0.20>", "1 until b OK *"});
}

TEST(Limits, WhatAClientDoesNotReadTakesMemory) {
  House house;
  house.append_memory_octets = 10'000;
  Script script{"1 login"};
  for (int i = 0; i < 120; ++i) {
    script.push_back("1C: a CREATE " + std::string(100, 'x') + std::to_string(i));
    script.emplace_back("1S: a OK *");
  }
  script.emplace_back("1C: b LIST \"\" *");
  script.emplace_back("1 closed");
  house.play(script);
}

TEST(Limits, CompressionTakesMemory) {
  House house;
  house.append_memory_octets = 10'000;
  house.play({"1 login", "1C: a COMPRESS DEFLATE", "1S: a NO [UNAVAILABLE] *", "1C: b NOOP", "1S: b OK *"});
}

TEST(Limits, CompressedOutputTakesMemory) {
  House house;
  house.append_memory_octets = 200'000;
  house.play({"1 login", "1C: a COMPRESS DEFLATE", "1S: a OK *", "1 compress", "1C: b NOOP", "1 closed"});
}

TEST(Limits, AClientThatSaysNothingIsLeft) {
  House house;
  house.play({"1S: * OK *", "1S: * BYE [UNAVAILABLE] Nothing heard for too long", "1 closed", "2 login",
              "2S: * BYE [UNAVAILABLE] Nothing heard for too long", "2 closed"});
}

struct SlowCase {
  const char* name;
  Script script;
};

const SlowCase kSlowCases[] = {
    {"ByOctetsOfAHandshake",
     {"1S: * OK *", "1C: a STARTTLS", "1S: a OK *", "1C+ \x16", "1 silent", "1C+ \x03", "1 silent", "1C+ \x01",
      "1 closed"}},
    {"ByOctets",
     {"1S: * OK *", "1C+ a", "1 silent", "1C+ b", "1 silent", "1C+ c",
      "1S: * BYE [UNAVAILABLE] Nothing heard for too long", "1 closed"}},
    {"ByOctetsOfALiteral",
     {"1S: * OK *", "1C+ a LOGIN {100+}\r\n", "1 silent", "1C+ b", "1 silent", "1C+ c",
      "1S: * BYE [UNAVAILABLE] Nothing heard for too long", "1 closed"}},
    {"ByCommands",
     {"1S: * OK *", "1C: a NOOP", "1S: a OK *", "1 silent", "1C: b NOOP", "1S: b OK *", "1 silent", "1C: c NOOP",
      "1S: c OK *", "1S: * BYE [UNAVAILABLE] Nothing heard for too long", "1 closed"}},
    {"ByOctetsOfAResponse",
     {"1S: * OK *", "1C: a AUTHENTICATE PLAIN", "1S: + ", "1C+ b", "1 silent", "1C+ c", "1 silent", "1C+ d",
      "1S: * BYE [UNAVAILABLE] Nothing heard for too long", "1S: a BAD *", "1 closed"}},
};

TEST(Limits, AClientThatIsSlowToLogInIsLeft) {
  for (const auto& test : kSlowCases) {
    SCOPED_TRACE(test.name);
    House house;
    house.config.imap.login_timeout = std::chrono::seconds{5};
    const auto begun = house.now();
    house.play(test.script);
    EXPECT_LT(house.now() - begun, std::chrono::seconds{6});
  }
}

TEST(Limits, AfterLoginThereIsTime) {
  House house;
  house.config.imap.login_timeout = std::chrono::seconds{3};
  house.play({"1 login", "1 silent", "1C+ a", "1 silent", "1C: b NOOP", "1S: ab OK *"});
}

}  // namespace
}  // namespace posthaste::imapd
