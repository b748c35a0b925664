#include "smtpd/queue/check.h"

#include <gtest/gtest.h>

#include <functional>

#include "scratch.h"
#include "smtpd/queue/recovery.h"

namespace posthaste::queue {
namespace {

constexpr EntryId kFirst{1};

struct Harm {
  const char* name;
  std::function<void(WriteTxn&)> done;
  const char* said;
};

EntryRow first_row(const WriteTxn& txn) { return *find_entry(txn, kFirst); }

const Harm kHarms[] = {
    {"ARecipientIsLost", [](WriteTxn& txn) { txn.erase(Table::recipients, recipient_key(kFirst, 1)); },
     "entry 1: its rows are damaged"},
    {"ARecipientIsDamaged", [](WriteTxn& txn) { txn.put(Table::recipients, recipient_key(kFirst, 1), "x"); },
     "entry 1: its rows are damaged"},
    {"AnEntryIsLost", [](WriteTxn& txn) { txn.erase(Table::entries, entry_key(kFirst)); },
     "entry 1: has recipients, and does not exist"},
    {"AnEntryIsDamaged", [](WriteTxn& txn) { txn.put(Table::entries, entry_key(kFirst), "x"); },
     "entry 1: its rows are damaged"},
    {"AnEntryLiesElsewhere",
     [](WriteTxn& txn) {
       EntryRow row = first_row(txn);
       row.record_offset += 1;
       txn.put(Table::entries, entry_key(kFirst), encode(row));
     },
     "entry 1: its record in segment 1 at"},
    {"AnEntryIsAboveTheNext",
     [](WriteTxn& txn) {
       const EntryId above{99};
       const EntryRow row = first_row(txn);
       txn.put(Table::entries, entry_key(above), encode(row));
       for (std::uint32_t i = 0; i < row.recipients; ++i) {
         txn.put(Table::recipients, recipient_key(above, i), encode(*find_recipient(txn, kFirst, i)));
       }
     },
     "entry 99: its id is above the next"},
    {"LiveOctetsAreWrong",
     [](WriteTxn& txn) {
       SegmentRow row = *find_segment(txn, 1);
       row.live -= 1;
       txn.put(Table::segments, segment_key(1), encode(row));
     },
     "segment 1: counts"},
};

void expect_no_problem(const Reader& reader) {
  for (const std::string& problem : check(reader).problems) ADD_FAILURE() << problem;
}

TEST(QueueCheck, NamesEachHarm) {
  for (const Harm& harm : kHarms) {
    SCOPED_TRACE(harm.name);
    const ScratchDirectory scratch;
    const auto writer = open_writer(options_for(scratch.path()));
    ASSERT_EQ(add(*writer, message("one")), kFirst);
    add(*writer, message("two"));
    expect_no_problem(writer->reader());
    {
      const auto environment = open_index(scratch.path() / "index", Environment::Access::write, kTestMapOctets);
      auto txn = WriteTxn::begin(**environment);
      harm.done(**txn);
      ASSERT_EQ((*txn)->commit(), 0);
    }
    std::string said;
    for (const std::string& problem : check(writer->reader()).problems) said += problem + "\n";
    EXPECT_NE(said.find(harm.said), std::string::npos) << said;
  }
}

TEST(QueueCheck, FindsAFlippedBitInAMessage) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  add(*writer, message("the octets to be damaged"));
  add(*writer, message("others"));
  const auto segment = journal::segment_path(scratch.path() / "log", 1);
  std::string octets = contents(segment);
  octets[octets.find("damaged")] ^= 1;
  write_file(segment, octets);
  const CheckReport report = check(writer->reader());
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_TRUE(report.problems[0].starts_with("entry 1: its record in segment 1 at")) << report.problems[0];
  EXPECT_EQ(report.entries, 2U);
}

TEST(QueueCheck, SeesNoFaultWhereEntriesWentAndMoved) {
  const ScratchDirectory scratch;
  Options options = options_for(scratch.path());
  options.segment_octets = 4'096;
  const auto writer = open_writer(std::move(options));
  std::vector<EntryId> ids;
  for (int i = 0; i < 60; ++i) ids.push_back(add(*writer, message(std::string(500, 'x'))));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i % 4 == 0) continue;
    Batch batch;
    batch.emplace_back(Remove{ids[i]});
    ASSERT_TRUE(commit(*writer, std::move(batch)));
  }
  expect_no_problem(writer->reader());
  while (writer->compact()) expect_no_problem(writer->reader());
  EXPECT_EQ(check(writer->reader()).entries, 15U);
}

TEST(QueueRebuild, MakesTheSameIndexFromTheLogAlone) {
  const ScratchDirectory scratch;
  const auto queue = scratch.path() / "queue";
  {
    const auto writer = open_writer(options_for(queue));
    for (const char* octets : {"one", "two", "three"}) add(*writer, message(octets));
  }
  const auto fresh = scratch.path() / "fresh";
  std::filesystem::create_directories(fresh);
  const auto rebuilt = rebuild_index(queue / "log", fresh / "index", kTestMapOctets);
  ASSERT_TRUE(rebuilt) << rebuilt.error().text;
  Rows there = rows_of(queue);
  Rows again = rows_of(fresh);
  const auto is_meta = [](const auto& row) { return row.first.first == 0; };  // may tell of other unknown ids
  std::erase_if(there, is_meta);
  std::erase_if(again, is_meta);
  EXPECT_EQ(there, again);
  const auto twice = rebuild_index(queue / "log", fresh / "index", kTestMapOctets);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().kind, OpenError::Kind::unavailable);
}

}  // namespace
}  // namespace posthaste::queue
