#include "common/log/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace posthaste::log {
namespace {

// 2026-11-22T10:55:12.123Z, by date(1).
WallTime a_morning() { return WallTime{std::chrono::milliseconds{1'795'344'912'123}}; }

std::string text_line(std::string_view event, Fields fields) {
  MemorySink sink;
  Log{sink, "smtpd", Format::text, Level::debug, a_morning}.info(event, fields);
  return sink.text();
}

std::string json_line(std::string_view event, Fields fields) {
  MemorySink sink;
  Log{sink, "smtpd", Format::json, Level::debug, a_morning}.warning(event, fields);
  return sink.text();
}

TEST(Log, TextIsTimeLevelProgramEventAndFields) {
  EXPECT_EQ(text_line("smtp.message.accepted",
                      {{"trace", "4f1c"}, {"recipients", 2}, {"octets", 18'446'744'073'709'551'615U}}),
            "2026-11-22T10:55:12.123Z info smtpd smtp.message.accepted trace=4f1c recipients=2 "
            "octets=18446744073709551615\n");
}

TEST(Log, JsonIsOneObject) {
  EXPECT_EQ(json_line("imap.login", {{"user", std::string{"alice@example.org"}}, {"tls", true}, {"offset", -5}}),
            "{\"time\":\"2026-11-22T10:55:12.123Z\",\"level\":\"warning\",\"program\":\"smtpd\","
            "\"event\":\"imap.login\",\"user\":\"alice@example.org\",\"tls\":true,\"offset\":-5}\n");
}

TEST(Log, EventWithoutFieldsEndsAfterItsName) {
  EXPECT_EQ(text_line("daemon.ready", {}), "2026-11-22T10:55:12.123Z info smtpd daemon.ready\n");
}

struct Escape {
  const char* name;
  std::string_view value;
  const char* text;
  const char* json;
};

const Escape kEscapes[] = {
    {"SpaceNeedsQuotes", "a b", "v=\"a b\"\n", "\"v\":\"a b\"}\n"},
    {"EmptyNeedsQuotes", "", "v=\"\"\n", "\"v\":\"\"}\n"},
    {"EqualsSignNeedsQuotes", "a=b", "v=\"a=b\"\n", "\"v\":\"a=b\"}\n"},
    {"LineEndingCanNotBeginALine", "a\r\nb", "v=a\\x0d\\x0ab\n", "\"v\":\"a\\\\x0d\\\\x0ab\"}\n"},
    {"QuoteCanNotEndTheValue", "a\" x=\"", "v=\"a\\x22 x=\\x22\"\n", "\"v\":\"a\\\" x=\\\"\"}\n"},
    {"BackslashCanNotForgeAnEscape", "\\x0a", "v=\\x5cx0a\n", "\"v\":\"\\\\x5cx0a\"}\n"},
    {"NulAndEightBitAreHex", std::string_view{"\0\xff", 2}, "v=\\x00\\xff\n", "\"v\":\"\\\\x00\\\\xff\"}\n"},
    {"TerminalEscapeIsHex", "\x1b[2J", "v=\\x1b[2J\n", "\"v\":\"\\\\x1b[2J\"}\n"},
};

TEST(Log, PeersOctetsAreEscaped) {
  for (const auto& escape : kEscapes) {
    EXPECT_TRUE(text_line("e", {{"v", escape.value}}).ends_with(std::string{"e "} + escape.text)) << escape.name;
    EXPECT_TRUE(json_line("e", {{"v", escape.value}}).ends_with(std::string{"\"e\","} + escape.json))
        << escape.name;
  }
}

TEST(Log, LongValueIsCut) {
  const std::string exact(kValueMaxOctets, 'a');
  EXPECT_TRUE(text_line("e", {{"v", exact}}).ends_with("v=" + exact + "\n"));
  EXPECT_TRUE(text_line("e", {{"v", exact + "b"}}).ends_with("v=" + exact + "...\n"));
}

TEST(Log, BelowTheThresholdNothingIsWrittenNorTheTimeAsked) {
  MemorySink sink;
  int asked = 0;
  auto clock = [&asked] {
    ++asked;
    return a_morning();
  };
  const Log log{sink, "smtpd", Format::text, Level::warning, clock};
  log.debug("a");
  log.info("b");
  EXPECT_EQ(sink.text(), "");
  EXPECT_EQ(asked, 0);
  log.warning("c");
  log.error("d");
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(sink.text(), "2026-11-22T10:55:12.123Z warning smtpd c\n2026-11-22T10:55:12.123Z error smtpd d\n");
}

TEST(Log, TimeBefore1970AndAtTheLastMillisecondOfAYear) {
  MemorySink sink;
  auto early = [] { return WallTime{std::chrono::milliseconds{-1}}; };
  Log{sink, "p", Format::text, Level::info, early}.info("e");
  EXPECT_EQ(sink.text(), "1969-12-31T23:59:59.999Z info p e\n");
}

class LogFile : public testing::Test {
 protected:
  LogFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "log_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~LogFile() override { std::filesystem::remove_all(folder_); }

  static std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_;
};

TEST_F(LogFile, IsAppendedToAndItsFolderMade) {
  const auto path = folder_ / "log" / "smtpd.log";
  for (const auto* line : {"one\n", "two\n"}) {
    const auto sink = FileSink::open(path);
    ASSERT_TRUE(sink);
    (*sink)->write(line);
  }
  EXPECT_EQ(read(path), "one\ntwo\n");
}

TEST_F(LogFile, AfterRotationLinesGoToTheNewFile) {
  const auto path = folder_ / "smtpd.log";
  const auto sink = FileSink::open(path);
  ASSERT_TRUE(sink);
  (*sink)->write("before\n");
  std::filesystem::rename(path, folder_ / "smtpd.log.1");
  (*sink)->write("still the old one\n");
  EXPECT_FALSE((*sink)->reopen());
  (*sink)->write("after\n");
  EXPECT_EQ(read(folder_ / "smtpd.log.1"), "before\nstill the old one\n");
  EXPECT_EQ(read(path), "after\n");
}

TEST_F(LogFile, FailedReopenKeepsTheOldFile) {
  const auto path = folder_ / "log" / "smtpd.log";
  const auto sink = FileSink::open(path);
  ASSERT_TRUE(sink);
  std::filesystem::rename(folder_ / "log", folder_ / "old");
  EXPECT_EQ((*sink)->reopen(), std::errc::no_such_file_or_directory);
  (*sink)->write("kept\n");
  EXPECT_EQ(read(folder_ / "old" / "smtpd.log"), "kept\n");
}

TEST_F(LogFile, FolderInPlaceOfTheFileIsAnError) { EXPECT_FALSE(FileSink::open(folder_)); }

TEST_F(LogFile, LinesOfManyThreadsStayWhole) {
  const auto path = folder_ / "smtpd.log";
  const auto sink = FileSink::open(path);
  ASSERT_TRUE(sink);
  const Log log{**sink, "smtpd", Format::text, Level::info, a_morning};
  constexpr int kThreads = 4;
  constexpr int kLines = 500;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&log] {
        for (int j = 0; j < kLines; ++j) log.info("event", {{"value", "abcdefghijklmnopqrstuvwxyz"}});
      });
    }
  }
  const std::string expected = "2026-11-22T10:55:12.123Z info smtpd event value=abcdefghijklmnopqrstuvwxyz";
  std::ifstream file(path);
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) ASSERT_EQ(line, expected);
  EXPECT_EQ(lines, kThreads * kLines);
}

}  // namespace
}  // namespace posthaste::log
