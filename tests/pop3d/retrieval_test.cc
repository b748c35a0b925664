// Messages that are large, many, or gone.
#include "common/pop3/top.h"
#include "dialogue.h"
#include "pop3d/limits.h"
#include "pop3d/top_cutter.h"

namespace posthaste::pop3d {
namespace {

std::string line_of(std::size_t i) { return ".line " + std::to_string(i) + " " + std::string(60, 'x') + "\r\n"; }

std::string large_message(std::size_t lines) {
  std::string message = "Subject: large\r\n\r\n";
  for (std::size_t i = 0; i < lines; ++i) message += line_of(i);
  return message;
}

/// The dialogue's lines of a body whose lines begin with a dot.
std::string stuffed_lines(std::size_t lines) {
  std::string text = "S: Subject: large\nS: \n";
  for (std::size_t i = 0; i < lines; ++i) {
    const auto line = line_of(i);
    text += "S: ." + line.substr(0, line.size() - 2) + "\n";
  }
  return text + "S: .\n";
}

std::string login(std::size_t messages, std::size_t octets) {
  return "S: +OK mail.example.org Posthaste POP3 ready\nC: USER alice\nS: +OK Send PASS\nC: PASS secret\n"
         "S: +OK " +
         std::to_string(messages) + " messages (" + std::to_string(octets) + " octets)\n";
}

TEST(Retrieval, LargeMessageComesInManyChunks) {
  constexpr std::size_t kLines = 12'000;
  const auto message = large_message(kLines);
  ASSERT_GT(message.size(), 3 * kChunkOctets);
  PostOffice office{1};
  office.deliver({message});
  const std::string script = login(1, message.size()) + "C: RETR 1\nS: +OK " + std::to_string(message.size()) +
                             " octets\n" + stuffed_lines(kLines) +
                             "C: TOP 1 7000\nS: +OK Top of message follows\n" + stuffed_lines(7'000) +
                             "C: QUIT\nS: +OK Bye\n";
  EXPECT_TRUE(transcript_of(office, script) == script);
}

/// More messages than are read ahead at once, in order, backwards, and with gaps.
TEST(Retrieval, EveryOrderBringsTheRightMessages) {
  constexpr std::size_t kCount = 3 * kAheadMessagesMax;
  std::vector<std::size_t> orders[3];
  for (std::size_t i = 1; i <= kCount; ++i) {
    orders[0].push_back(i);
    orders[1].push_back(kCount + 1 - i);
    orders[2].push_back(1 + i * 7 % kCount);
  }
  for (const auto& order : orders) {
    for (const Pace pace : {Pace::in_turn, Pace::pipelined}) {
      PostOffice office{1};
      std::vector<std::string> messages;
      std::size_t octets = 0;
      for (std::size_t i = 1; i <= kCount; ++i) {
        messages.push_back("Subject: " + std::to_string(i) + "\r\n\r\n");
        octets += messages.back().size();
      }
      office.deliver(messages);
      std::string script = login(kCount, octets);
      for (const std::size_t i : order) {
        const auto subject = "Subject: " + std::to_string(i);
        script += "C: RETR " + std::to_string(i) + "\nS: +OK " + std::to_string(subject.size() + 4) +
                  " octets\nS: " + subject + "\nS: \nS: .\n";
      }
      script += "C: QUIT\nS: +OK Bye\n";
      EXPECT_EQ(transcript_of(office, script, pace), script);
    }
  }
}

TEST(Retrieval, WhatWaitsForAClientTakesMemory) {
  PostOffice office{1, test_config(), {}, 10'000};
  const std::string large = "Subject: large\r\n\r\n" + std::string(50'000, 'x') + "\r\n";
  const std::string small = "Subject: small\r\n\r\n";
  constexpr std::size_t kSmall = 1'500;
  std::vector<std::string> messages{large};
  messages.resize(1 + kSmall, small);
  office.deliver(messages);
  const std::string refused = "S: -ERR [SYS/TEMP] Message cannot be read, try again later\n";
  const std::string script = login(1 + kSmall, large.size() + kSmall * small.size()) + "C: RETR 1\n" + refused +
                             "C: RETR 2\nS: +OK " + std::to_string(small.size()) +
                             " octets\nS: Subject: small\nS: \nS: .\nC: LIST\nS: (closed)\n";
  EXPECT_EQ(transcript_of(office, script), script);
  EXPECT_NE(office.log_text().find("warning pop3d output.refused client="), std::string::npos);
  EXPECT_EQ(office.output_memory_taken(), 0);
}

TEST(Retrieval, WhatIsReadAheadTakesMemoryAndIsForgottenWithoutIt) {
  constexpr std::size_t kMessages = 20;
  constexpr std::size_t kLittle = 20'000;
  const std::string body(4'000, 'x');
  const std::string message = "Subject: one\r\n\r\n" + body + "\r\n";
  std::string script = login(kMessages, kMessages * message.size());
  for (std::size_t i = 1; i <= kMessages; ++i) {
    script += "C: RETR " + std::to_string(i) + "\nS: +OK " + std::to_string(message.size()) +
              " octets\nS: Subject: one\nS: \nS: " + body + "\nS: .\n";
    if (i == 2) script += "C: (look)\n";
  }
  script += "C: QUIT\nS: +OK Bye\n";
  for (const std::size_t budget : {kOutputMemoryOctets, kLittle}) {
    PostOffice office{1, test_config(), {}, budget};
    office.deliver(std::vector<std::string>(kMessages, message));
    std::size_t taken = 0;
    std::string transcript;
    Players players{office.sim(), kPop3};
    players.on("(look)", [&] { taken = office.output_memory_taken(); });
    EXPECT_TRUE(office.run(players.play(script, Pace::in_turn, transcript)));
    EXPECT_TRUE(transcript == script) << budget;
    if (budget == kLittle) {
      EXPECT_LE(taken, kLittle);
    } else {
      EXPECT_GE(taken, (kMessages - 2) * message.size());
    }
    EXPECT_EQ(office.output_memory_taken(), 0) << budget;
  }
}

/// The numbers stand; the message itself may have gone.
TEST(Retrieval, MessageThatAnotherClientExpunged) {
  PostOffice office{1};
  office.deliver(std::vector<std::string>(3, "Subject: x\r\n\r\n"));
  std::string transcript;
  Players players{office.sim(), kPop3};
  const std::string script = login(3, 42) +
                             "C: (another client expunges 2)\nC: RETR 2\n"
                             "S: -ERR Message was removed meanwhile by another client\n"
                             "C: TOP 2 0\nS: -ERR Message was removed meanwhile by another client\n"
                             "C: STAT\nS: +OK 3 42\nC: DELE 2\nS: +OK Message marked as deleted\n"
                             "C: RETR 3\nS: +OK 14 octets\nS: Subject: x\nS: \nS: .\n"
                             "C: QUIT\nS: +OK Bye\n";
  players.on("(another client expunges 2)", [&office] { office.expunge(Uid{2}); });
  EXPECT_TRUE(office.run(players.play(script, Pace::in_turn, transcript)));
  EXPECT_EQ(transcript, script);
  EXPECT_EQ(office.uids(), (std::vector<std::uint32_t>{1, 3}));
}

TEST(Retrieval, NulLeavesAsInImap) {
  PostOffice office{1};
  const std::string message{"Subject: x\r\n\r\na\0b\r\n", 19};
  office.deliver({message});
  const std::string script = login(1, 19) + "C: RETR 1\nS: +OK 19 octets\nS: Subject: x\nS: \nS: a\x80" +
                             "b\nS: .\nC: TOP 1 1\nS: +OK Top of message follows\nS: Subject: x\nS: \nS: a\x80" +
                             "b\nS: .\nC: QUIT\nS: +OK Bye\n";
  EXPECT_EQ(transcript_of(office, script), script);
}

TEST(Retrieval, MailThatComesMeanwhileIsOfTheNextSession) {
  PostOffice office{1};
  office.deliver({"Subject: x\r\n\r\n"});
  std::string transcript;
  Players players{office.sim(), kPop3};
  const std::string script = login(1, 14) +
                             "C: (mail comes)\nC: STAT\nS: +OK 1 14\nC: RETR 2\n"
                             "S: -ERR No such message\nC: DELE 1\nS: +OK Message marked as deleted\n"
                             "C: QUIT\nS: +OK Bye\n";
  players.on("(mail comes)", [&office] { office.deliver({"Subject: y\r\n\r\n"}); });
  EXPECT_TRUE(office.run(players.play(script, Pace::in_turn, transcript)));
  EXPECT_EQ(transcript, script);
  EXPECT_EQ(office.uids(), std::vector<std::uint32_t>{2});
}

TEST(Retrieval, StoppingDaemonSaysSoAndDeletesNothing) {
  PostOffice office{1};
  office.deliver({"Subject: x\r\n\r\n"});
  std::string transcript;
  Players players{office.sim(), kPop3};
  const std::string script = login(1, 14) +
                             "C: DELE 1\nS: +OK Message marked as deleted\nC: (the daemon stops)\n"
                             "S: -ERR [SYS/TEMP] Server is stopping\nS: (closed)\n";
  players.on("(the daemon stops)", [&office] { office.stop(); });
  EXPECT_TRUE(office.run(players.play(script, Pace::in_turn, transcript)));
  EXPECT_EQ(transcript, script);
  EXPECT_EQ(office.uids(), std::vector<std::uint32_t>{1});
}

/// A broken connection at any moment, even at QUIT: all marked messages go, or none.
TEST(Retrieval, BrokenConnectionsDeleteAllOrNothing) {
  int all = 0;
  int none = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    net::SimConditions conditions;
    conditions.reset_probability = 0.05;
    PostOffice office{seed, test_config(), conditions};
    office.deliver(std::vector<std::string>(3, "Subject: x\r\n\r\n"));
    const std::string script = login(3, 42) + "C: DELE 1\nS: \nC: DELE 3\nS: \nC: QUIT\nS: \n";
    const auto said = transcript_of(office, script);
    const auto left = office.uids();
    if (left == std::vector<std::uint32_t>{2}) {
      ++all;
    } else {
      ++none;
      EXPECT_EQ(left, (std::vector<std::uint32_t>{1, 2, 3})) << said;
      EXPECT_FALSE(said.ends_with("S: +OK Bye\n")) << said;
    }
  }
  EXPECT_GT(all, 0);
  EXPECT_GT(none, 0);
}

struct TopCase {
  const char* name;
  std::string message;
};

const TopCase kTopCases[] = {
    {"HeaderAndBody", "A: b\r\n\r\none\r\ntwo\r\n"},
    {"NoBody", "A: b\r\n\r\n"},
    {"NoBlankLine", "A: b\r\nC: d\r\n"},
    {"NoHeader", "\r\none\r\n"},
    {"BareLf", "A: b\n\none\ntwo"},
    {"CrsInTheHeader", "A: b\r\r\n\r\r\n\r\n\rx\r\n"},
    {"Empty", ""},
};

/// common/pop3 says what TOP shows of a whole message; pieces of any size show the same.
TEST(TopCutter, ShowsTheSameInEverySplit) {
  for (const auto& test : kTopCases) {
    for (std::uint64_t body_lines = 0; body_lines < 4; ++body_lines) {
      for (std::size_t size = 1; size <= test.message.size() + 1; ++size) {
        TopCutter cutter{body_lines};
        std::string shown;
        for (std::size_t at = 0; at < test.message.size() && !cutter.done(); at += size) {
          shown += cutter.feed(std::string_view{test.message}.substr(at, size));
        }
        EXPECT_EQ(shown, pop3::top(test.message, body_lines)) << test.name << " " << body_lines << " by " << size;
      }
    }
  }
}

}  // namespace
}  // namespace posthaste::pop3d
