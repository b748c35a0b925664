// The queue is stopped in every way that files and processes can show, and opened again.
#include "smtpd/queue/recovery.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <set>

#include "../../common/journal/forged.h"
#include "common/journal/scan.h"
#include "scratch.h"
#include "smtpd/queue/open_words.h"
#include "smtpd/queue/record.h"

namespace posthaste::queue {
namespace {

using journal::segment_path;

Status attempted(std::uint32_t attempts) {
  Status status;
  status.attempts = attempts;
  status.last_reply = "451 4.4.1 try again";
  return status;
}

/// Entries 1 to 5 are published, then a group of three batches is only in the log: add 6 to 8; update 1 and remove
/// 2; add 9 as the report about 3, which goes.
class TornLog : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto queue = scratch_.path() / "queue";
    const auto writer = open_writer(options_for(queue));
    for (int i = 0; i < 5; ++i) add(*writer, message("published " + std::to_string(i)));
    published_ = std::filesystem::file_size(segment_path(queue / "log", 1));
    std::vector<Request> group;
    group.push_back({{message("6"), message("7"), message("8")}, Moment::durable});
    group.push_back({{Update{EntryId{1}, {{1, attempted(1)}}}, Remove{EntryId{2}}}, Moment::durable});
    group.push_back({{message("report"), Remove{EntryId{3}}}, Moment::durable});
    static_cast<void>(writer->commit(group, [&](std::span<const Outcome>) { copy_ledger(queue, image_); }));
    log_ = contents(segment_path(image_ / "log", 1));
    const auto note = [this](std::span<const journal::ScannedRecord> apply) {
      const auto& last = apply.back();
      if (const auto end = last.body_offset + last.body.size(); end > published_) ends_.push_back(end);
      return true;
    };
    const auto header = journal::decode_segment_header(kSegmentMagic, log_);
    ASSERT_TRUE(header);
    static_cast<void>(journal::scan_records(log_, header->framing, header->octets(), 1, note));
    ASSERT_EQ(ends_.size(), 3U);
  }

  void write_log(const std::filesystem::path& queue, std::string_view octets) {
    copy_ledger(image_, queue);
    write_file(segment_path(queue / "log", 1), octets);
  }

  ScratchDirectory scratch_{quick_directory()};
  const std::filesystem::path image_ = scratch_.path() / "image";
  const std::filesystem::path copy_ = scratch_.path() / "copy";
  std::uint64_t published_ = 0;
  std::string log_;
  std::vector<std::uint64_t> ends_;  // of the group's applies
};

TEST_F(TornLog, IsCutAtTheLastWholeBatchWhereverItEnds) {
  for (std::uint64_t octets = published_; octets <= log_.size(); ++octets) {
    SCOPED_TRACE(octets);
    write_log(copy_, std::string_view(log_).substr(0, octets));
    const auto writer = open_writer(options_for(copy_));
    ASSERT_NE(writer, nullptr);
    std::set<std::uint64_t> expected = {1, 2, 3, 4, 5};
    if (octets >= ends_[0]) expected.insert({6, 7, 8});
    if (octets >= ends_[1]) expected.erase(2);
    if (octets >= ends_[2]) {
      expected.erase(3);
      expected.insert(9);
    }
    std::set<std::uint64_t> there;
    for (const EntryId id : ids_of(writer->reader())) there.insert(number(id));
    ASSERT_EQ(there, expected);
    const auto first = writer->reader().read(EntryId{1});
    ASSERT_TRUE(first);
    EXPECT_EQ(first->recipients[1].status.attempts, octets >= ends_[1] ? 1U : 0U);
    const std::uint64_t tail = octets >= ends_[2]   ? ends_[2]
                               : octets >= ends_[1] ? ends_[1]
                               : octets >= ends_[0] ? ends_[0]
                                                    : published_;
    EXPECT_EQ(std::filesystem::file_size(segment_path(copy_ / "log", 1)), tail);
    if (octets % 16 != 0) continue;  // each is as good as its neighbours, and takes its time
    const EntryId added = add(*writer, message("again"));
    EXPECT_EQ(read_message(writer->reader(), added), octets_of(message("again")));
    expect_sound(copy_);
  }
  expect_rebuilt_the_same(copy_);
}

TEST_F(TornLog, MayEndInOctetsThatWereNeverWritten) {
  std::string zeros = log_.substr(0, ends_[1] + 30);
  zeros.append(4096, '\0');
  write_log(copy_, zeros);
  const auto writer = open_writer(options_for(copy_));
  ASSERT_NE(writer, nullptr);
  EXPECT_EQ(ids_of(writer->reader()).size(), 7U);  // 1, 3 to 8
  expect_sound(copy_);
}

TEST_F(TornLog, ShorterThanTheIndexKnowsIsAnAlarm) {
  for (const std::uint64_t octets :
       {published_ - 1, std::uint64_t{journal::kSegmentHeaderMaxOctets}, std::uint64_t{0}}) {
    write_log(copy_, std::string_view(log_).substr(0, octets));
    const auto writer = Writer::open(options_for(copy_));
    ASSERT_FALSE(writer) << octets;
    EXPECT_EQ(writer.error().kind, OpenError::Kind::log_damaged);
    EXPECT_NE(writer.error().text.find("00000001.seg"), std::string::npos) << writer.error().text;
    EXPECT_EQ(std::filesystem::file_size(segment_path(copy_ / "log", 1)), octets);  // nothing was touched
  }
}

TEST_F(TornLog, ALogOfTheMailboxStoreIsNotTaken) {
  std::string other = log_;
  std::string header;
  journal::encode_segment_header({'P', 'O', 'H', 'S', 'E', 'G'}, {1, 1, 1, journal::framing_of(1)}, header);
  other.replace(0, header.size(), header);
  write_log(copy_, other);
  std::filesystem::remove_all(copy_ / "index");
  const auto writer = Writer::open(options_for(copy_));
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().kind, OpenError::Kind::log_damaged);
}

TEST_F(TornLog, DamageWithinASyncedGroupIsAnAlarm) {
  std::string wrong = log_;
  wrong[published_ - 1] ^= 1;  // the last octet of a message; a synced group follows
  write_log(copy_, wrong);
  std::filesystem::remove_all(copy_ / "index");
  const auto writer = Writer::open(options_for(copy_));
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().kind, OpenError::Kind::log_damaged);
  EXPECT_FALSE(std::filesystem::exists(copy_ / "index" / "data.mdb")) << "nothing half-made stays";
  EXPECT_FALSE(std::filesystem::exists(copy_ / "index.new"));
  const auto examined = examine_log(nullptr, copy_ / "log");
  ASSERT_FALSE(examined) << "check says what a start says";
  EXPECT_EQ(examined.error().text, writer.error().text);
}

TEST_F(TornLog, AnIndexThatIsMissingIsMadeAnew) {
  write_log(copy_, log_);
  std::filesystem::remove_all(copy_ / "index");
  ASSERT_TRUE(examine_log(nullptr, copy_ / "log"));
  Options options = options_for(copy_);
  std::vector<std::uint64_t> remade;
  options.on_remade = [&](const RebuiltIndex& index) { remade = {index.entries, index.recipients}; };
  const auto writer = open_writer(options);
  ASSERT_NE(writer, nullptr);
  EXPECT_EQ(remade.size(), 2U);
  EXPECT_EQ(remade.at(0), 7U);
  EXPECT_EQ(ids_of(writer->reader()).size(), 7U);  // 1, 4 to 9
  EXPECT_EQ(read_message(writer->reader(), EntryId{9}), octets_of(message("report")));
  expect_sound(copy_);
}

TEST_F(TornLog, AnIndexThatIsDamagedIsAnAlarmThatSaysWhatHelps) {
  write_log(copy_, log_);
  write_file(copy_ / "index" / "data.mdb", std::string(65'536, 'x'));
  {
    const auto writer = Writer::open(options_for(copy_));
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().kind, OpenError::Kind::damaged);
    const std::string words = open_words(writer.error());
    EXPECT_NE(words.find("\"posthaste queue rebuild\""), std::string::npos) << words;
  }
  std::filesystem::remove_all(copy_ / "index");
  EXPECT_NE(open_writer(options_for(copy_)), nullptr);
}

Add message_with_records(std::size_t octets) { return message(ledger::with_records(octets)); }

TEST(ForgedRecords, InAMessageLeaveATornEndATornEnd) {
  const ScratchDirectory scratch(quick_directory());
  const auto queue = scratch.path() / "queue";
  const auto image = scratch.path() / "image";
  const auto copy = scratch.path() / "copy";
  std::uint64_t published = 0;
  {
    const auto writer = open_writer(options_for(queue));
    add(*writer, message("first"));
    published = std::filesystem::file_size(segment_path(queue / "log", 1));
    std::vector<Request> group;
    group.push_back({{message_with_records(2000)}, Moment::durable});
    static_cast<void>(writer->commit(group, [&](std::span<const Outcome>) { copy_ledger(queue, image); }));
  }
  const std::string log = contents(segment_path(image / "log", 1));
  for (std::uint64_t octets = published + 1; octets < log.size(); octets += 151) {
    for (const bool header_lost : {false, true}) {
      for (const bool index_lost : {false, true}) {
        SCOPED_TRACE(octets);
        copy_ledger(image, copy);
        std::string cut = log.substr(0, octets);
        if (header_lost) cut[published] ^= 1;
        write_file(segment_path(copy / "log", 1), cut);
        if (index_lost) std::filesystem::remove_all(copy / "index");
        const auto writer = open_writer(options_for(copy));
        ASSERT_NE(writer, nullptr);
        EXPECT_EQ(ids_of(writer->reader()), std::vector<EntryId>{EntryId{1}});
        EXPECT_EQ(add(*writer, message("second")), EntryId{2});
        expect_sound(copy);
      }
    }
  }
}

/// Made by the last version that wrote format 1: two segments, entries 1 to 8 of which 3 and 4 went; the last two
/// batches are not in the index.
class Format1 : public ::testing::Test {
 protected:
  void SetUp() override {
    copy_ledger(std::filesystem::path(POSTHASTE_SOURCE_DIR) / "tests/smtpd/queue/format1", queue_);
    ASSERT_EQ(contents(segment_path(queue_ / "log", 2)).substr(0, 8), "POHQUE01");
  }

  static void expect_entries(const Reader& reader) {
    std::vector<EntryId> there;
    for (const std::uint64_t id : {1, 2, 5, 6, 7, 8}) there.push_back(EntryId{id});
    EXPECT_EQ(ids_of(reader), there);
    const auto full = reader.read(EntryId{1});
    const auto null_path = reader.read(EntryId{2});
    const auto usual = reader.read(EntryId{8});
    ASSERT_TRUE(full && null_path && usual);
    Envelope expected;
    expected.trace_id = "trace";
    expected.delivery_id.octets.fill(std::byte{0xab});
    expected.reverse_path = smtp::Mailbox{"a b", "[192.0.2.1]"};
    expected.body = smtp::Body::binary_mime;
    expected.smtp_utf8 = true;
    expected.ret = smtp::Return::full;
    expected.envid = "QQ 314159";
    expected.arrived = at(1'700'000'000);
    EXPECT_EQ(full->envelope, expected);
    ASSERT_EQ(full->recipients.size(), 3U);
    EXPECT_EQ(full->recipients[1].status.last_reply, "451 4.4.1 try again");
    EXPECT_EQ(full->recipients[2].recipient.orcpt->address, "B@example.net");
    EXPECT_EQ(full->recipients[2].status.last_host, "mx.example.net");
    expected = message("").envelope;
    EXPECT_EQ(usual->envelope, expected);
    expected.reverse_path.reset();
    expected.body = smtp::Body::eight_bit_mime;
    expected.ret = smtp::Return::headers;
    EXPECT_EQ(null_path->envelope, expected);
    EXPECT_EQ(null_path->recipients[0].status.attempts, 1U);
    EXPECT_EQ(read_message(reader, EntryId{1}), octets_of(message("full")));
    EXPECT_EQ(read_message(reader, EntryId{8}), octets_of(message("8")));
  }

  ScratchDirectory scratch_;
  const std::filesystem::path queue_ = scratch_.path() / "queue";
};

TEST_F(Format1, IsReadAndGoesOnInFormat2) {
  const std::string second = contents(segment_path(queue_ / "log", 2));
  {
    const auto writer = open_writer(options_for(queue_));
    ASSERT_NE(writer, nullptr);
    expect_entries(writer->reader());
    EXPECT_EQ(add(*writer, message("9")), EntryId{9});
    expect_sound(queue_);
  }
  EXPECT_EQ(contents(segment_path(queue_ / "log", 2)), second);
  EXPECT_EQ(contents(segment_path(queue_ / "log", 3)).substr(0, 8), "POHQUE02");
  const auto writer = open_writer(options_for(queue_));
  ASSERT_NE(writer, nullptr);
  EXPECT_EQ(read_message(writer->reader(), EntryId{9}), octets_of(message("9")));
  ASSERT_TRUE(commit(*writer, {Remove{EntryId{9}}}));
  expect_entries(writer->reader());
  expect_sound(queue_);
}

TEST_F(Format1, WithoutItsIndexIsTheSame) {
  std::filesystem::remove_all(queue_ / "index");
  const auto writer = open_writer(options_for(queue_));
  ASSERT_NE(writer, nullptr);
  expect_entries(writer->reader());
  expect_sound(queue_);
}

TEST_F(Format1, IsGivenBackByCompaction) {
  const auto writer = open_writer(options_for(queue_));
  ASSERT_NE(writer, nullptr);
  for (const std::uint64_t id : {5, 6}) ASSERT_TRUE(commit(*writer, {Remove{EntryId{id}}}));
  while (writer->compact()) {
  }
  EXPECT_GT(writer->counters().segments_freed, 0U);
  const auto full = writer->reader().read(EntryId{1});
  ASSERT_TRUE(full);
  EXPECT_EQ(full->envelope.envid, "QQ 314159");
  EXPECT_EQ(full->message.segment, 3U);
  EXPECT_EQ(read_message(writer->reader(), EntryId{1}), octets_of(message("full")));
  expect_sound(queue_);
  expect_rebuilt_the_same(queue_);
}

TEST(Segments, AreRolledAndNeverMissedSilently) {
  const ScratchDirectory scratch;
  const auto queue = scratch.path() / "queue";
  Options options = options_for(queue);
  options.segment_octets = 4096;
  {
    const auto writer = open_writer(options);
    for (int i = 0; i < 40; ++i) add(*writer, message(std::string(500, 'x')), Moment::durable);
    ASSERT_TRUE(writer->publish());
  }
  const auto segments = journal::list_segments(queue / "log");
  ASSERT_TRUE(segments);
  ASSERT_GE(segments->size(), 6U);
  expect_sound(queue);
  expect_rebuilt_the_same(queue);

  // In small shares, which do not begin anew with each segment, recovery makes the same rows.
  for (const journal::ReplayShare share : {journal::ReplayShare{7, UINT64_MAX}, {SIZE_MAX, 3000}, {1, 1}}) {
    const auto fresh = scratch.path() / "fresh";
    std::filesystem::remove_all(fresh);
    std::filesystem::create_directories(fresh / "index");
    {
      const auto environment = open_index(fresh / "index", Environment::Access::write, kTestMapOctets);
      ASSERT_TRUE(recover(**environment, queue / "log", share));
    }
    EXPECT_EQ(rows_of(fresh), rows_of(queue));
  }

  const auto open_error = [&](const auto& harm) -> std::optional<OpenError> {
    const auto copy = scratch.path() / "copy";
    copy_ledger(queue, copy);
    harm(copy);
    auto writer = Writer::open(options_for(copy));
    if (writer) return std::nullopt;
    return writer.error();
  };
  const auto missing = open_error([](const auto& copy) { std::filesystem::remove(segment_path(copy / "log", 2)); });
  ASSERT_TRUE(missing);
  EXPECT_NE(missing->text.find("00000002.seg: is missing"), std::string::npos) << missing->text;
  const auto first = open_error([](const auto& copy) { std::filesystem::remove(segment_path(copy / "log", 1)); });
  ASSERT_TRUE(first);
  EXPECT_NE(first->text.find("00000001.seg: is missing"), std::string::npos) << first->text;
  const auto gap = open_error([](const auto& copy) {
    std::filesystem::remove_all(copy / "index");
    std::filesystem::remove(segment_path(copy / "log", 3));
  });
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->kind, OpenError::Kind::log_damaged);
  const auto shorter =
      open_error([](const auto& copy) { std::filesystem::resize_file(segment_path(copy / "log", 3), 900); });
  ASSERT_TRUE(shorter);
  EXPECT_NE(shorter->text.find("00000003.seg"), std::string::npos);
  EXPECT_TRUE(open_error([](const auto& copy) { std::filesystem::remove_all(copy / "log"); }));

  // A segment that was being created: not even its header is whole.
  const auto begun = static_cast<std::uint32_t>(segments->size() + 1);
  EXPECT_FALSE(open_error([&](const auto& copy) { write_file(segment_path(copy / "log", begun), "POHQUE"); }));
  EXPECT_FALSE(open_error([&](const auto& copy) { write_file(segment_path(copy / "log", begun), ""); }));
  EXPECT_TRUE(
      open_error([&](const auto& copy) { write_file(segment_path(copy / "log", begun), std::string(99, 'x')); }));
}

// --- Killed

/// What the child tells.
struct Told {
  enum class What : std::uint32_t {
    added,   // it was answered: from here on the entry must be there
    going,   // it was asked to go: it may be there or not
    removed  // it was answered: it must not be there
  };
  What what = What::added;
  std::uint32_t number = 0;  // of an added message, which is octets_of_number()
  std::uint64_t entry = 0;
};

std::string octets_of_number(std::uint32_t number) {
  std::string octets = "message " + std::to_string(number) + "\r\n";
  return octets + std::string(number * 7919 % 3000, static_cast<char>('a' + number % 26));
}

/// Adds, updates, removes and compacts, and tells each answer, until it is killed.
[[noreturn]] void work_until_killed(const std::filesystem::path& directory, int pipe, unsigned seed) {
  Options options = options_for(directory);
  options.segment_octets = 32'768;
  auto writer = Writer::open(options);
  if (!writer) ::_exit(1);
  std::mt19937 random(seed);
  std::vector<EntryId> there;
  for (std::uint32_t next_number = seed * 1'000'000;;) {
    std::vector<Request> group;
    std::vector<Told> answers;
    for (unsigned i = 0; i < 1 + random() % 6; ++i) {
      answers.push_back({Told::What::added, ++next_number});
      const auto moment = random() % 5 == 0 ? Moment::published : Moment::durable;
      group.push_back({{message(octets_of_number(next_number))}, moment});
    }
    if (there.size() > 3 && random() % 2 == 0) {
      const auto going = there.begin() + static_cast<std::ptrdiff_t>(random() % there.size());
      ledger::tell(pipe, Told{Told::What::going, 0, number(*going)});
      answers.push_back({Told::What::removed, 0, number(*going)});
      group.push_back({{Update{*going, {{0, attempted(1)}}}, Remove{*going}}, Moment::durable});
      there.erase(going);
    }
    const auto durable = [&](std::span<const Outcome> outcomes) {
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (!outcomes[i]) ::_exit(2);
        if (answers[i].what == Told::What::added) {
          there.push_back(outcomes[i]->front());
          answers[i].entry = number(there.back());
        }
        ledger::tell(pipe, answers[i]);
      }
    };
    static_cast<void>((*writer)->commit(group, durable));
    if (random() % 3 == 0) static_cast<void>((*writer)->compact());
  }
}

/// What must be there, and what must not.
struct Promised {
  std::map<std::uint64_t, std::uint32_t> there;
  std::set<std::uint64_t> gone;

  void take(const Told& told) {
    if (told.what == Told::What::added) there[told.entry] = told.number;
    if (told.what == Told::What::going) there.erase(told.entry);
    if (told.what == Told::What::removed) gone.insert(told.entry);
  }
};

TEST(Killed, WhatWasAnsweredIsThereAndWhatWentIsGone) {
  const char* rounds_wanted = std::getenv("POSTHASTE_QUEUE_KILLS");
  const unsigned rounds = rounds_wanted ? static_cast<unsigned>(std::atoi(rounds_wanted)) : 6;
  const ScratchDirectory scratch;
  std::mt19937 random(11);
  Promised promised;
  for (unsigned round = 1; round <= rounds; ++round) {
    const auto last = static_cast<unsigned>(20 + random() % 300);
    ledger::kill_after<Told>(
        last, [&](int pipe) { work_until_killed(scratch.path(), pipe, round); },
        [&](const Told& told) { promised.take(told); });

    const auto writer = open_writer(options_for(scratch.path()));
    ASSERT_NE(writer, nullptr);
    for (const auto& [entry, number] : promised.there) {
      EXPECT_EQ(read_message(writer->reader(), EntryId{entry}), octets_of(message(octets_of_number(number))))
          << entry;
    }
    for (const std::uint64_t entry : promised.gone) {
      EXPECT_EQ(writer->reader().read(EntryId{entry}).error(), QueueError::not_found) << entry;
    }
    expect_sound(scratch.path());
    if (round % 3 == 0) expect_rebuilt_the_same(scratch.path());
  }
  EXPECT_GT(promised.there.size(), 50U);
  EXPECT_GT(promised.gone.size(), 5U);
}

/// Adds large messages that hold records, and tells of each, until it is killed.
[[noreturn]] void add_records_until_killed(const std::filesystem::path& directory, int answered) {
  auto writer = Writer::open(options_for(directory));
  if (!writer) ::_exit(1);
  const Add large = message_with_records(4 << 20);
  while (true) {
    std::vector<Request> group;
    group.push_back({{large}, Moment::durable});
    const auto tell = [&](std::span<const Outcome> outcomes) {
      if (!outcomes[0]) ::_exit(2);
      ledger::tell(answered, true);
    };
    static_cast<void>((*writer)->commit(group, tell));
  }
}

TEST(Killed, InTheMidstOfMessagesThatHoldRecordsItStartsAgain) {
  const ScratchDirectory scratch(quick_directory());
  std::size_t answered = 0;
  for (unsigned round = 1; round <= 8; ++round) {
    ledger::kill_after<bool>(
        2, [&](int pipe) { add_records_until_killed(scratch.path(), pipe); }, [&](bool) { ++answered; },
        [&] { ledger::wait_for_a_message_begun(scratch.path() / "log"); });
    const auto writer = open_writer(options_for(scratch.path()));
    ASSERT_NE(writer, nullptr);
    EXPECT_GE(ids_of(writer->reader()).size(), answered);
  }
}

// --- Full

TEST(FullDisk, RefusesWhatAddsAndLetsTheRestGoOn) {
  const ScratchDirectory scratch;
  {
    const auto writer = open_writer(options_for(scratch.path()));
    std::vector<EntryId> added;
    {
      const FileSizeLimit limit(1U << 20);
      while (true) {
        const Outcome outcome = commit(*writer, {message(std::string(20'000, 'x'))}, Moment::durable);
        if (!outcome) {
          EXPECT_EQ(outcome.error(), QueueError::full);
          break;
        }
        added.push_back(outcome->front());
        ASSERT_LT(added.size(), 100U);
      }
      EXPECT_NE(added.size() % Writer::kGroupsPutOff, 0U);  // some were durable and not published; none is lost
      EXPECT_FALSE(writer->failed());
      ASSERT_TRUE(writer->publish());
      EXPECT_EQ(ids_of(writer->reader()), added);

      // In one group with something too large, what is small goes on.
      std::vector<Request> mixed;
      mixed.push_back({{message(std::string(20'000, 'y'))}, Moment::published});
      mixed.push_back({{Update{added[0], {{0, attempted(1)}}}}, Moment::published});
      mixed.push_back({{Remove{added[1]}}, Moment::published});
      const auto outcomes = writer->commit(mixed, [](std::span<const Outcome>) {});
      EXPECT_EQ(outcomes[0].error(), QueueError::full);
      EXPECT_TRUE(outcomes[1]);
      EXPECT_TRUE(outcomes[2]);
      expect_sound(scratch.path());
    }
    const EntryId later = add(*writer, message(std::string(20'000, 'z')));
    EXPECT_EQ(read_message(writer->reader(), later), octets_of(message(std::string(20'000, 'z'))));
    expect_sound(scratch.path());
  }
  expect_rebuilt_the_same(scratch.path());
}

TEST(FullDisk, TheReserveIsKeptForWhatFreesRoom) {
  const ScratchDirectory scratch;
  {
    const auto writer = open_writer(options_for(scratch.path()));
    add(*writer, message("x"));
  }
  Options options = options_for(scratch.path());
  options.reserve_octets = UINT64_MAX;
  const auto writer = open_writer(options);
  EXPECT_EQ(commit(*writer, {message("y")}).error(), QueueError::full);
  EXPECT_EQ(commit(*writer, {message("y"), Remove{EntryId{1}}}).error(), QueueError::full);
  EXPECT_TRUE(commit(*writer, {Update{EntryId{1}, {{0, attempted(1)}}}}));
  EXPECT_TRUE(commit(*writer, {Remove{EntryId{1}}}));
  expect_sound(scratch.path());
}

TEST(FullIndex, IsAnsweredAndForgotten) {
  const ScratchDirectory scratch;
  Options options = options_for(scratch.path());
  options.map_octets = 2U << 20;
  {
    const auto writer = open_writer(options);
    std::vector<QueuedRecipient> recipients(20, waiting_recipient(std::string(60, 'a')));
    std::vector<EntryId> added;
    Outcome outcome;
    while ((outcome = commit(*writer, {message_to(recipients, "x")}))) {
      added.push_back(outcome->front());
      ASSERT_LT(added.size(), 10'000U);
    }
    EXPECT_EQ(outcome.error(), QueueError::full);
    EXPECT_GT(added.size(), 100U);
    EXPECT_FALSE(writer->failed());
    EXPECT_EQ(ids_of(writer->reader()), added);
    expect_sound(scratch.path());
    for (const EntryId id : added) ASSERT_TRUE(commit(*writer, {Remove{id}}));
    add(*writer, message_to(recipients, "x"));
    expect_sound(scratch.path());
  }
  expect_rebuilt_the_same(scratch.path());
}

TEST(Readers, ReadInProcessesOfTheirOwn) {
  const ScratchDirectory scratch;
  {
    const auto writer = open_writer(options_for(scratch.path()));
    add(*writer, message("first"));
  }
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto reader = Reader::open(scratch.path(), kTestMapOctets);
    if (!reader) ::_exit(1);
    for (int i = 0; i < 100; ++i) {
      if (read_message(**reader, EntryId{1}) != octets_of(message("first"))) ::_exit(2);
      if (ids_of(**reader).empty()) ::_exit(3);
    }
    ::_exit(0);
  }
  const auto writer = open_writer(options_for(scratch.path()));
  for (int i = 0; i < 50; ++i) add(*writer, message("later"));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  expect_sound(scratch.path());
}

}  // namespace
}  // namespace posthaste::queue
