// What a batch does, and what readers see of it.
#include "smtpd/queue/writer.h"

#include <gtest/gtest.h>

#include "scratch.h"

namespace posthaste::queue {
namespace {

Status deferred(std::uint32_t attempts, WallTime next_attempt) {
  Status status;
  status.attempts = attempts;
  status.next_attempt = next_attempt;
  status.last_attempt = at(1'700'000'100);
  status.last_host = "mx.example.net";
  status.last_reply = "451 4.4.1 try again";
  return status;
}

TEST(Batch, AddsAnEntryAsItWasGiven) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  Add one = message_to({waiting_recipient("a"), waiting_recipient("b")}, "body\r\n");
  one.envelope.envid = "id";
  one.recipients[1].status.held = true;
  const Envelope envelope = one.envelope;
  const auto recipients = one.recipients;
  const std::string octets = octets_of(one);
  const EntryId id = add(*writer, std::move(one));
  EXPECT_EQ(id, EntryId{1});
  const auto entry = writer->reader().read(id);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->id, id);
  EXPECT_EQ(entry->envelope, envelope);
  EXPECT_EQ(entry->recipients, recipients);
  EXPECT_EQ(entry->message.octets, octets.size());
  EXPECT_EQ(read_message(writer->reader(), id), octets);
  EXPECT_EQ(writer->reader().read_octets(entry->message, 3, 5), octets.substr(3, 5));
  EXPECT_EQ(writer->reader().read_octets(entry->message, octets.size() - 1, 5), "\n");
  EXPECT_EQ(writer->reader().read_octets(entry->message, octets.size(), 5), "");
  expect_sound(scratch.path());
}

TEST(Batch, UpdatesOnlyTheRecipientsItNames) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  const EntryId id = add(*writer, message("x"));
  const auto before = writer->reader().read(id);
  ASSERT_TRUE(commit(*writer, {Update{id, {{1, deferred(1, at(9))}}}}));
  const auto after = writer->reader().read(id);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->recipients[0], before->recipients[0]);
  EXPECT_EQ(after->recipients[1].recipient, before->recipients[1].recipient);
  EXPECT_EQ(after->recipients[1].status, deferred(1, at(9)));
  EXPECT_EQ(after->message, before->message);
  expect_sound(scratch.path());
}

TEST(Batch, RemovesAnEntryWithAllItsRows) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  const EntryId first = add(*writer, message("x"));
  const EntryId second = add(*writer, message("y"));
  ASSERT_TRUE(commit(*writer, {Remove{first}}));
  EXPECT_EQ(writer->reader().read(first).error(), QueueError::not_found);
  EXPECT_EQ(ids_of(writer->reader()), std::vector{second});
  EXPECT_EQ(add(*writer, message("z")), EntryId{3});
  expect_sound(scratch.path());
}

TEST(Batch, ReplacesAnEntryByItsReportAtOnce) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  const EntryId failed = add(*writer, message("x"));
  Batch batch;
  batch.emplace_back(message("report"));
  batch.emplace_back(Remove{failed});
  const Outcome outcome = commit(*writer, std::move(batch));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(*outcome, std::vector{EntryId{2}});
  EXPECT_EQ(ids_of(writer->reader()), std::vector{EntryId{2}});
  expect_sound(scratch.path());
}

TEST(Batch, ThatNamesWhatIsNotThereLeavesNoTrace) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  const EntryId id = add(*writer, message("x"));
  const Rows before = rows_of(scratch.path());
  struct Case {
    const char* name;
    std::vector<Change> changes;
  };
  const Case cases[] = {
      {"an unknown entry", {Remove{EntryId{9}}}},
      {"entry 0", {Update{EntryId{0}, {}}}},
      {"a third recipient", {Update{id, {{0, deferred(1, at(1))}, {2, deferred(1, at(1))}}}}},
      {"removed twice", {Remove{id}, Remove{id}}},
      {"updated after it was removed", {Remove{id}, Update{id, {{0, {}}}}}},
      {"what the batch itself adds", {message("y"), Remove{EntryId{2}}}},
      {"something good before", {message("y"), Update{id, {{0, deferred(7, at(1))}}}, Remove{EntryId{9}}}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(commit(*writer, c.changes).error(), QueueError::not_found) << c.name;
    EXPECT_EQ(rows_of(scratch.path()), before) << c.name;
  }
  EXPECT_EQ(add(*writer, message("y")), EntryId{2});
  expect_rebuilt_the_same(scratch.path());
}

TEST(Batch, ThatAsksForNothingIsGranted) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  const Outcome outcome = commit(*writer, {});
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->empty());
  EXPECT_EQ(writer->counters().ledger.log_syncs, 0U);
}

TEST(Batch, OfAGroupSeesThoseBeforeIt) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  std::vector<Request> group;
  group.push_back({{message("x")}, Moment::durable});
  group.push_back({{Update{EntryId{1}, {{0, deferred(1, at(5))}}}}, Moment::published});
  group.push_back({{Remove{EntryId{2}}}, Moment::published});  // not there: costs itself alone
  group.push_back({{message("y")}, Moment::durable});
  std::vector<Outcome> durable;
  const auto outcomes =
      writer->commit(group, [&](std::span<const Outcome> told) { durable.assign(told.begin(), told.end()); });
  EXPECT_EQ(durable[0], std::vector{EntryId{1}});
  EXPECT_TRUE(outcomes[1]);
  EXPECT_EQ(outcomes[2].error(), QueueError::not_found);
  EXPECT_EQ(durable[3], std::vector{EntryId{2}});
  EXPECT_EQ(writer->counters().ledger.log_syncs, 1U);
  EXPECT_EQ(writer->reader().read(EntryId{1})->recipients[0].status.attempts, 1U);
  expect_sound(scratch.path());
}

TEST(Moments, APublicationIsPutOffWhileNobodyWaitsForIt) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  for (int group = 1; group < Writer::kGroupsPutOff; ++group) {
    const EntryId id = add(*writer, message("x"), Moment::durable);
    EXPECT_EQ(writer->reader().read(id).error(), QueueError::not_found);
  }
  EXPECT_EQ(writer->counters().ledger.index_commits, 0U);
  const EntryId last = add(*writer, message("x"), Moment::durable);
  EXPECT_EQ(writer->counters().ledger.index_commits, 1U);
  EXPECT_TRUE(writer->reader().read(last));
  const EntryId one_more = add(*writer, message("x"), Moment::durable);
  ASSERT_TRUE(writer->publish());
  EXPECT_TRUE(writer->reader().read(one_more));
  EXPECT_TRUE(writer->reader().read(add(*writer, message("x"), Moment::published)));
  EXPECT_EQ(writer->counters().ledger.log_syncs, 18U);
  expect_sound(scratch.path());
}

TEST(Walk, TellsWhatASchedulerNeeds) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  auto held = waiting_recipient("held", at(1));
  held.status.held = true;
  auto done = waiting_recipient("done", at(2));
  done.status.fate = Fate::relayed;
  done.status.held = true;  // of no importance any more
  add(*writer, message_to({waiting_recipient("a", at(50)), held, done, waiting_recipient("b", at(40))}, "x"));
  add(*writer, message_to({held, done}, "yy"));
  add(*writer, message_to({}, ""));
  add(*writer, message_to({waiting_recipient("a", at(-7))}, "z"));
  std::vector<Summary> seen;
  const auto collect = [&](const Summary& summary) {
    seen.push_back(summary);
    return seen.size() < 4;
  };
  ASSERT_TRUE(writer->reader().walk(collect));
  ASSERT_EQ(seen.size(), 4U);
  struct Case {
    std::uint32_t recipients;
    std::uint32_t waiting;
    std::uint32_t held;
    std::optional<WallTime> next_attempt;
  };
  const Case expected[] = {{4, 3, 1, at(40)}, {2, 1, 1, {}}, {0, 0, 0, {}}, {1, 1, 0, at(-7)}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(seen[i].id, EntryId{i + 1});
    EXPECT_EQ(seen[i].envelope.trace_id, "trace");
    EXPECT_EQ(seen[i].recipients, expected[i].recipients) << i;
    EXPECT_EQ(seen[i].waiting, expected[i].waiting) << i;
    EXPECT_EQ(seen[i].held, expected[i].held) << i;
    EXPECT_EQ(seen[i].next_attempt, expected[i].next_attempt) << i;
  }
  EXPECT_EQ(seen[1].octets, std::string("Received: by us\r\nyy").size());
  seen.clear();
  ASSERT_TRUE(writer->reader().walk(collect, EntryId{3}));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].id, EntryId{4});
}

TEST(Walk, GoesInSlicesAndMayChangeWhatItWalks) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  Batch batch;
  for (int i = 0; i < 5000; ++i) batch.emplace_back(message("x"));  // three rows each
  ASSERT_EQ(commit(*writer, std::move(batch))->size(), 5000U);
  std::uint64_t expected = 0;
  const auto walked = writer->reader().walk([&](const Summary& summary) {
    EXPECT_EQ(number(summary.id), ++expected);
    if (expected % 1000 == 1) {
      EXPECT_TRUE(commit(*writer, {Remove{summary.id}}));
    }
    return true;
  });
  EXPECT_TRUE(walked);
  EXPECT_EQ(expected, 5000U);
  EXPECT_EQ(ids_of(writer->reader()).size(), 4995U);
  expect_sound(scratch.path());
}

TEST(LargeEntries, TenThousandRecipientsAreOneEntry) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  std::vector<QueuedRecipient> recipients;
  for (int i = 0; i < 10'000; ++i) recipients.push_back(waiting_recipient("user" + std::to_string(i)));
  const EntryId id = add(*writer, message_to(recipients, "x"));
  const std::uint64_t before = writer->counters().ledger.log_octets;
  ASSERT_TRUE(commit(*writer, {Update{id, {{9'999, deferred(1, at(1))}}}}));
  EXPECT_LT(writer->counters().ledger.log_octets - before, 200U);  // what changed, and nothing else
  recipients[9'999].status = deferred(1, at(1));
  EXPECT_EQ(writer->reader().read(id)->recipients, recipients);
  expect_rebuilt_the_same(scratch.path());
  ASSERT_TRUE(commit(*writer, {Remove{id}}));
  expect_sound(scratch.path());
}

TEST(Opening, SaysWhatIsWrong) {
  const ScratchDirectory scratch;
  const auto missing = Reader::open(scratch.path());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, OpenError::Kind::absent);

  write_file(scratch.path() / "file", "x");
  const auto unreachable = Writer::open(options_for(scratch.path() / "file" / "queue"));
  ASSERT_FALSE(unreachable);
  EXPECT_EQ(unreachable.error().kind, OpenError::Kind::unavailable);
  EXPECT_NE(unreachable.error().text.find("file/queue"), std::string::npos) << unreachable.error().text;

  const auto writer = open_writer(options_for(scratch.path() / "queue"));
  const auto second = Writer::open(options_for(scratch.path() / "queue"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, OpenError::Kind::unavailable);
  EXPECT_NE(second.error().text.find("another writer has it"), std::string::npos) << second.error().text;
}

}  // namespace
}  // namespace posthaste::queue
