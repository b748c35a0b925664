// What is made in steps: nobody sees half of it, and wherever it is cut off, nothing of it stays.
#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "common/store/group_commit.h"
#include "common/store/rows.h"
#include "scratch.h"

namespace posthaste::store {
namespace {

constexpr std::uint32_t kMany = 50;  // three steps of a COPY
constexpr std::uint32_t kSome = 45;  // more than is removed in four steps

WriterOptions small_steps(const std::filesystem::path& directory) {
  WriterOptions options = options_for(directory);
  options.step_sizes = {20, 10, 100};
  return options;
}

class InSteps : public ::testing::Test {
 protected:
  void SetUp() override {
    writer_ = open_writer(small_steps(path()));
    ASSERT_NE(writer_, nullptr);
  }
  void TearDown() override {
    if (!writer_) return;
    clear(*writer_);
    expect_sound(writer_->store());
    expect_rebuilt_the_same(path());
  }

  [[nodiscard]] std::filesystem::path path() const { return scratch_.path() / "store"; }
  [[nodiscard]] MailboxInfo box(std::string_view name) const { return mailbox(writer_->store(), kAlice, name); }
  [[nodiscard]] UserInfo user() const { return writer_->store().read(kAlice)->user()->value_or(UserInfo{}); }
  ApplyOutcome run(Operation operation, std::string key = {}) {
    return apply(*writer_, kAlice, {std::move(operation)}, kStart, std::move(key));
  }

  /// So many messages in "Big", which share ten bodies.
  void fill(std::uint32_t count) {
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(deliver(*writer_, delivery(kAlice, std::to_string(i))));
    ASSERT_TRUE(run(CreateMailbox{"Big", std::nullopt}));
    ASSERT_TRUE(run(CreateMailbox{"Target", std::nullopt}));
    while (box("Big").messages < count) {
      const MailboxInfo from = box("Big").messages < 10 ? box("INBOX") : box("Big");
      const std::uint32_t part = std::min({count - box("Big").messages, from.messages, std::uint32_t{20}});
      ASSERT_TRUE(run(Copy{from.id, {{Uid{1}, Uid{part}}}, box("Big").id}));
    }
    ASSERT_EQ(box("Big").messages, count);
  }
  [[nodiscard]] ApplyRequest copy_all(std::string key = {}) const {
    return {kAlice, {{Copy{box("Big").id, {kAllUids}, box("Target").id}}}, {std::move(key)}};
  }
  /// True when the request is done.
  bool go_on(ApplyRequest& request) {
    const Outcome outcome = step(*writer_, request);
    if (const auto* unfinished = std::get_if<Unfinished>(&outcome)) {
      request.so_far = unfinished->copy;
      return false;
    }
    last_ = std::get<ApplyOutcome>(outcome);
    return true;
  }
  Deliver to_target(std::string octets) {
    Deliver message = delivery(kAlice, std::move(octets));
    message.mailbox = "Target";
    return message;
  }
  /// What another process would find after this one was killed.
  std::filesystem::path take_image(const std::string& name) {
    const auto image = scratch_.path() / name;
    std::filesystem::remove_all(image);
    std::filesystem::copy(path(), image, std::filesystem::copy_options::recursive);
    std::filesystem::remove(image / "index" / "lock.mdb");
    return image;
  }

  ScratchDirectory scratch_;
  std::unique_ptr<Writer> writer_;
  ApplyOutcome last_ = std::unexpected(StoreError::cannot);
};

TEST_F(InSteps, ACopyIsSeenWhenAllOfItIsThere) {
  fill(kMany);
  ApplyRequest copy = copy_all();
  const UserInfo before = user();
  std::uint32_t arrived = 0;
  int steps = 1;
  for (; !go_on(copy); ++steps) {
    const auto late = deliver(*writer_, to_target("late"));
    ASSERT_TRUE(late);
    ++arrived;
    EXPECT_EQ(late->message.uid, Uid{arrived});
    EXPECT_EQ(messages(writer_->store(), kAlice, box("Target").id).size(), arrived);
    EXPECT_EQ(writer_->store()
                  .read(kAlice)
                  ->message(box("Target").id, copy.so_far->copied.destination.ranges()[0].first)
                  .error(),
              StoreError::no_such_message);
    EXPECT_EQ(box("Target").messages, arrived);
    EXPECT_EQ(user().used_messages, before.used_messages + arrived);
    EXPECT_FALSE(writer_->has_leftovers()) << "somebody goes on with it";
    expect_sound(writer_->store());
  }
  EXPECT_EQ(steps, 3);
  const ModSeq highest = user().modseq;
  const auto copied = only<Copied>(last_);
  EXPECT_EQ(last_->modseq, highest);
  EXPECT_EQ(copied.source, (UidSet{{Uid{1}, Uid{kMany}}}));
  EXPECT_EQ(copied.destination.size(), kMany);
  EXPECT_EQ(copied.uid_validity, box("Target").uid_validity);
  const auto there = messages(writer_->store(), kAlice, box("Target").id);
  const auto source = messages(writer_->store(), kAlice, box("Big").id);
  ASSERT_EQ(there.size(), kMany + arrived);
  for (std::uint32_t i = 0; i < kMany; ++i) {
    const Message& copy_of_it = there[arrived + i];
    ASSERT_EQ(copy_of_it.blob, source[i].blob) << i;
    ASSERT_EQ(copy_of_it.modseq, highest);
    ASSERT_TRUE(copied.destination.contains(copy_of_it.uid));
  }
  EXPECT_EQ(user().used_messages, before.used_messages + kMany + arrived);
  EXPECT_EQ(box("Target").uid_next, next(there.back().uid));
  EXPECT_EQ(deliver(*writer_, to_target("later"))->message.uid, next(there.back().uid));
}

TEST_F(InSteps, ACopyWithinOneMailboxEnds) {
  fill(kMany);
  const auto copied = only<Copied>(run(Copy{box("Big").id, {kAllUids}, box("Big").id}));
  EXPECT_EQ(copied.destination.size(), kMany);
  EXPECT_EQ(box("Big").messages, 2 * kMany);
}

TEST_F(InSteps, ACopyThatIsRepeatedIsAnsweredAndNotDone) {
  fill(kMany);
  const MailboxInfo target = box("Target");
  const Copy copy{box("Big").id, {kAllUids}, target.id};
  const auto first = run(copy, "key");
  const auto again = run(copy, "key");
  ASSERT_TRUE(first && again);
  EXPECT_EQ(*first, *again);
  EXPECT_EQ(box("Target").messages, kMany);
}

/// The process is killed after each apply that reached the log, whatever the index had.
TEST_F(InSteps, NothingStaysOfACopyThatWasCutOff) {
  fill(kMany);
  const auto image = take_image("image");
  const auto log = journal::segment_path(image / "log", 1);
  const std::uint64_t begun = std::filesystem::file_size(log);
  ApplyRequest copy = copy_all("key");
  while (!go_on(copy)) ASSERT_TRUE(deliver(*writer_, to_target("late")));
  std::ifstream file(journal::segment_path(path() / "log", 1), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::uint64_t> ends;
  const auto note = [&ends](std::span<const journal::ScannedRecord> apply) {
    ends.push_back(apply.back().body_offset + apply.back().body.size());
    return true;
  };
  const auto header = journal::decode_segment_header(kSegmentMagic, whole);
  static_cast<void>(journal::scan_records(whole, header->framing, header->octets(), 1, note));
  std::erase_if(ends, [begun](std::uint64_t end) { return end < begun; });
  ASSERT_EQ(ends.size(), 6U);  // three steps and two deliveries, behind what was there
  std::uint32_t delivered = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    SCOPED_TRACE(i);
    delivered = static_cast<std::uint32_t>(i / 2);
    const auto killed = scratch_.path() / "killed";
    std::filesystem::remove_all(killed);
    std::filesystem::copy(image, killed, std::filesystem::copy_options::recursive);
    std::ofstream(journal::segment_path(killed / "log", 1), std::ios::binary)
        .write(whole.data(), static_cast<std::streamsize>(ends[i]));
    {
      const auto writer = open_writer(small_steps(killed));
      ASSERT_NE(writer, nullptr);
      const auto target = [&] { return mailbox(writer->store(), kAlice, "Target"); };
      const bool is_done = i + 1 == ends.size();
      EXPECT_EQ(target().messages, is_done ? kMany + 2 : delivered);
      EXPECT_EQ(messages(writer->store(), kAlice, target().id).size(), target().messages);
      expect_sound(writer->store());
      clear(*writer);
      expect_sound(writer->store());
      const Rows rows = rows_of(killed / "index");
      EXPECT_TRUE(rows.lower_bound({static_cast<int>(Table::leftovers), ""}) == rows.end());
      EXPECT_EQ(target().messages, is_done ? kMany + 2 : delivered);
      ASSERT_TRUE(apply(*writer, kAlice, copy_all().batch.operations, kStart, "key"));  // the client asks again
      EXPECT_EQ(target().messages, kMany + (is_done ? 2 : delivered));
      expect_sound(writer->store());
    }
    expect_rebuilt_the_same(killed);
  }
}

TEST_F(InSteps, NothingStaysOfACopyThatFails) {
  fill(kMany);
  const UserInfo before = user();
  ASSERT_TRUE(run(SetQuota{{std::nullopt, before.used_messages + kMany - 1}}));
  EXPECT_EQ(run(copy_all().batch.operations[0]).error(), StoreError::over_quota);
  EXPECT_TRUE(messages(writer_->store(), kAlice, box("Target").id).empty());
  EXPECT_EQ(user().used_messages, before.used_messages);
  expect_sound(writer_->store());
  clear(*writer_);
  ASSERT_TRUE(run(SetQuota{{std::nullopt, before.used_messages + kMany}}));
  ASSERT_TRUE(run(copy_all().batch.operations[0]));
  EXPECT_EQ(user().used_messages, before.used_messages + kMany);
}

TEST_F(InSteps, ACopyEndsWithTheMailboxThatItGoesTo) {
  fill(kMany);
  ApplyRequest copy = copy_all();
  ASSERT_FALSE(go_on(copy));
  ASSERT_TRUE(run(DeleteMailbox{"Target"}));
  expect_sound(writer_->store());
  ASSERT_TRUE(go_on(copy));
  EXPECT_EQ(last_.error(), StoreError::no_such_mailbox);
  EXPECT_EQ(user().used_messages, kMany + 10);
}

TEST_F(InSteps, ACopyDoesNotGoOnInWhatWasMadeAnew) {
  fill(kMany);
  ApplyRequest copy = copy_all();
  ASSERT_FALSE(go_on(copy));
  ASSERT_TRUE(apply(*writer_, kAlice, {DeleteUser{}, CreateUser{}}));
  fill(kMany);  // the mailboxes have the same numbers
  ASSERT_TRUE(go_on(copy));
  EXPECT_EQ(last_.error(), StoreError::no_such_mailbox);
  EXPECT_EQ(box("Target").messages, 0U);
}

TEST_F(InSteps, WhatComesMeanwhileNeverGetsAmongTheCopies) {
  fill(kMany);
  ASSERT_TRUE(run(Copy{box("Big").id, {{Uid{1}, Uid{18}}}, box("Target").id}));
  ApplyRequest copy = copy_all();
  ASSERT_FALSE(go_on(copy));
  const Uid first = copy.so_far->copied.destination.ranges()[0].first;
  ApplyOutcome moved = ApplyResult{};
  while (moved) moved = run(Move{box("Target").id, {kAllUids}, box("Target").id});  // new UIDs each time
  EXPECT_EQ(moved.error(), StoreError::unavailable);
  EXPECT_LE(box("Target").uid_next, first);
  EXPECT_EQ(messages(writer_->store(), kAlice, box("Target").id).size(), 18U);
  while (!go_on(copy)) continue;
  EXPECT_TRUE(last_);
  EXPECT_EQ(box("Target").messages, 18U + kMany);
  EXPECT_TRUE(run(Move{box("Target").id, {{first, first}}, box("Target").id}));
}

/// Runs work when it is told to.
class HeldExecutor final : public net::Executor {
 public:
  void post(std::move_only_function<void()> work) override { waiting_.push_back(std::move(work)); }
  [[nodiscard]] bool has_room() const override { return true; }
  void run() {
    for (; !waiting_.empty(); waiting_.pop_front()) waiting_.front()();
  }

 private:
  std::deque<std::move_only_function<void()>> waiting_;
};

TEST_F(InSteps, OthersAreServedBetweenTheStepsOfACopy) {
  fill(kMany);
  HeldExecutor executor;
  std::string order;
  {
    GroupCommit group_commit(*writer_, executor);
    group_commit.submit(copy_all(), kStart, [&order](const Outcome& outcome) {
      EXPECT_TRUE(std::get<ApplyOutcome>(outcome));
      order += 'c';
    });
    // More of them than a group has.
    for (int i = 0; i < 300; ++i) {
      group_commit.submit(delivery(kBob, "x"), kStart, [&order](const Outcome& outcome) {
        EXPECT_TRUE(std::get<DeliverOutcome>(outcome));
        order += 'd';
      });
    }
    group_commit.submit(copy_all(), kStart, [&order](const Outcome& outcome) {  // waits for the first
      EXPECT_TRUE(std::get<ApplyOutcome>(outcome));
      order += 'C';
    });
    executor.run();
  }
  EXPECT_EQ(order, std::string(300, 'd') + "cC");
  EXPECT_EQ(box("Target").messages, 2 * kMany);
}

TEST_F(InSteps, ADeletedMailboxIsGoneAtOnceAndItsRowsByAndBy) {
  fill(kSome);
  ASSERT_TRUE(run(SetMetadata{box("Big").id, {{"/private/comment", "x"}}}));
  const MailboxInfo big = box("Big");
  ASSERT_TRUE(run(DeleteMailbox{"Big"}));
  EXPECT_TRUE(writer_->has_leftovers());
  const auto& store = writer_->store();
  EXPECT_EQ(store.read(kAlice)->mailbox(big.id).error(), StoreError::no_such_mailbox);
  EXPECT_EQ(store.read(kAlice)->mailbox("Big").error(), StoreError::no_such_mailbox);
  EXPECT_EQ(store.read(kAlice)->message(big.id, Uid{kSome}).error(), StoreError::no_such_message);
  const auto none = [](const Message&) { ADD_FAILURE() << "a message of a deleted mailbox"; };
  EXPECT_TRUE(store.read(kAlice)->scan(big.id, kAllUids, 10, none));
  EXPECT_EQ(user().used_messages, 10U);
  ASSERT_TRUE(run(CreateMailbox{"Big", std::nullopt}));
  EXPECT_NE(box("Big").id, big.id);
  EXPECT_GT(box("Big").uid_validity, big.uid_validity);
  int steps = 0;
  for (bool more = true; more; more = writer_->has_leftovers(), ++steps) {
    expect_sound(store);
    const auto image = take_image("image");  // killed here, the next one goes on
    {
      const auto next_writer = open_writer(small_steps(image));
      clear(*next_writer);
      expect_sound(next_writer->store());
      EXPECT_EQ(check(next_writer->store(), CheckDepth::index).messages, 10U);
    }
    expect_rebuilt_the_same(image);
    static_cast<void>(writer_->commit({}, kStart, Publication::now, [](std::span<const Outcome>) {}));
  }
  EXPECT_GE(steps, 2);
}

TEST_F(InSteps, ALongRecordOfWhatVanishedGoesByAndByToo) {
  fill(kSome);
  for (std::uint32_t uid = 1; uid <= 12; ++uid) {
    ASSERT_TRUE(run(Expunge{box("Big").id, {{Uid{uid}, Uid{uid}}}, ExpungeWhich::all}));
  }
  ASSERT_TRUE(run(Expunge{box("Big").id, {kAllUids}, ExpungeWhich::all}));
  ASSERT_TRUE(run(DeleteMailbox{"Big"}));
  EXPECT_TRUE(writer_->has_leftovers()) << "13 rows, of which 10 went at once";
}

TEST_F(InSteps, ADeletedUserIsNobodyFromTheFirstStepOn) {
  fill(kSome);
  for (int i = 0; i < 70; ++i) ASSERT_TRUE(run(CreateMailbox{"a/" + std::to_string(i), std::nullopt}));
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(run(SetSubscribed{"s" + std::to_string(i), true}));
  ASSERT_TRUE(deliver(*writer_, delivery(kBob, "bob's")));
  ApplyRequest deletion{kAlice, {{DeleteUser{}}}, {}};
  int steps = 1;
  for (; !go_on(deletion); ++steps) {
    EXPECT_EQ(deliver(*writer_, delivery(kAlice, "late")).error(), StoreError::no_such_mailbox);
    EXPECT_EQ(run(CreateMailbox{"late", std::nullopt}).error(), StoreError::no_such_mailbox);
    expect_sound(writer_->store());
    const auto image = take_image("image");
    {
      const auto next_writer = open_writer(small_steps(image));
      expect_sound(next_writer->store());
      ASSERT_TRUE(apply(*next_writer, kAlice, {DeleteUser{}}));
      expect_sound(next_writer->store());
      EXPECT_EQ(check(next_writer->store(), CheckDepth::index).messages, 1U);
    }
    expect_rebuilt_the_same(image);
  }
  EXPECT_GE(steps, 4);
  EXPECT_TRUE(last_);
  for (const auto& [key, value] : rows_of(path() / "index")) {
    const auto table = static_cast<Table>(key.first);
    const bool is_nobodys =
        table == Table::meta || table == Table::segments || table == Table::expiries || table == Table::blobs;
    EXPECT_TRUE(is_nobodys || key.second.starts_with(std::string_view(user_key(kBob)))) << key.first;
  }
  EXPECT_TRUE(run(CreateUser{})) << "the same number may be used again";
}

TEST_F(InSteps, AUsersEndIsCutOffBetweenTwoStepsWhenTheProcessEnds) {
  fill(kSome);
  HeldExecutor executor;
  std::optional<ApplyOutcome> answer;
  {
    GroupCommit group_commit(*writer_, executor);
    group_commit.submit(ApplyRequest{kAlice, {{DeleteUser{}}}, {}}, kStart,
                        [&answer](const Outcome& outcome) { answer = std::get<ApplyOutcome>(outcome); });
    group_commit.stop_deleting_users();
    executor.run();
  }
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error(), StoreError::unavailable);
  EXPECT_TRUE(*writer_->store().read(kAlice)->user());
  ApplyRequest deletion{kAlice, {{DeleteUser{}}}, {}};
  while (!go_on(deletion)) {
  }
  EXPECT_TRUE(last_);
  EXPECT_FALSE(*writer_->store().read(kAlice)->user());
}

TEST_F(InSteps, InABatchAUserGoesAtOnce) {
  fill(kSome);
  ASSERT_TRUE(apply(*writer_, kAlice, {DeleteMailbox{"Big"}, DeleteUser{}, CreateUser{}}));
  EXPECT_EQ(user().used_messages, 0U);
  EXPECT_FALSE(writer_->has_leftovers());
}

TEST_F(InSteps, NobodyIsMadeWhoIsNotAdmitted) {
  writer_.reset();
  auto options = small_steps(path());
  options.admit = [](UserId user) -> std::expected<void, StoreError> {
    if (user == kBob) return {};
    return std::unexpected(StoreError::no_such_mailbox);
  };
  writer_ = open_writer(std::move(options));
  EXPECT_TRUE(deliver(*writer_, delivery(kBob, "x")));
  EXPECT_EQ(deliver(*writer_, delivery(kAlice, "x")).error(), StoreError::no_such_mailbox);
  EXPECT_EQ(run(CreateUser{}).error(), StoreError::no_such_mailbox);
  EXPECT_TRUE(run(DeleteUser{}));
  EXPECT_FALSE(*writer_->store().read(kAlice)->user());
}

TEST_F(InSteps, WhatIsLeftOverGoesThoughItIsDamaged) {
  fill(kSome);
  const MailboxId big = box("Big").id;
  ASSERT_TRUE(run(DeleteMailbox{"Big"}));
  writer_.reset();
  {
    const auto environment = *open_index(path() / "index", Environment::Access::write, std::uint64_t{1} << 30);
    const auto txn = *WriteTxn::begin(*environment);
    txn->put(Table::hot_rows, hot_key(kAlice, big, Uid{kSome - 1}), "damaged");
    ASSERT_EQ(txn->commit(), 0);
  }
  const auto writer = open_writer(small_steps(path()));
  clear(*writer);
  EXPECT_FALSE(writer->failed());
  EXPECT_EQ(messages(writer->store(), kAlice, big).size(), 0U);
  EXPECT_FALSE(check(writer->store(), CheckDepth::index).problems.empty()) << "a reference is left, and is told of";
}

TEST_F(InSteps, ARecordOfWhatIsLeftOverThatDoesNotReadEndsNobodysPatience) {
  fill(kSome);
  const MailboxId big = box("Big").id;
  ASSERT_TRUE(run(DeleteMailbox{"Big"}));
  writer_.reset();
  {
    const auto environment = *open_index(path() / "index", Environment::Access::write, std::uint64_t{1} << 30);
    const auto txn = *WriteTxn::begin(*environment);
    txn->put(Table::leftovers, leftover_key(kAlice, big), "damaged");
    ASSERT_EQ(txn->commit(), 0);
  }
  const auto writer = open_writer(small_steps(path()));
  clear(*writer);
  EXPECT_EQ(apply(*writer, kAlice, {DeleteUser{}}).error(), StoreError::io);
  EXPECT_TRUE(deliver(*writer, delivery(kBob, "x")));
  EXPECT_FALSE(writer->failed());
}

}  // namespace
}  // namespace posthaste::store
