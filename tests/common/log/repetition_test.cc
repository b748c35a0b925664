#include "common/log/repetition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/log/log.h"

namespace posthaste::log {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{std::chrono::hours{100}};
using Summaries = std::vector<Repetition::Summary>;

/// How many of `events` were admitted.
std::uint64_t note(Repetition& repetition, const std::string& event, const std::string& client, std::uint64_t events,
                   WallTime now = kNow) {
  std::uint64_t admitted = 0;
  for (std::uint64_t i = 0; i < events; ++i) admitted += repetition.admit(event, client, now) ? 1U : 0U;
  return admitted;
}

TEST(Repetition, TheFirstFewAreWritten) {
  Repetition repetition;
  EXPECT_EQ(note(repetition, "refused", "192.0.2.1", 5), 5U);
  EXPECT_EQ(repetition.ended(kNow + 10min), Summaries{}) << "nothing was counted";
}

TEST(Repetition, TheOthersAreCountedWithoutLoss) {
  Repetition repetition;
  const auto written = note(repetition, "refused", "192.0.2.1", 25'000);
  EXPECT_EQ(written, kLinesOfClientMax);
  EXPECT_EQ(repetition.ended(kNow + 59s), Summaries{});
  EXPECT_EQ(repetition.ended(kNow + 64s), (Summaries{{"refused", "192.0.2.1", 25'000 - written, 64s}}));
  EXPECT_EQ(repetition.ended(kNow + 10min), Summaries{}) << "once";
}

TEST(Repetition, TheNextMinuteBeginsAnew) {
  Repetition repetition;
  note(repetition, "refused", "192.0.2.1", 100);
  EXPECT_EQ(note(repetition, "refused", "192.0.2.1", 100, kNow + 60s), kLinesOfClientMax);
  EXPECT_EQ(repetition.ended(kNow + 61s), (Summaries{{"refused", "192.0.2.1", 90, 60s}}));
}

TEST(Repetition, EachEventAndEachClientIsCountedByItself) {
  Repetition repetition;
  EXPECT_EQ(note(repetition, "refused", "192.0.2.1", 20), 10U);
  EXPECT_EQ(note(repetition, "refused", "192.0.2.2", 20), 10U);
  EXPECT_EQ(note(repetition, "failed", "192.0.2.1", 20), 10U);
  EXPECT_EQ(repetition.all(kNow + 5s).size(), 3U);
  EXPECT_EQ(repetition.all(kNow + 5s), Summaries{});
}

TEST(Repetition, AnIpv6ClientIsItsSixtyFour) {
  Repetition repetition;
  for (int i = 0; i < 20; ++i) note(repetition, "refused", "2001:db8::" + std::to_string(i), 1);
  EXPECT_EQ(repetition.all(kNow), (Summaries{{"refused", "2001:db8::/64", 10, 0s}}));
}

TEST(Repetition, ManyClientsTogetherWriteNoFloodEither) {
  Repetition repetition;
  std::uint64_t written = 0;
  constexpr std::uint64_t kClients = 10'000;
  for (std::uint64_t i = 0; i < kClients; ++i) {
    written += note(repetition, "refused", "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256), 3);
  }
  EXPECT_EQ(written, kLinesOfEventMax);
  std::uint64_t counted = 0;
  const auto summaries = repetition.all(kNow);
  for (const auto& summary : summaries) counted += summary.count;
  EXPECT_EQ(counted, 3 * kClients - written);
  EXPECT_LE(summaries.size(), kClientsMax + 1);
}

TEST(Repetition, AClockThatIsSetBackLosesNothing) {
  Repetition repetition;
  note(repetition, "refused", "192.0.2.1", 15);
  EXPECT_EQ(note(repetition, "refused", "192.0.2.1", 15, kNow - 1h), 10U);
  std::uint64_t counted = 0;
  for (const auto& summary : repetition.all(kNow)) counted += summary.count;
  EXPECT_EQ(counted, 10U);
}

TEST(Log, TellsWhatItDidNotWrite) {
  MemorySink sink;
  WallTime now = kNow;
  const Log log{sink, "smtpd", Format::text, Level::info, [&now] { return now; }};
  for (int i = 0; i < 30; ++i) log.info_by_client("192.0.2.1", "smtp.recipient.refused", {{"number", i}});
  now += 2min;
  log.info_by_client("192.0.2.2", "smtp.recipient.refused", {{"number", 30}});
  const auto text = sink.text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 12);
  EXPECT_NE(text.find(" info smtpd smtp.recipient.refused.repeated client=192.0.2.1 count=20 seconds=120\n"),
            std::string::npos)
      << text;
}

TEST(Log, TellsTheRestAtTheEnd) {
  MemorySink sink;
  const Log log{sink, "smtpd", Format::text, Level::info, [] { return kNow; }};
  const Log copy = log;
  for (int i = 0; i < 11; ++i) copy.info_by_client("192.0.2.1", "x", {});
  log.tell_all_repeated();
  EXPECT_NE(sink.text().find("x.repeated client=192.0.2.1 count=1 "), std::string::npos) << sink.text();
}

}  // namespace
}  // namespace posthaste::log
