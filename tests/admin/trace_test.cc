#include "admin/trace.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace posthaste::admin {
namespace {

class TraceTest : public testing::Test {
 protected:
  TraceTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "trace_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    config_.paths.data = folder_;
    std::filesystem::create_directory(folder_ / "log");
  }
  ~TraceTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& file, const std::string& text) {
    std::ofstream{folder_ / "log" / file, std::ios::binary} << text;
  }

  /// A line of the text format at `second`.
  static std::string at(int second, const std::string& rest) {
    return "2026-11-22T10:55:" + std::to_string(second) + ".000Z " + rest + "\n";
  }

  std::string text(const std::string& id) const {
    const auto report = trace(config_, id);
    return report ? report->text : "error: " + report.error();
  }

  std::filesystem::path folder_;
  config::Config config_;
};

TEST_F(TraceTest, EventsOfAllDaemonsAreJoinedByTime) {
  write("smtpd.log", at(12, "info smtpd smtp.message.accepted trace=4f1c recipients=2") +
                         at(13, "info smtpd smtp.message.accepted trace=9999 recipients=1") +
                         at(15, "warning smtpd queue.delayed trace=4f1c"));
  write("deliveryd.log", at(14, "info deliveryd lmtp.stored trace=4f1c uid=7"));
  EXPECT_EQ(text("4f1c"),
            "2026-11-22 10:55:12.000Z  smtpd      smtp.message.accepted  recipients=2\n"
            "2026-11-22 10:55:14.000Z  deliveryd  lmtp.stored            uid=7\n"
            "2026-11-22 10:55:15.000Z  smtpd      queue.delayed          level=warning\n");
}

TEST_F(TraceTest, RotatedAndJsonLogsAreRead) {
  write("smtpd.log",
        R"({"time":"2026-11-22T10:55:14.000Z","level":"info","program":"smtpd","event":"b","trace":"4f1c"})"
        "\n");
  write("smtpd.log.1", at(13, "info smtpd a trace=4f1c"));
  write("smtpd.log.12", at(12, "info smtpd z trace=4f1c"));
  write("smtpd.log.2.gz", at(11, "info smtpd y trace=4f1c"));
  write("notes.txt", at(11, "info smtpd x trace=4f1c"));
  EXPECT_EQ(text("4f1c"),
            "2026-11-22 10:55:12.000Z  smtpd  z\n"
            "2026-11-22 10:55:13.000Z  smtpd  a\n"
            "2026-11-22 10:55:14.000Z  smtpd  b\n");
}

TEST_F(TraceTest, ReportsAreFollowed) {
  write("smtpd.log", at(12, "info smtpd queue.accepted trace=aa") +
                         at(13, "info smtpd queue.notification.added trace=bb about=aa") +
                         at(14, "info smtpd queue.notification.added trace=cc about=bb") +
                         at(15, "info smtpd relay.reply trace=bb") + at(16, "info smtpd relay.reply trace=cc") +
                         at(17, "info smtpd relay.reply trace=dd"));
  EXPECT_EQ(text("aa"),
            "2026-11-22 10:55:12.000Z  smtpd  queue.accepted\n"
            "2026-11-22 10:55:13.000Z  smtpd  queue.notification.added  trace=bb about=aa\n"
            "2026-11-22 10:55:14.000Z  smtpd  queue.notification.added  trace=cc about=bb\n"
            "2026-11-22 10:55:15.000Z  smtpd  relay.reply               trace=bb\n"
            "2026-11-22 10:55:16.000Z  smtpd  relay.reply               trace=cc\n");
  const auto of_report = trace(config_, "cc");
  ASSERT_TRUE(of_report);
  EXPECT_EQ(of_report->json.size(), 2U);  // what it reports on is named, but not followed
}

TEST_F(TraceTest, LoopsAndChainsEnd) {
  write("smtpd.log", at(12, "info smtpd a trace=aa about=bb") + at(13, "info smtpd a trace=bb about=aa"));
  EXPECT_EQ(trace(config_, "aa")->json.size(), 2U);

  std::string chain = at(10, "info smtpd a trace=t0");
  for (int i = 1; i < 20; ++i) {
    chain += at(10 + i, "info smtpd a trace=t" + std::to_string(i) + " about=t" + std::to_string(i - 1));
  }
  write("smtpd.log", chain);
  const auto found = find_trace(folder_ / "log", "t0");
  EXPECT_TRUE(found.cut);
  EXPECT_EQ(found.events.size(), static_cast<std::size_t>(kTraceLevelsMax) + 2);
  EXPECT_NE(text("t0").find("There is more"), std::string::npos);
}

TEST_F(TraceTest, ManyEventsAreCut) {
  std::string lines;
  for (std::size_t i = 0; i < kTracedEventsMax; ++i) lines += at(12, "info smtpd a trace=aa");
  write("smtpd.log", lines);
  EXPECT_FALSE(find_trace(folder_ / "log", "aa").cut);
  write("smtpd.log", lines + at(13, "info smtpd a trace=aa"));
  const auto found = find_trace(folder_ / "log", "aa");
  EXPECT_TRUE(found.cut);
  EXPECT_EQ(found.events.size(), kTracedEventsMax);
}

TEST_F(TraceTest, OtherLinesThatHoldTheIdAreNotItsEvents) {
  write("smtpd.log", "4f1c\n" + at(12, "info smtpd a trace=4f1c0") + at(12, "info smtpd a trace=04f1c") +
                         at(12, "info smtpd a client=4f1c") + at(12, "info smtpd a client=\"trace=4f1c\"") +
                         at(12, "info smtpd a client=x\\x22 trace=4f1") + "\xff trace=4f1c\n\n" +
                         std::string(200'000, 'x') + "trace=4f1c\n" + at(13, "info smtpd last trace=4f1c"));
  EXPECT_EQ(text("4f1c"), "2026-11-22 10:55:13.000Z  smtpd  last\n");
}

TEST_F(TraceTest, LinesThatCrossReadsAreWhole) {
  std::string lines;
  for (int i = 0; lines.size() < 200'000; ++i) lines += at(12, "info smtpd a trace=4f1c n=" + std::to_string(i));
  lines.pop_back();  // the last line is being written
  write("smtpd.log", lines);
  const auto found = find_trace(folder_ / "log", "4f1c");
  std::size_t expected = 0;
  for (const auto& event : found.events) EXPECT_EQ(find_field(event, "n"), std::to_string(expected++));
  EXPECT_EQ(expected, static_cast<std::size_t>(std::ranges::count(lines, '\n')) + 1);
}

TEST_F(TraceTest, JsonIsAnArrayOfEvents) {
  write("smtpd.log", at(12, R"(info smtpd a trace=4f1c client="a \xe4\x22" n=1)"));
  const auto expected = nlohmann::json::parse(
      R"([{"time": "2026-11-22T10:55:12.000Z", "level": "info", "program": "smtpd", "event": "a",
           "fields": {"trace": "4f1c", "client": "a \\xe4\"", "n": "1"}}])");
  EXPECT_EQ(trace(config_, "4f1c")->json, expected);
}

TEST_F(TraceTest, NothingFoundTellsWhereItLooked) {
  EXPECT_EQ(text("4f1c"), "error: no event about 4f1c: " + (folder_ / "log").string() + " holds no logs");
  write("smtpd.log", "");
  EXPECT_EQ(text("4f1c"), "error: no event about 4f1c: none in " + (folder_ / "log/smtpd.log").string() +
                              "; compressed logs are not searched");
}

TEST_F(TraceTest, LogsOnStandardErrorAreElsewhere) {
  config_.log.destination = "stderr";
  EXPECT_NE(text("4f1c").find("the daemons log to standard error"), std::string::npos);
}

TEST_F(TraceTest, WhatCannotBeAnIdIsRefused) {
  for (const char* id : {"", "a b", "a\n", "../x", "trace=4f1c", "\xc3\xa4"}) {
    EXPECT_NE(text(id).find("is no trace id"), std::string::npos) << id;
  }
}

}  // namespace
}  // namespace posthaste::admin
