#include "common/ledger/ledger.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/base/octet_codec.h"
#include "common/ledger/segments.h"
#include "scratch.h"

namespace {

/// Asked before each fdatasync() of this process, LMDB's too: what it fails with, or 0.
std::function<int(const std::string& file)> before_sync = [](const std::string&) { return 0; };

}  // namespace

extern "C" int fdatasync(int descriptor) {
  std::array<char, 512> name{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  if (::readlink(link.c_str(), name.data(), name.size() - 1) < 0) return -1;
  if (const int failure = before_sync(name.data()); failure != 0) {
    errno = failure;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

namespace posthaste::ledger {
namespace {

// --- A ledger of notes: a key and its text

enum class Table : std::uint8_t { meta, notes, segments };
constexpr std::array kTableNames = {"meta", "notes", "segments"};
constexpr journal::SegmentMagic kMagic = {'P', 'O', 'H', 'T', 'S', 'T'};
constexpr std::uint8_t kNote = 1;
constexpr std::uint64_t kMapOctets = std::uint64_t{1} << 24;

class NotesRedo final : public Redo {
 public:
  explicit NotesRedo(lmdb::WriteTxn& txn) : txn_(txn) {
    if (const auto row = txn.get(Table::meta, "state")) {
      OctetReader reader(*row);
      tail_ = take_tail(reader);
      next_id_ = reader.take<std::uint64_t>();
    }
  }

  void put(std::uint64_t id, std::string_view key, std::string_view text, std::uint32_t segment) {
    txn_.put(Table::notes, key, text);
    next_id_ = std::max(next_id_, id + 1);
    segments_.count_live(segment, static_cast<std::int64_t>(text.size()));
  }

  void enter_segment(const journal::SegmentHeader& header) override {
    next_id_ = std::max(next_id_, header.next_id);
  }
  bool apply(const journal::ScannedRecord& scanned, std::uint32_t segment) override {
    OctetReader reader(scanned.body);
    const auto id = reader.take<std::uint64_t>();
    const std::string_view key = reader.take_string();
    const std::string_view text = reader.take_string();
    if (scanned.header.type != kNote || !reader.done()) return false;
    put(id, key, text, segment);
    return true;
  }
  void reached(const journal::LogPosition& tail) override {
    tail_ = tail;
    segments_.reached(tail);
  }
  void finish() override {
    segments_.put_into(txn_, Table::segments);
    std::string row;
    OctetWriter writer(row);
    put_tail(writer, tail_);
    writer.put(next_id_);
    txn_.put(Table::meta, "state", row);
  }
  [[nodiscard]] std::uint64_t next_id() const override { return next_id_; }

  [[nodiscard]] const journal::LogPosition& tail() const { return tail_; }

 private:
  lmdb::WriteTxn& txn_;
  journal::LogPosition tail_;
  std::uint64_t next_id_ = 1;
  SegmentTally segments_;
};

using Notes = Ledger<NotesRedo>;
using Written = std::expected<void, Failure>;

std::expected<journal::LogPosition, OpenError> recover(lmdb::Environment& index, const std::filesystem::path& log) {
  const auto start = [&log](const lmdb::View& view) -> std::expected<Start, OpenError> {
    const auto known = known_segments(view, Table::segments);
    if (!known) return std::unexpected(known.error());
    auto segments = journal::segments_to_replay(log, kMagic, 1, *known);
    if (!segments) return std::unexpected(segments.error());
    Start found{{}, std::move(*segments)};
    if (const auto row = view.get(Table::meta, "state")) {
      OctetReader reader(*row);
      found.tail = take_tail(reader);
    }
    return found;
  };
  const auto redo = [](lmdb::WriteTxn& txn) { return std::make_unique<NotesRedo>(txn); };
  return bring_up(index, log, kMagic, start, redo, {});
}

struct Setting {
  std::uint64_t segment_octets = std::uint64_t{1} << 20;
  int* rebuilt = nullptr;  // counts how often the index was made again
};

std::expected<Opened, OpenError> try_to_open(const std::filesystem::path& directory, const Setting& setting = {}) {
  Owner owner;
  owner.tables = kTableNames;
  owner.magic = kMagic;
  owner.rebuild = [&](const std::filesystem::path& fresh) -> std::expected<void, OpenError> {
    const auto index = begin_index(fresh, kTableNames, kMapOctets);
    if (!index) return std::unexpected(index.error());
    const auto tail = recover(**index, directory / "log");
    if (!tail) return std::unexpected(tail.error());
    return {};
  };
  owner.rebuilt = [&] {
    if (setting.rebuilt != nullptr) ++*setting.rebuilt;
  };
  owner.recover = [](lmdb::Environment& index, journal::SegmentFiles& files) {
    return recover(index, files.log());
  };
  return open({directory, kMapOctets, setting.segment_octets, 0}, owner);
}

std::unique_ptr<Notes> open_notes(const std::filesystem::path& directory, const Setting& setting = {}) {
  auto opened = try_to_open(directory, setting);
  if (!opened) {
    ADD_FAILURE() << opened.error().text;
    return nullptr;
  }
  return std::make_unique<Notes>(std::move(*opened),
                                 [](lmdb::WriteTxn& txn) { return std::make_unique<NotesRedo>(txn); });
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Adds notes to the group that was begun.
void add(Notes& notes, const Pairs& pairs) {
  for (const auto& [key, text] : pairs) {
    const std::uint64_t id = notes.redo().next_id();
    notes.buffer().add(kNote, [&](std::string& out) { OctetWriter(out).put(id).put_string(key).put_string(text); });
    notes.redo().put(id, key, text, notes.buffer().segment());
    notes.buffer().end_apply();
  }
}

Written write(Notes& notes, const Pairs& pairs) {
  if (const auto begun = notes.begin_group(); !begun) return begun;
  add(notes, pairs);
  return notes.end_group();
}

/// As readers see it.
std::string read(const Notes& notes, std::string_view key) {
  const auto txn = lmdb::ReadTxn::begin(*notes.index());
  const lmdb::View view = txn->view();
  return std::string(view.get(Table::notes, key).value_or("nothing"));
}

Rows rows_in(const std::filesystem::path& index) {
  return rows_of(lmdb::Environment::open(index, kTableNames, lmdb::Environment::Access::read, kMapOctets),
                 kTableNames.size());
}

/// A fresh index made from the log holds the same rows.
void expect_rebuilt_the_same(const std::filesystem::path& directory) {
  const ScratchDirectory scratch;
  {
    const auto index = begin_index(scratch.path() / "index", kTableNames, kMapOctets);
    ASSERT_TRUE(index) << index.error().text;
    ASSERT_TRUE(recover(**index, directory / "log"));
  }
  expect_the_same(rows_in(directory / "index"), rows_in(scratch.path() / "index"));
}

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    before_sync = [this](const std::string& file) { return note_sync(file); };
  }
  ~LedgerTest() override {
    before_sync = [](const std::string&) { return 0; };
  }

  /// What a start would find if the machine stopped now, and all that was written were on its disk.
  [[nodiscard]] std::filesystem::path image() {
    const auto copy = scratch_.path() / ("image" + std::to_string(++images_));
    copy_ledger(directory_, copy);
    return copy;
  }

  const ScratchDirectory scratch_;
  const std::filesystem::path directory_ = scratch_.path() / "notes";
  std::string steps_;    // "log" and "index", as they were synced, and what a test adds
  std::string failing_;  // syncs of this fail with EIO

 private:
  int note_sync(const std::string& file) {
    const std::string what = file.find("/index/") != std::string::npos ? "index" : "log";
    steps_ += what + " ";
    return what == failing_ ? EIO : 0;
  }

  int images_ = 0;
};

// --- In two moments

TEST_F(LedgerTest, TheLogIsSyncedBeforeTheIndexKnows) {
  const auto notes = open_notes(directory_);
  ASSERT_TRUE(write(*notes, {{"first", "begins a segment"}}));
  ASSERT_TRUE(notes->publish());
  steps_.clear();

  ASSERT_TRUE(notes->begin_group());
  add(*notes, {{"a", "one"}, {"b", "two"}});
  EXPECT_EQ(steps_, "");
  ASSERT_TRUE(notes->end_group());
  EXPECT_EQ(steps_, "log ") << "durable: it can be answered";
  EXPECT_EQ(read(*notes, "a"), "nothing");
  const auto published = notes->publish();
  ASSERT_TRUE(published && *published);
  EXPECT_EQ(steps_, "log index ");
  EXPECT_EQ(read(*notes, "a"), "one");
  EXPECT_EQ((*published)->tail(), notes->published());
}

TEST_F(LedgerTest, GroupsThatArePutOffArePublishedTogether) {
  {
    const auto notes = open_notes(directory_);
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(notes->groups_put_off(), i);
      ASSERT_TRUE(write(*notes, {{"key" + std::to_string(i), "text"}}));
    }
    ASSERT_TRUE(notes->publish());
    EXPECT_EQ(notes->groups_put_off(), 0);
    EXPECT_EQ(notes->counters().groups, 5U);
    EXPECT_EQ(notes->counters().log_syncs, 5U);
    EXPECT_EQ(notes->counters().index_commits, 1U);
  }
  expect_rebuilt_the_same(directory_);
}

TEST_F(LedgerTest, WhatAddsNothingWritesNothing) {
  const auto notes = open_notes(directory_);
  ASSERT_TRUE(write(*notes, {{"a", "one"}}));
  ASSERT_TRUE(notes->publish());
  steps_.clear();
  ASSERT_TRUE(write(*notes, {}));
  const auto published = notes->publish();
  ASSERT_TRUE(published);
  EXPECT_EQ(*published, nullptr);
  EXPECT_EQ(steps_, "");
}

TEST_F(LedgerTest, SegmentsAreBegunWhenTheLastIsFull) {
  {
    const auto notes = open_notes(directory_, {.segment_octets = 4'096});
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(write(*notes, {{"key" + std::to_string(i), std::string(500, 'x')}}));
    ASSERT_TRUE(notes->publish());
  }
  EXPECT_GE(journal::list_segments(directory_ / "log")->size(), 5U);
  expect_rebuilt_the_same(directory_);
}

// --- When the machine stops

TEST_F(LedgerTest, ALossOfPowerBetweenTheSteps) {
  const auto notes = open_notes(directory_);
  ASSERT_TRUE(write(*notes, {{"before", "there"}}));
  ASSERT_TRUE(notes->publish());
  ASSERT_TRUE(notes->begin_group());
  add(*notes, {{"a", "one"}, {"b", "two"}});
  const auto not_written = image();
  const std::uint64_t tail = std::filesystem::file_size(journal::segment_path(directory_ / "log", 1));
  ASSERT_TRUE(notes->end_group());
  const auto durable = image();
  ASSERT_TRUE(notes->publish());
  const auto published = image();

  EXPECT_EQ(read(*open_notes(not_written), "a"), "nothing");
  EXPECT_EQ(read(*open_notes(not_written), "before"), "there");
  EXPECT_EQ(read(*open_notes(published), "a"), "one");
  const std::string log = contents(journal::segment_path(durable / "log", 1));
  {
    const auto recovered = open_notes(durable);
    EXPECT_EQ(read(*recovered, "a"), "one");
    EXPECT_EQ(read(*recovered, "b"), "two");
  }
  expect_the_same(rows_in(published / "index"), rows_in(durable / "index"));

  // In the midst of the write: whole applies, or nothing.
  ASSERT_LT(tail, log.size());
  for (std::uint64_t octets = tail; octets < log.size(); octets += 7) {
    SCOPED_TRACE(octets);
    const auto torn = scratch_.path() / "torn";
    copy_ledger(not_written, torn);
    write_file(journal::segment_path(torn / "log", 1), log.substr(0, octets));
    const auto recovered = open_notes(torn);
    ASSERT_NE(recovered, nullptr);
    EXPECT_EQ(read(*recovered, "before"), "there");
    EXPECT_EQ(read(*recovered, "b"), "nothing") << "its end is missing";
    ASSERT_TRUE(write(*recovered, {{"c", "three"}}));
    ASSERT_TRUE(recovered->publish());
    EXPECT_EQ(read(*recovered, "c"), "three");
  }
}

TEST_F(LedgerTest, AWriterThatIsKilledLosesNothingItTold) {
  std::mt19937 random(3);
  std::set<std::uint32_t> told;
  for (std::uint32_t round = 1; round <= 6; ++round) {
    const auto work = [&](int pipe) {
      const auto notes = open_notes(directory_, {.segment_octets = 16'384});
      std::mt19937 choice(round);
      for (std::uint32_t number = round * 1'000'000;; ++number) {
        if (!write(*notes, {{std::to_string(number), std::string(number % 2'000, 'x')}})) ::_exit(2);
        tell(pipe, number);
        const bool due = choice() % 4 == 0 || notes->groups_put_off() == kGroupsPutOff;
        if (due && !notes->publish()) ::_exit(2);
      }
    };
    kill_after<std::uint32_t>(10 + random() % 100, work, [&](std::uint32_t number) { told.insert(number); });
    const auto notes = open_notes(directory_);
    ASSERT_NE(notes, nullptr);
    for (const std::uint32_t number : told) EXPECT_EQ(read(*notes, std::to_string(number)).size(), number % 2'000);
  }
  EXPECT_GT(told.size(), 60U);
  expect_rebuilt_the_same(directory_);
}

// --- What fails

TEST_F(LedgerTest, ASyncOfTheLogThatFailsIsItsEnd) {
  {
    const auto notes = open_notes(directory_);
    ASSERT_TRUE(write(*notes, {{"a", "one"}}));
    notes->note_answered();
    failing_ = "log";
    EXPECT_EQ(write(*notes, {{"b", "two"}}).error(), Failure::io);
    failing_.clear();
    EXPECT_TRUE(notes->failed());
    EXPECT_EQ(write(*notes, {{"c", "three"}}).error(), Failure::io) << "the kernel may have dropped what it had";
    EXPECT_EQ(notes->publish().error(), Failure::io);
    EXPECT_EQ(read(*notes, "a"), "nothing") << "not published";
  }
  const auto notes = open_notes(directory_);
  EXPECT_EQ(read(*notes, "a"), "one");
  EXPECT_EQ(read(*notes, "c"), "nothing");
}

TEST_F(LedgerTest, ACommitThatFailsLeavesTheLogToTheNextStart) {
  {
    const auto notes = open_notes(directory_);
    ASSERT_TRUE(write(*notes, {{"a", "one"}}));
    failing_ = "index";
    EXPECT_EQ(notes->publish().error(), Failure::io);
    failing_.clear();
    EXPECT_TRUE(notes->failed());
    EXPECT_EQ(write(*notes, {{"b", "two"}}).error(), Failure::io);
  }
  const auto notes = open_notes(directory_);
  EXPECT_EQ(read(*notes, "a"), "one");
  EXPECT_EQ(read(*notes, "b"), "nothing");
}

TEST_F(LedgerTest, WhatDoesNotFitIsGivenUpAlone) {
  {
    const auto notes = open_notes(directory_);
    const FileSizeLimit limit(100'000);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(write(*notes, {{"key" + std::to_string(i), "text"}}));
    notes->note_answered();
    EXPECT_EQ(write(*notes, {{"large", std::string(200'000, 'x')}}).error(), Failure::full);
    EXPECT_FALSE(notes->failed());
    EXPECT_EQ(notes->groups_put_off(), 3);
    ASSERT_TRUE(write(*notes, {{"small", "fits"}}));
    ASSERT_TRUE(notes->publish());
    for (int i = 0; i < 3; ++i) EXPECT_EQ(read(*notes, "key" + std::to_string(i)), "text");
    EXPECT_EQ(read(*notes, "large"), "nothing");
    EXPECT_EQ(read(*notes, "small"), "fits");
  }
  expect_rebuilt_the_same(directory_);
}

TEST_F(LedgerTest, WhatTheIndexHasNoRoomForIsTakenBackIfNobodyWasAnswered) {
  {
    const auto notes = open_notes(directory_);
    ASSERT_TRUE(write(*notes, {{"before", "there"}}));
    ASSERT_TRUE(notes->publish());
    const journal::LogPosition before = notes->published();
    {
      const FileSizeLimit limit(8'192);  // the log is smaller, the index is larger
      ASSERT_TRUE(write(*notes, {{"a", "one"}}));
      EXPECT_EQ(notes->publish().error(), Failure::full);
      EXPECT_FALSE(notes->failed());
    }
    EXPECT_EQ(notes->published(), before);
    EXPECT_EQ(std::filesystem::file_size(journal::segment_path(directory_ / "log", 1)), before.offset);
    ASSERT_TRUE(write(*notes, {{"b", "two"}}));
    ASSERT_TRUE(notes->publish());
    EXPECT_EQ(read(*notes, "a"), "nothing");
    EXPECT_EQ(read(*notes, "b"), "two");
  }
  expect_rebuilt_the_same(directory_);
}

TEST_F(LedgerTest, WhatWasAnsweredIsNeverTakenBack) {
  {
    const auto notes = open_notes(directory_);
    const FileSizeLimit limit(8'192);
    ASSERT_TRUE(write(*notes, {{"a", "one"}}));
    notes->note_answered();
    EXPECT_EQ(notes->publish().error(), Failure::io);
    EXPECT_TRUE(notes->failed());
  }
  EXPECT_EQ(read(*open_notes(directory_), "a"), "one");
}

TEST_F(LedgerTest, WhatIsDoneToTheIndexAloneLasts) {
  const auto notes = open_notes(directory_);
  ASSERT_TRUE(write(*notes, {{"a", "one"}}));
  ASSERT_TRUE(notes->publish());
  steps_.clear();
  ASSERT_TRUE(notes->begin_group());
  notes->txn().erase(Table::notes, "a");
  ASSERT_TRUE(notes->commit_unlogged());
  EXPECT_EQ(steps_, "index index ") << "the page that names the newest state, too";
  EXPECT_EQ(read(*open_notes(image()), "a"), "nothing");
}

// --- Opening

TEST_F(LedgerTest, HasOneWriter) {
  const auto notes = open_notes(directory_);
  const auto second = try_to_open(directory_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, OpenError::Kind::unavailable);
}

TEST_F(LedgerTest, AnIndexThatIsGoneIsMadeAgain) {
  int rebuilt = 0;
  {
    const auto notes = open_notes(directory_, {.segment_octets = 4'096, .rebuilt = &rebuilt});
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(write(*notes, {{"key" + std::to_string(i), std::string(500, 'x')}}));
    ASSERT_TRUE(notes->publish());
  }
  EXPECT_EQ(rebuilt, 0);
  const Rows rows = rows_in(directory_ / "index");
  std::filesystem::remove_all(directory_ / "index");
  {
    const auto notes = open_notes(directory_, {.rebuilt = &rebuilt});
    EXPECT_EQ(rebuilt, 1);
  }
  expect_the_same(rows, rows_in(directory_ / "index"));
}

TEST_F(LedgerTest, AnIndexThatIsGoneStaysSoBesideADamagedLog) {
  {
    const auto notes = open_notes(directory_, {.segment_octets = 4'096});
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(write(*notes, {{"key" + std::to_string(i), std::string(500, 'x')}}));
    ASSERT_TRUE(notes->publish());
  }
  std::filesystem::remove_all(directory_ / "index");
  const auto segment = journal::segment_path(directory_ / "log", 2);
  std::string octets = contents(segment);
  octets[octets.size() / 2] ^= 1;
  write_file(segment, octets);
  const auto opened = try_to_open(directory_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, OpenError::Kind::log_damaged);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "index" / "data.mdb"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "index.new"));
}

TEST_F(LedgerTest, ASegmentsRowThatDoesNotReadIsDamage) {
  {
    const auto notes = open_notes(directory_);
    ASSERT_TRUE(write(*notes, {{"a", "one"}}));
    ASSERT_TRUE(notes->publish());
    ASSERT_TRUE(notes->begin_group());
    notes->txn().put(Table::segments, segment_key(1), "short");
    ASSERT_TRUE(notes->commit_unlogged());
  }
  const auto opened = try_to_open(directory_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, OpenError::Kind::damaged);
  EXPECT_EQ(opened.error().text, "index: segment 1");
}

}  // namespace
}  // namespace posthaste::ledger
