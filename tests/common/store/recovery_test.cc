// The store is killed in every way that files and processes can show, and opened again.
#include "common/store/recovery.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <random>
#include <set>

#include "../journal/forged.h"
#include "common/store/examine.h"
#include "scratch.h"

namespace posthaste::store {
namespace {

using journal::kSegmentHeaderMaxOctets;
using journal::list_segments;
using journal::ReplayShare;
using journal::scan_records;
using journal::ScanEnd;
using journal::ScannedRecord;
using journal::segment_path;
using journal::SegmentFiles;

/// Offsets at which an apply of the first segment ends.
std::vector<std::uint64_t> apply_ends(std::string_view segment) {
  std::vector<std::uint64_t> ends;
  const auto note = [&](std::span<const ScannedRecord> apply) {
    ends.push_back(apply.back().body_offset + apply.back().body.size());
    return true;
  };
  const auto header = journal::decode_segment_header(kSegmentMagic, segment);
  EXPECT_TRUE(header);
  if (!header) return ends;
  EXPECT_EQ(scan_records(segment, header->framing, header->octets(), 1, note).end, ScanEnd::clean);
  return ends;
}

std::vector<Request> ten_deliveries(int group) {
  std::vector<Request> requests;
  for (int i = 0; i < 10; ++i) {
    const int number = group * 10 + i;
    requests.emplace_back(delivery(UserId{static_cast<std::uint64_t>(i % 3 + 1)},
                                   "message " + std::to_string(number), "id" + std::to_string(number)));
  }
  return requests;
}

std::uint64_t message_count(const Store& store) { return check(store, CheckDepth::index).messages; }

TEST(Recovery, WhatIsDurableAndNotPublishedComesBack) {
  const ScratchDirectory scratch;
  const auto store = scratch.path() / "store";
  const auto image = scratch.path() / "image";
  {
    const auto writer = open_writer(options_for(store));
    const auto published = ten_deliveries(0);
    static_cast<void>(writer->commit(published, kStart, Publication::now, [](std::span<const Outcome>) {}));
    const auto waiting = ten_deliveries(1);
    const auto take_image = [&](std::span<const Outcome>) { copy_ledger(store, image); };
    static_cast<void>(writer->commit(waiting, kStart, Publication::may_wait, take_image));
    EXPECT_EQ(message_count(writer->store()), 10U);
  }
  const auto writer = open_writer(options_for(image));
  EXPECT_EQ(message_count(writer->store()), 20U);
  EXPECT_EQ(deliver(*writer, delivery(UserId{1}, "message 10", "id10"))->delivery, Delivery::repeated);
  expect_sound(writer->store());
  expect_rebuilt_the_same(image);
}

/// LMDB's two meta pages: the one with the higher transaction number is the root of all. They lie at the front of
/// the index's file.
std::string meta_pages(const std::filesystem::path& store) {
  return contents(store / "index" / "data.mdb").substr(0, 2 * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
}

TEST(Recovery, APowerFailureMayTakeBackTheLastIndexCommit) {
  const ScratchDirectory scratch;
  const auto store = scratch.path() / "store";
  const auto image = scratch.path() / "image";
  for (int rounds = 1; rounds < 6; ++rounds) {  // pages freed by earlier commits are written again by later ones
    std::filesystem::remove_all(store);
    std::filesystem::remove_all(image);
    {
      const auto writer = open_writer(options_for(store));
      std::string synced;
      for (int i = 0; i < rounds; ++i) {
        synced = meta_pages(store);
        const auto group = ten_deliveries(i);
        static_cast<void>(writer->commit(group, kStart, Publication::now, [](std::span<const Outcome>) {}));
      }
      ASSERT_NE(meta_pages(store), synced);
      copy_ledger(store, image);
      std::string index = contents(image / "index" / "data.mdb");
      write_file(image / "index" / "data.mdb", index.replace(0, synced.size(), synced));
    }
    const auto writer = open_writer(options_for(image));
    EXPECT_EQ(message_count(writer->store()), static_cast<std::uint64_t>(rounds) * 10);
    expect_sound(writer->store());
    expect_rebuilt_the_same(image);
  }
}

/// A published group, then one that only the log has; the log is cut at `octets`.
class TornLog : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto store = scratch_.path() / "store";
    const auto writer = open_writer(options_for(store));
    const auto first = ten_deliveries(0);
    static_cast<void>(writer->commit(first, kStart, Publication::now, [](std::span<const Outcome>) {}));
    published_ = std::filesystem::file_size(segment_path(store / "log", 1));
    const auto second = ten_deliveries(1);
    const auto take_image = [&](std::span<const Outcome>) { copy_ledger(store, image_); };
    static_cast<void>(writer->commit(second, kStart, Publication::may_wait, take_image));
    log_ = contents(segment_path(image_ / "log", 1));
  }

  [[nodiscard]] std::uint64_t last_end(std::string_view log) const {
    std::uint64_t last = 0;
    for (const std::uint64_t end : apply_ends(log_)) last = end <= log.size() ? end : last;
    return last;
  }

  void expect_recovered(std::string_view log) {
    const auto copy = scratch_.path() / "copy";
    std::filesystem::remove_all(copy);
    copy_ledger(image_, copy);
    write_file(segment_path(copy / "log", 1), log);
    std::uint64_t whole = 0;
    for (const std::uint64_t end : apply_ends(log_)) whole += end <= log.size() ? 1 : 0;
    --whole;  // the first is the store's key, the others are deliveries
    {
      const auto writer = open_writer(options_for(copy));
      ASSERT_NE(writer, nullptr);
      EXPECT_EQ(message_count(writer->store()), whole);
      const std::uint64_t tail = std::max(published_, last_end(log));
      const auto torn = copy / "log" / ("00000001.torn-" + std::to_string(tail));
      EXPECT_EQ(std::filesystem::exists(torn), tail < log.size());
      EXPECT_EQ(contents(torn), log.substr(tail));
      const auto again = ten_deliveries(1);  // what was lost was not answered, and comes again
      const auto outcomes = writer->commit(again, kStart, Publication::now, [](std::span<const Outcome>) {});
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        const Delivery expected = 10 + i < whole ? Delivery::repeated : Delivery::first;
        EXPECT_EQ(std::get<DeliverOutcome>(outcomes[i])->delivery, expected) << i;
      }
      EXPECT_EQ(message_count(writer->store()), 20U);
      expect_sound(writer->store());
    }
    expect_rebuilt_the_same(copy);
  }

  ScratchDirectory scratch_;
  const std::filesystem::path image_ = scratch_.path() / "image";
  std::uint64_t published_ = 0;
  std::string log_;
};

TEST_F(TornLog, IsCutAtTheLastWholeApply) {
  std::mt19937 random(20231114);
  std::set<std::uint64_t> cuts = {published_, published_ + 1, log_.size() - 1, log_.size()};
  for (const std::uint64_t end : apply_ends(log_)) {
    if (end >= published_) cuts.insert(end);
  }
  for (int i = 0; i < 8; ++i) cuts.insert(published_ + random() % (log_.size() - published_));
  for (const std::uint64_t octets : cuts) {
    SCOPED_TRACE(octets);
    expect_recovered(std::string_view(log_).substr(0, octets));
  }
}

TEST_F(TornLog, MayEndInOctetsThatWereNeverWritten) {
  const std::size_t middle = published_ + (log_.size() - published_) / 2;
  std::string zeros = log_.substr(0, middle);
  zeros.append(4096, '\0');
  const auto copy = scratch_.path() / "copy";
  copy_ledger(image_, copy);
  write_file(segment_path(copy / "log", 1), zeros);
  const auto writer = open_writer(options_for(copy));
  ASSERT_NE(writer, nullptr);
  EXPECT_GE(message_count(writer->store()), 10U);
  EXPECT_LT(message_count(writer->store()), 20U);
  expect_sound(writer->store());
}

TEST_F(TornLog, ShorterThanTheIndexKnowsIsAnAlarm) {
  for (const std::uint64_t octets : {published_ - 1, std::uint64_t{kSegmentHeaderMaxOctets}, std::uint64_t{0}}) {
    const auto copy = scratch_.path() / "copy";
    std::filesystem::remove_all(copy);
    copy_ledger(image_, copy);
    write_file(segment_path(copy / "log", 1), std::string_view(log_).substr(0, octets));
    const auto writer = Writer::open(options_for(copy));
    ASSERT_FALSE(writer) << octets;
    EXPECT_EQ(writer.error().kind, OpenError::Kind::log_damaged);
    EXPECT_NE(writer.error().text.find("00000001.seg"), std::string::npos) << writer.error().text;
    EXPECT_EQ(std::filesystem::file_size(segment_path(copy / "log", 1)), octets);  // nothing was touched
  }
}

TEST_F(TornLog, DamageWithinASyncedGroupIsAnAlarm) {
  // Rebuilding reads all of the log; the first group's bodies were synced before the second group was written.
  std::string wrong = log_;
  wrong[apply_ends(log_)[4] - 1] ^= 1;
  write_file(segment_path(image_ / "log", 1), wrong);
  const auto rebuilt = rebuild_index(image_ / "log", scratch_.path() / "fresh", std::uint64_t{1} << 30);
  ASSERT_FALSE(rebuilt);
  EXPECT_EQ(rebuilt.error().kind, OpenError::Kind::log_damaged);
}

TEST_F(TornLog, DamageIsAnAlarmForEachOctetOfWhatALaterGroupFollows) {
  // The index is lost. Some octets of many: each is as good as its neighbours, and takes its time.
  const auto fresh = scratch_.path() / "fresh";
  for (std::uint64_t place = kSegmentHeaderMaxOctets; place < published_; place += 97) {
    std::string wrong = log_;
    wrong[place] ^= 1;
    write_file(segment_path(image_ / "log", 1), wrong);
    std::filesystem::remove_all(fresh);
    const auto rebuilt = rebuild_index(image_ / "log", fresh, std::uint64_t{1} << 30);
    ASSERT_FALSE(rebuilt) << place;
    EXPECT_EQ(rebuilt.error().kind, OpenError::Kind::log_damaged) << place;
  }
}

/// Three messages of alice's, the second expunged: the log, with its messages' marks in it.
std::filesystem::path make_store_with_a_gone_message(const ScratchDirectory& scratch) {
  const auto store = scratch.path() / "store";
  const auto writer = open_writer(options_for(store));
  for (const char* text : {"first mark", "second mark", "third mark"}) {
    static_cast<void>(deliver(*writer, delivery(kAlice, text)));
  }
  const MailboxId inbox = mailbox(writer->store(), kAlice, "INBOX").id;
  static_cast<void>(apply(*writer, kAlice, {Expunge{inbox, {{Uid{2}, Uid{2}}}, ExpungeWhich::all}}));
  return store;
}

void damage(const std::filesystem::path& store, std::string_view mark) {
  std::string log = contents(segment_path(store / "log", 1));
  ASSERT_NE(log.find(mark), std::string::npos);
  log[log.find(mark)] ^= 1;
  write_file(segment_path(store / "log", 1), log);
}

/// What check says of a store whose index is there.
std::expected<ExaminedLog, OpenError> examined(const std::filesystem::path& store, Extent extent) {
  const auto index = open_index(store / "index", Environment::Access::read, std::uint64_t{1} << 30);
  if (!index) return std::unexpected(index.error());
  return examine_log(**index, store / "log", extent);
}

TEST(DamagedBody, OfAMessageThatIsGoneIsPassedOverAndTold) {
  const ScratchDirectory scratch;
  const auto store = make_store_with_a_gone_message(scratch);
  damage(store, "second mark");
  const auto told = examined(store, Extent::all);
  ASSERT_TRUE(told) << told.error().text;
  ASSERT_EQ(told->damaged.size(), 1U);
  EXPECT_EQ(told->damaged[0].blob, BlobId{2});
  const auto rebuilt = rebuild_index(store / "log", scratch.path() / "fresh", std::uint64_t{1} << 30);
  ASSERT_TRUE(rebuilt) << rebuilt.error().text;
  ASSERT_EQ(rebuilt->passed_over.size(), 1U);
  EXPECT_EQ(rebuilt->passed_over[0].blob, BlobId{2});
  EXPECT_EQ(rebuilt->users, 1U);
  EXPECT_EQ(rebuilt->messages, 2U);
  expect_rebuilt_the_same(store);
}

TEST(DamagedBody, OfAMessageThatLivesIsRefusedByName) {
  const ScratchDirectory scratch;
  const auto store = make_store_with_a_gone_message(scratch);
  damage(store, "first mark");
  damage(store, "second mark");
  const auto told = examined(store, Extent::all);
  ASSERT_TRUE(told) << told.error().text;
  EXPECT_EQ(told->damaged.size(), 2U);
  const auto rebuilt = rebuild_index(store / "log", scratch.path() / "fresh", std::uint64_t{1} << 30);
  ASSERT_FALSE(rebuilt);
  EXPECT_EQ(rebuilt.error().kind, OpenError::Kind::log_damaged);
  EXPECT_NE(rebuilt.error().text.find("blob 1 in segment 1"), std::string::npos) << rebuilt.error().text;
  EXPECT_NE(rebuilt.error().text.find("user 1, mailbox INBOX, UID 1"), std::string::npos) << rebuilt.error().text;
  EXPECT_EQ(rebuilt.error().text.find("blob 2"), std::string::npos) << "nobody misses it: " << rebuilt.error().text;
}

TEST(LostIndex, IsMadeAgainWithTheWriterWholeOrNotAtAll) {
  const ScratchDirectory scratch;
  const auto store = make_store_with_a_gone_message(scratch);
  const std::string log = contents(segment_path(store / "log", 1));
  std::filesystem::remove_all(store / "index");
  damage(store, "third mark");
  {
    const auto writer = Writer::open(options_for(store));
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().kind, OpenError::Kind::log_damaged);
    EXPECT_FALSE(std::filesystem::exists(store / "index" / "data.mdb")) << "nothing half-made";
    EXPECT_FALSE(std::filesystem::exists(store / "index.new"));
  }
  write_file(segment_path(store / "log", 1), log);
  damage(store, "second mark");
  {
    const auto writer = open_writer(options_for(store));
    ASSERT_NE(writer, nullptr);
    ASSERT_TRUE(writer->remade());
    EXPECT_EQ(writer->remade()->messages, 2U);
    EXPECT_EQ(writer->remade()->passed_over.size(), 1U);
    expect_sound(writer->store());
  }
  EXPECT_FALSE(open_writer(options_for(store))->remade()) << "it is there";
}

TEST(ExaminedLog, SaysWhatAStartSays) {
  struct Case {
    const char* name;
    std::function<void(const std::filesystem::path& store)> spoil;
  };
  const auto segment = [](const std::filesystem::path& store, std::uint32_t number) {
    return segment_path(store / "log", number);
  };
  const Case cases[] = {
      {"sound", [](const auto&) {}},
      {"a segment is missing", [&](const auto& store) { std::filesystem::remove(segment(store, 2)); }},
      {"the first is missing", [&](const auto& store) { std::filesystem::remove(segment(store, 1)); }},
      {"all are missing",
       [&](const auto& store) {
         std::filesystem::remove_all(store / "log");
         std::filesystem::create_directory(store / "log");
       }},
      {"one is shorter than the index knows",
       [&](const auto& store) { std::filesystem::resize_file(segment(store, 1), 200); }},
      {"the last has no header",
       [&](const auto& store) {
         std::string octets = contents(segment(store, 3));
         octets[1] ^= 1;
         write_file(segment(store, 3), octets);
       }},
      {"what the index lacks is torn",
       [&](const auto& store) {
         write_file(segment(store, 3), contents(segment(store, 3)) + std::string(100, 'x'));
       }},
      {"what the index lacks was synced",
       [&](const auto& store) {  // an index of before, and damage behind it
         const ScratchDirectory scratch;
         std::filesystem::copy(store / "log", scratch.path() / "log");
         for (const std::uint32_t gone : {2U, 3U}) std::filesystem::remove(segment(scratch.path(), gone));
         std::filesystem::remove_all(store / "index");
         ASSERT_TRUE(rebuild_index(scratch.path() / "log", store / "index", std::uint64_t{1} << 30));
         std::string octets = contents(segment(store, 2));
         octets[octets.size() / 2] ^= 1;
         write_file(segment(store, 2), octets);
       }},
      {"an index that knows nothing, beside a damaged log",
       [&](const auto& store) {
         std::filesystem::remove_all(store / "index");
         std::filesystem::create_directory(store / "index");
         static_cast<void>(open_index(store / "index", Environment::Access::write, std::uint64_t{1} << 30));
         std::string octets = contents(segment(store, 1));
         octets[octets.size() / 2] ^= 1;
         write_file(segment(store, 1), octets);
       }},
  };
  int refused = 0;
  for (const auto& [name, spoil] : cases) {
    SCOPED_TRACE(name);
    const ScratchDirectory scratch;
    WriterOptions options = options_for(scratch.path() / "store");
    options.segment_octets = 4096;
    for (int i = 0; i < 3; ++i) {
      const auto writer = open_writer(options);
      static_cast<void>(deliver(*writer, delivery(kAlice, std::string(5'000, 'x'))));
    }
    spoil(options.directory);
    if (HasFatalFailure()) return;
    const auto said = examined(options.directory, Extent::what_the_index_lacks);
    const auto started = Writer::open(options);
    ASSERT_EQ(said.has_value(), started.has_value()) << (said ? started.error().text : said.error().text);
    if (said) continue;
    EXPECT_EQ(said.error().text, started.error().text);
    ++refused;
  }
  EXPECT_EQ(refused, 7);
}

TEST_F(TornLog, IsWrittenAgainBeforeItIsBelieved) {
  // A failed sync cannot be shown here; that the file was written to can.
  const auto segment = segment_path(image_ / "log", 1);
  const auto long_ago = std::filesystem::last_write_time(segment) - std::chrono::hours{1};
  std::filesystem::last_write_time(segment, long_ago);
  ASSERT_TRUE(rebuild_index(image_ / "log", scratch_.path() / "fresh", std::uint64_t{1} << 30));
  EXPECT_GT(std::filesystem::last_write_time(segment), long_ago);
  EXPECT_EQ(contents(segment), log_);
}

TEST(ForgedRecords, InAMessageLeaveATornEndATornEnd) {
  const ScratchDirectory scratch(quick_directory());
  const auto store = scratch.path() / "store";
  const auto image = scratch.path() / "image";
  const auto copy = scratch.path() / "copy";
  std::uint64_t published = 0;
  {
    const auto writer = open_writer(options_for(store));
    static_cast<void>(writer->commit(ten_deliveries(0), kStart, Publication::now, [](std::span<const Outcome>) {}));
    published = std::filesystem::file_size(segment_path(store / "log", 1));
    const std::vector<Request> second = {delivery(UserId{1}, ledger::with_records(2000), "records")};
    const auto take_image = [&](std::span<const Outcome>) { copy_ledger(store, image); };
    static_cast<void>(writer->commit(second, kStart, Publication::may_wait, take_image));
  }
  const std::string log = contents(segment_path(image / "log", 1));
  for (std::uint64_t octets = published + 1; octets < log.size(); octets += 151) {
    for (const bool header_lost : {false, true}) {
      SCOPED_TRACE(octets);
      std::filesystem::remove_all(copy);
      copy_ledger(image, copy);
      std::string cut = log.substr(0, octets);
      if (header_lost) cut[published] ^= 1;
      write_file(segment_path(copy / "log", 1), cut);
      const auto rebuilt = rebuild_index(copy / "log", copy / "fresh", std::uint64_t{1} << 30);
      EXPECT_TRUE(rebuilt) << rebuilt.error().text;
      const auto writer = open_writer(options_for(copy));
      ASSERT_NE(writer, nullptr);
      EXPECT_EQ(message_count(writer->store()), 10U);
      EXPECT_EQ(deliver(*writer, delivery(UserId{1}, ledger::with_records(2000), "records"))->delivery,
                Delivery::first);
      expect_sound(writer->store());
    }
  }
}

/// Made by the last version that wrote format 1: two segments, ten deliveries, the last two not in the index.
void subscribe_all(Writer& writer, bool subscribed) {
  for (const UserId user : {kAlice, kBob}) EXPECT_TRUE(apply(writer, user, {SetSubscribed{"Later", subscribed}}));
}

TEST(Format1, IsReadAndGoesOnInFormat2) {
  const ScratchDirectory scratch;
  const auto store = scratch.path() / "store";
  copy_ledger(std::filesystem::path(POSTHASTE_SOURCE_DIR) / "tests/common/store/format1", store);
  const std::string second = contents(segment_path(store / "log", 2));
  ASSERT_EQ(second.substr(0, 8), "POHSEG01");
  for (int i = 0; i < 2; ++i) {  // opened, and opened again behind what was added
    const auto writer = open_writer(options_for(store));
    ASSERT_NE(writer, nullptr);
    EXPECT_EQ(messages(writer->store(), kAlice, mailbox(writer->store(), kAlice, "INBOX").id).size(),
              8U + (i != 0));
    EXPECT_EQ(messages(writer->store(), kAlice, mailbox(writer->store(), kAlice, "Kept").id).size(), 2U);
    EXPECT_EQ(messages(writer->store(), kBob, mailbox(writer->store(), kBob, "INBOX").id).size(), 1U);
    EXPECT_EQ(deliver(*writer, delivery(kAlice, "message 9", "id9"))->delivery, Delivery::repeated);
    EXPECT_EQ(deliver(*writer, delivery(kAlice, "message 11", "id11"))->delivery,
              i == 0 ? Delivery::first : Delivery::repeated);
    subscribe_all(*writer, i == 0);  // from here on their subscriptions are counted
    expect_sound(writer->store());
  }
  EXPECT_EQ(contents(segment_path(store / "log", 2)), second);
  EXPECT_EQ(contents(segment_path(store / "log", 3)).substr(0, 8), "POHSEG02");
  expect_rebuilt_the_same(store);
}

TEST(Format1, ATornEndIsCutAndDamageIsAnAlarm) {
  const ScratchDirectory scratch;
  const auto store = scratch.path() / "store";
  copy_ledger(std::filesystem::path(POSTHASTE_SOURCE_DIR) / "tests/common/store/format1", store);
  const std::string second = contents(segment_path(store / "log", 2));
  write_file(segment_path(store / "log", 2), second.substr(0, second.size() - 1));
  {
    const auto writer = open_writer(options_for(store));
    ASSERT_NE(writer, nullptr);
    EXPECT_EQ(deliver(*writer, delivery(kBob, "message 10", "id10"))->delivery, Delivery::first);
    subscribe_all(*writer, true);
    expect_sound(writer->store());
  }
  expect_rebuilt_the_same(store);
  std::string wrong = second;
  wrong[200] ^= 1;
  write_file(segment_path(store / "log", 2), wrong);
  const auto rebuilt = rebuild_index(store / "log", scratch.path() / "fresh", std::uint64_t{1} << 30);
  ASSERT_FALSE(rebuilt);
  EXPECT_EQ(rebuilt.error().kind, OpenError::Kind::log_damaged);
}

TEST(Segments, AreRolledAndNeverMissedSilently) {
  const ScratchDirectory scratch;
  const auto store = scratch.path() / "store";
  WriterOptions options = options_for(store);
  options.segment_octets = 4096;
  {
    const auto writer = open_writer(options);
    for (int group = 0; group < 20; ++group) {
      const auto requests = ten_deliveries(group);
      static_cast<void>(writer->commit(requests, kStart, Publication::may_wait, [](std::span<const Outcome>) {}));
    }
    ASSERT_TRUE(writer->publish());
    EXPECT_LE(writer->counters().index_commits, 2U);
    expect_sound(writer->store());
    const auto expunged =
        apply(*writer, UserId{1},
              {Expunge{mailbox(writer->store(), UserId{1}, "INBOX").id, {{Uid{1}, Uid{50}}}, ExpungeWhich::all}});
    EXPECT_TRUE(expunged);
    expect_sound(writer->store());
  }
  expect_rebuilt_the_same(store);
  const auto segments = *list_segments(store / "log");
  ASSERT_GE(segments.size(), 5U);

  // In small shares, which do not begin anew with each segment, recovery makes the same rows.
  const Rows rows = rows_of(store / "index");
  struct Case {
    ReplayShare share;
    std::size_t transactions_least;  // for 200 deliveries of more than 200 octets
  };
  for (const auto& [share, transactions_least] :
       {Case{{7, UINT64_MAX}, 28}, Case{{SIZE_MAX, 3000}, 13}, Case{{1, 1}, 200}}) {
    const auto fresh = scratch.path() / "fresh";
    std::filesystem::remove_all(fresh);
    std::filesystem::create_directory(fresh);
    {
      const auto environment = open_index(fresh, Environment::Access::write, std::uint64_t{1} << 30);
      SegmentFiles files(store / "log");
      ASSERT_TRUE(recover(**environment, files, share));
      MDB_envinfo info{};
      mdb_env_info((*environment)->handle(), &info);
      EXPECT_GE(info.me_last_txnid, transactions_least);
    }
    EXPECT_EQ(rows_of(fresh), rows);
  }

  const auto open_error = [&](const auto& harm) -> std::optional<OpenError> {
    const auto copy = scratch.path() / "copy";
    std::filesystem::remove_all(copy);
    copy_ledger(store, copy);
    harm(copy);
    auto writer = Writer::open(options_for(copy));
    if (writer) return std::nullopt;
    return writer.error();
  };
  const auto missing = open_error([](const auto& copy) { std::filesystem::remove(segment_path(copy / "log", 2)); });
  ASSERT_TRUE(missing);
  EXPECT_NE(missing->text.find("00000002.seg: is missing"), std::string::npos) << missing->text;
  const auto shorter =
      open_error([](const auto& copy) { std::filesystem::resize_file(segment_path(copy / "log", 3), 900); });
  ASSERT_TRUE(shorter);
  EXPECT_NE(shorter->text.find("00000003.seg"), std::string::npos);
  EXPECT_TRUE(open_error([](const auto& copy) { std::filesystem::remove_all(copy / "log"); }));

  // A segment that was being created: not even its header is whole.
  const auto begun = static_cast<std::uint32_t>(segments.size() + 1);
  EXPECT_FALSE(open_error([&](const auto& copy) { write_file(segment_path(copy / "log", begun), "POHSEG"); }));
  EXPECT_FALSE(open_error([&](const auto& copy) { write_file(segment_path(copy / "log", begun), ""); }));
  EXPECT_TRUE(
      open_error([&](const auto& copy) { write_file(segment_path(copy / "log", begun), std::string(99, 'x')); }));
}

/// Delivers and tells each id that was answered, until it is killed.
[[noreturn]] void deliver_until_killed(const std::filesystem::path& directory, int answered, unsigned seed) {
  auto writer = Writer::open(options_for(directory));
  if (!writer) ::_exit(1);
  std::mt19937 random(seed);
  for (std::uint32_t number = seed * 1'000'000;;) {
    std::vector<Request> requests;
    std::vector<std::uint32_t> numbers;
    for (unsigned i = 0; i < 1 + random() % 8; ++i) {
      numbers.push_back(++number);
      requests.emplace_back(
          delivery(UserId{1 + random() % 4}, "body of " + std::to_string(number), std::to_string(number)));
    }
    const auto tell = [&](std::span<const Outcome> outcomes) {
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (!std::get<DeliverOutcome>(outcomes[i])) ::_exit(2);
        ledger::tell(answered, numbers[i]);
      }
    };
    static_cast<void>((*writer)->commit(requests, kStart, Publication::may_wait, tell));
    if (random() % 4 == 0) static_cast<void>((*writer)->publish());
  }
}

TEST(Killed, WhatWasAnsweredIsThere) {
  const ScratchDirectory scratch;
  std::mt19937 random(7);
  std::set<std::uint32_t> answered;
  for (unsigned round = 1; round <= 6; ++round) {
    const auto last = static_cast<unsigned>(20 + random() % 200);
    ledger::kill_after<std::uint32_t>(
        last, [&](int pipe) { deliver_until_killed(scratch.path(), pipe, round); },
        [&](std::uint32_t number) { answered.insert(number); });

    const auto writer = open_writer(options_for(scratch.path()));
    ASSERT_NE(writer, nullptr);
    std::set<std::string> bodies;
    for (std::uint64_t user = 1; user <= 4; ++user) {
      const MailboxId inbox = mailbox(writer->store(), UserId{user}, "INBOX").id;
      for (const Message& message : messages(writer->store(), UserId{user}, inbox)) {
        EXPECT_TRUE(bodies.insert(body(writer->store(), UserId{user}, message.blob)).second);
      }
    }
    for (const std::uint32_t there : answered) {
      EXPECT_TRUE(bodies.contains("body of " + std::to_string(there))) << there;
    }
    expect_sound(writer->store());
  }
  EXPECT_GT(answered.size(), 100U);
  expect_rebuilt_the_same(scratch.path());
}

/// Delivers large messages that hold records, and tells of each, until it is killed.
[[noreturn]] void deliver_records_until_killed(const std::filesystem::path& directory, int answered) {
  auto writer = Writer::open(options_for(directory));
  if (!writer) ::_exit(1);
  const std::string message = ledger::with_records(4 << 20);
  while (true) {
    const std::vector<Request> requests = {delivery(kAlice, message)};
    const auto tell = [&](std::span<const Outcome> outcomes) {
      if (!std::get<DeliverOutcome>(outcomes[0])) ::_exit(2);
      ledger::tell(answered, true);
    };
    static_cast<void>((*writer)->commit(requests, kStart, Publication::may_wait, tell));
  }
}

TEST(Killed, InTheMidstOfMessagesThatHoldRecordsItStartsAgain) {
  const ScratchDirectory scratch(quick_directory());
  std::uint64_t answered = 0;
  for (unsigned round = 1; round <= 8; ++round) {
    ledger::kill_after<bool>(
        2, [&](int pipe) { deliver_records_until_killed(scratch.path(), pipe); }, [&](bool) { ++answered; },
        [&] { ledger::wait_for_a_message_begun(scratch.path() / "log"); });
    const auto writer = open_writer(options_for(scratch.path()));
    ASSERT_NE(writer, nullptr);
    EXPECT_GE(message_count(writer->store()), answered);
  }
}

TEST(FullDisk, RefusesWhatAddsAndLetsTheRestGoOn) {
  const ScratchDirectory scratch;
  {
    const auto writer = open_writer(options_for(scratch.path()));
    int stored = 0;
    int put_off = 0;
    {
      const FileSizeLimit limit(1U << 20);
      while (true) {
        const std::vector<Request> requests = {delivery(kAlice, std::string(20'000, 'x'), std::to_string(stored))};
        std::optional<StoreError> error;
        static_cast<void>(
            writer->commit(requests, kStart, Publication::may_wait, [&](std::span<const Outcome> outcomes) {
              const auto& delivered = std::get<DeliverOutcome>(outcomes[0]);
              if (!delivered) error = delivered.error();
            }));
        put_off = stored % Writer::kGroupsPutOff;
        if (error) {
          EXPECT_EQ(*error, StoreError::full);
          break;
        }
        ASSERT_LT(++stored, 100);
      }
      EXPECT_GT(put_off, 0);  // some groups were durable and not published; nothing of them is lost
      EXPECT_FALSE(writer->failed());
      ASSERT_TRUE(writer->publish());
      EXPECT_EQ(message_count(writer->store()), static_cast<std::uint64_t>(stored));

      // In one group with something too large, what is small goes on.
      const MailboxId inbox = mailbox(writer->store(), kAlice, "INBOX").id;
      const std::vector<Request> mixed = {
          delivery(kAlice, std::string(20'000, 'y')),
          ApplyRequest{
              kAlice, {{StoreFlags{inbox, {{Uid{1}, Uid{9}}}, FlagMode::add, {SystemFlag::deleted}, {}, {}}}}, {}},
          ApplyRequest{kAlice, {{Expunge{inbox}}}, {}}};
      const auto outcomes = writer->commit(mixed, kStart, Publication::now, [](std::span<const Outcome>) {});
      EXPECT_EQ(std::get<DeliverOutcome>(outcomes[0]).error(), StoreError::full);
      EXPECT_TRUE(std::get<ApplyOutcome>(outcomes[1]));
      EXPECT_EQ(only<Expunged>(std::get<ApplyOutcome>(outcomes[2])).uids.size(), 9U);
      expect_sound(writer->store());
    }
    EXPECT_TRUE(deliver(*writer, delivery(kAlice, std::string(20'000, 'z'))));
    EXPECT_EQ(message_count(writer->store()), static_cast<std::uint64_t>(stored) - 8);
    expect_sound(writer->store());
  }
  expect_rebuilt_the_same(scratch.path());
  const auto writer = open_writer(options_for(scratch.path()));
  expect_sound(writer->store());
}

TEST(FullDisk, TheReserveIsKeptForWhatFreesRoom) {
  const ScratchDirectory scratch;
  {
    const auto writer = open_writer(options_for(scratch.path()));
    ASSERT_TRUE(deliver(*writer, delivery(kAlice, "x")));
  }
  WriterOptions options = options_for(scratch.path());
  options.reserve_octets = UINT64_MAX;
  const auto writer = open_writer(options);
  EXPECT_EQ(deliver(*writer, delivery(kAlice, "y")).error(), StoreError::full);
  EXPECT_EQ(apply(*writer, kAlice, {CreateMailbox{"a", std::nullopt}}).error(), StoreError::full);
  const MailboxId inbox = mailbox(writer->store(), kAlice, "INBOX").id;
  EXPECT_EQ(apply(*writer, kAlice, {Copy{inbox, {kAllUids}, inbox}}).error(), StoreError::full);
  EXPECT_TRUE(apply(*writer, kAlice, {Expunge{inbox, {kAllUids}, ExpungeWhich::all}}));
  expect_sound(writer->store());
}

TEST(FullIndex, IsAnsweredAndForgotten) {
  const ScratchDirectory scratch;
  WriterOptions options = options_for(scratch.path());
  options.map_octets = 2U << 20;
  {
    const auto writer = open_writer(options);
    Deliver message = delivery(kAlice, "x");
    message.blob = put_blob("x", {std::string(1900, 'e'), "", ""});  // rows of half a page
    std::uint64_t stored = 0;
    DeliverOutcome delivered;
    while ((delivered = deliver(*writer, message))) {
      ASSERT_LT(++stored, 10'000U);
      message.blob = put_blob("x", message.blob->summary());
    }
    EXPECT_EQ(delivered.error(), StoreError::full);
    EXPECT_GT(stored, 100U);
    EXPECT_FALSE(writer->failed());
    EXPECT_EQ(message_count(writer->store()), stored);
    expect_sound(writer->store());
    const MailboxId inbox = mailbox(writer->store(), kAlice, "INBOX").id;
    ASSERT_TRUE(apply(*writer, kAlice, {Expunge{inbox, {{Uid{1}, Uid{100}}}, ExpungeWhich::all}}));
    ASSERT_TRUE(apply(*writer, kAlice, {Expunge{inbox, {kAllUids}, ExpungeWhich::all}}));
    EXPECT_TRUE(deliver(*writer, message));
    expect_sound(writer->store());
  }
  expect_rebuilt_the_same(scratch.path());
}

TEST(FullIndex, ABlobThatWasTakenBackIsStoredAgain) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  ASSERT_TRUE(deliver(*writer, delivery(kAlice, "first")));
  const MailboxId inbox = mailbox(writer->store(), kAlice, "INBOX").id;
  Append append;
  append.mailbox = inbox;
  append.blob = blob("taken back");
  {
    const FileSizeLimit limit(8192);  // the log is smaller, the index is larger
    EXPECT_EQ(apply(*writer, kAlice, {append}).error(), StoreError::full);
  }
  EXPECT_FALSE(writer->failed());
  ASSERT_TRUE(deliver(*writer, delivery(kAlice, "second")));  // gets the blob id that came free
  const auto appended = only<Appended>(apply(*writer, kAlice, {append}));
  EXPECT_EQ(body(writer->store(), kAlice, appended.blob), "taken back");
  expect_sound(writer->store());
}

TEST(Readers, TellALackOfDescriptorsFromDamage) {
  const ScratchDirectory scratch;
  write_file(segment_path(scratch.path(), 1), "octets");
  SegmentFiles files(scratch.path());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto refused = files.read(1, 0, 6);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(refused.error(), SegmentFiles::Failure::unavailable);
  EXPECT_EQ(files.read(1, 0, 6), "octets");
  EXPECT_EQ(files.read(1, 0, 7).error(), SegmentFiles::Failure::damaged);
  EXPECT_EQ(files.read(2, 0, 1).error(), SegmentFiles::Failure::gone);
}

TEST(Readers, ReadInProcessesOfTheirOwn) {
  const ScratchDirectory scratch;
  EXPECT_EQ(Store::open(scratch.path()).error().kind, OpenError::Kind::absent);
  {
    const auto writer = open_writer(options_for(scratch.path()));
    ASSERT_TRUE(deliver(*writer, delivery(kAlice, "first")));
  }
  pid_t children[2];
  for (pid_t& child : children) {
    child = ::fork();
    ASSERT_GE(child, 0);
    if (child != 0) continue;
    const auto store = Store::open(scratch.path(), std::uint64_t{1} << 30);
    if (!store) ::_exit(1);
    for (int i = 0; i < 100; ++i) {
      const MailboxId inbox = mailbox(**store, kAlice, "INBOX").id;
      const auto rows = messages(**store, kAlice, inbox);
      if (rows.empty() || body(**store, kAlice, rows[0].blob) != "first") ::_exit(2);
    }
    ::_exit(0);
  }
  const auto writer = open_writer(options_for(scratch.path()));
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(deliver(*writer, delivery(kAlice, "later")));
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(writer->store().clear_dead_readers(), 2);  // they left without closing
  EXPECT_EQ(writer->store().clear_dead_readers(), 0);
  expect_sound(writer->store());
}

}  // namespace
}  // namespace posthaste::store
