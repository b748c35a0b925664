// Space comes back, and nothing is lost on the way.
#include "smtpd/queue/compaction.h"

#include <gtest/gtest.h>

#include "scratch.h"

namespace posthaste::queue {
namespace {

Options small_segments(const std::filesystem::path& directory) {
  Options options = options_for(directory);
  options.segment_octets = 16'384;
  return options;
}

std::uint64_t log_octets(const std::filesystem::path& directory) {
  std::uint64_t octets = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory / "log")) octets += file.file_size();
  return octets;
}

void compact_all(Writer& writer) {
  int steps = 0;
  while (writer.compact()) ASSERT_LT(++steps, 1000);
}

TEST(Compaction, ASegmentWhoseEntriesAreAllGoneIsUnlinked) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(small_segments(scratch.path()));
  std::vector<EntryId> ids;
  for (int i = 0; i < 50; ++i) ids.push_back(add(*writer, message(std::string(1000, 'x'))));
  EXPECT_FALSE(writer->compact());  // all is alive
  const auto before = journal::list_segments(scratch.path() / "log");
  for (const EntryId id : ids) ASSERT_TRUE(commit(*writer, {Remove{id}}, Moment::durable));
  compact_all(*writer);
  const auto after = journal::list_segments(scratch.path() / "log");
  EXPECT_EQ(*after, std::vector{before->back()});
  EXPECT_EQ(writer->counters().segments_freed, before->size() - 1);
  EXPECT_EQ(writer->counters().compacted_octets, 0U);
  expect_sound(scratch.path());
}

TEST(Compaction, WhatIsAliveMovesWithItsStatus) {
  const ScratchDirectory scratch;
  std::map<EntryId, std::string> kept;
  {
    const auto writer = open_writer(small_segments(scratch.path()));
    std::vector<EntryId> ids;
    for (int i = 0; i < 100; ++i) ids.push_back(add(*writer, message(std::to_string(i) + std::string(1000, 'x'))));
    Status status;
    status.attempts = 7;
    status.last_reply = "451 4.4.1 try again";
    for (int i = 0; i < 100; ++i) {
      const EntryId id = ids[static_cast<std::size_t>(i)];
      if (i % 10 != 0) {
        ASSERT_TRUE(commit(*writer, {Remove{id}}, Moment::durable));
        continue;
      }
      ASSERT_TRUE(commit(*writer, {Update{id, {{1, status}}}}, Moment::durable));
      kept[id] = octets_of(message(std::to_string(i) + std::string(1000, 'x')));
    }
    ASSERT_TRUE(writer->publish());
    const auto old_place = writer->reader().read(ids[0])->message;
    const std::uint64_t before = log_octets(scratch.path());
    compact_all(*writer);
    EXPECT_LT(log_octets(scratch.path()), before / 3);
    EXPECT_GT(writer->counters().compacted_octets, 10'000U);
    EXPECT_EQ(writer->reader().read_octets(old_place, 0, 1).error(), QueueError::not_found);
    expect_sound(scratch.path());
  }
  expect_rebuilt_the_same(scratch.path());  // from a log that no longer has its beginning
  const auto writer = open_writer(small_segments(scratch.path()));
  EXPECT_EQ(ids_of(writer->reader()).size(), kept.size());
  for (const auto& [id, octets] : kept) {
    EXPECT_EQ(read_message(writer->reader(), id), octets);
    EXPECT_EQ(writer->reader().read(id)->recipients[0].status.attempts, 0U);
    EXPECT_EQ(writer->reader().read(id)->recipients[1].status.attempts, 7U);
  }
  EXPECT_EQ(add(*writer, message("new")), EntryId{101});  // ids are not used twice, whatever the log forgot
}

TEST(Compaction, IsNotDueWhileMoreThanFortyPercentAreAlive) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(small_segments(scratch.path()));
  for (std::uint64_t i = 1; i <= 100; ++i) add(*writer, message(std::string(1000, 'x')), Moment::durable);
  for (std::uint64_t i = 1; i <= 100; i += 2) ASSERT_TRUE(commit(*writer, {Remove{EntryId{i}}}, Moment::durable));
  EXPECT_FALSE(writer->compact());
  EXPECT_EQ(writer->counters().compacted_octets, 0U);
  EXPECT_EQ(writer->counters().segments_freed, 0U);
}

TEST(Compaction, AFullFirstSegmentDoesNotKeepTheOthersForEver) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(small_segments(scratch.path()));
  std::vector<EntryId> kept;
  for (int i = 0; i < 10; ++i) kept.push_back(add(*writer, message(std::string(1500, 'k')), Moment::durable));
  for (int i = 0; i < 200; ++i) {
    const EntryId id = add(*writer, message(std::string(1500, 'x')), Moment::durable);
    ASSERT_TRUE(commit(*writer, {Remove{id}}, Moment::durable));
  }
  compact_all(*writer);
  EXPECT_LT(log_octets(scratch.path()), 100'000U);
  EXPECT_EQ(ids_of(writer->reader()), kept);
  expect_sound(scratch.path());
}

TEST(Compaction, MovesALittleAtATime) {
  const ScratchDirectory scratch;
  Options options = options_for(scratch.path());
  options.segment_octets = 8U << 20;
  const auto writer = open_writer(options);
  std::vector<EntryId> ids;
  for (int i = 0; i < 90; ++i) ids.push_back(add(*writer, message(std::string(100'000, 'x')), Moment::durable));
  for (std::size_t i = 0; i < 60; ++i) ASSERT_TRUE(commit(*writer, {Remove{ids[i]}}, Moment::durable));
  std::uint64_t moved = 0;
  while (writer->compact()) {
    EXPECT_LE(writer->counters().compacted_octets - moved, (1U << 20) + 110'000U);
    moved = writer->counters().compacted_octets;
    add(*writer, message("in between"));
  }
  EXPECT_GT(moved, 2U << 20);
  EXPECT_EQ(writer->counters().segments_freed, 1U);
  expect_sound(scratch.path());
}

TEST(Compaction, WhatCannotBeReadStaysWhereItIs) {
  const ScratchDirectory scratch;
  {
    const auto writer = open_writer(small_segments(scratch.path()));
    for (int i = 0; i < 40; ++i) add(*writer, message(std::string(1000, 'x')), Moment::durable);
    for (std::uint64_t i = 2; i <= 40; ++i) ASSERT_TRUE(commit(*writer, {Remove{EntryId{i}}}, Moment::durable));
  }
  const auto first = journal::segment_path(scratch.path() / "log", 1);
  std::string rotten = contents(first);
  rotten[500] ^= 1;  // within the first message
  write_file(first, rotten);
  const auto writer = open_writer(small_segments(scratch.path()));
  EXPECT_FALSE(writer->compact());
  EXPECT_FALSE(writer->failed());
  EXPECT_TRUE(std::filesystem::exists(first));
  EXPECT_TRUE(writer->reader().read(EntryId{1}));
  add(*writer, message("y"));
}

TEST(Compaction, ASegmentThatWasGivenUpAndCameBackIsUnlinkedAtTheNextStart) {
  const ScratchDirectory scratch;
  const auto first = journal::segment_path(scratch.path() / "log", 1);
  std::string octets;
  {
    const auto writer = open_writer(small_segments(scratch.path()));
    for (int i = 0; i < 40; ++i) add(*writer, message(std::string(1000, 'x')));
    octets = contents(first);
    for (std::uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(commit(*writer, {Remove{EntryId{i}}}));
    compact_all(*writer);
    ASSERT_FALSE(std::filesystem::exists(first));
  }
  write_file(first, octets);
  const auto writer = open_writer(small_segments(scratch.path()));
  ASSERT_NE(writer, nullptr);
  EXPECT_FALSE(std::filesystem::exists(first));
  EXPECT_EQ(ids_of(writer->reader()).size(), 20U);
  expect_sound(scratch.path());
}

TEST(Compaction, AFullDiskOnlyPutsItOff) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(small_segments(scratch.path()));
  for (int i = 0; i < 40; ++i) add(*writer, message(std::string(1000, 'x')), Moment::durable);
  for (std::uint64_t i = 2; i <= 40; ++i) ASSERT_TRUE(commit(*writer, {Remove{EntryId{i}}}, Moment::durable));
  ASSERT_TRUE(writer->publish());
  {
    const FileSizeLimit limit(1);
    EXPECT_FALSE(writer->compact());
  }
  EXPECT_FALSE(writer->failed());
  compact_all(*writer);
  EXPECT_GE(writer->counters().segments_freed, 2U);
  EXPECT_EQ(read_message(writer->reader(), EntryId{1}), octets_of(message(std::string(1000, 'x'))));
  expect_sound(scratch.path());
}

}  // namespace
}  // namespace posthaste::queue
