#include "common/store/group_commit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <string>

#include "../executors.h"
#include "common/net/thread_pool.h"
#include "common/net/uv_loop.h"
#include "scratch.h"

namespace posthaste::store {
namespace {

TEST(GroupCommit, WhatWaitsGoesTogetherAndIsPublishedWhenIdle) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  HeldExecutor executor;
  GroupCommit group_commit(*writer, executor);
  int answered = 0;
  for (int i = 0; i < 300; ++i) {
    group_commit.submit(delivery(kAlice, "x"), kStart, [&](const Outcome& outcome) {
      EXPECT_TRUE(std::get<DeliverOutcome>(outcome));
      ++answered;
    });
  }
  EXPECT_EQ(executor.waiting(), 1U);
  executor.run();
  EXPECT_EQ(answered, 300);
  EXPECT_EQ(writer->counters().groups, 3U);         // 128, 128, 44
  EXPECT_EQ(writer->counters().index_commits, 1U);  // nobody waited for one
  EXPECT_EQ(mailbox(writer->store(), kAlice, "INBOX").messages, 300U);
  expect_sound(writer->store());
}

TEST(GroupCommit, AChangeIsAnsweredWhenReadersSeeIt) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  HeldExecutor executor;
  GroupCommit group_commit(*writer, executor);
  bool seen_by_delivery = true;
  bool seen_by_apply = false;
  const auto is_seen = [&] { return mailbox(writer->store(), kAlice, "a").id != MailboxId{}; };
  group_commit.submit(ApplyRequest{kAlice, {{CreateMailbox{"a", std::nullopt}}}, {}}, kStart,
                      [&](const Outcome&) { seen_by_apply = is_seen(); });
  group_commit.submit(delivery(kAlice, "x"), kStart, [&](const Outcome&) { seen_by_delivery = is_seen(); });
  executor.run();
  EXPECT_FALSE(seen_by_delivery);
  EXPECT_TRUE(seen_by_apply);
  expect_sound(writer->store());
}

TEST(GroupCommit, LargeMessagesMakeSmallGroups) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  HeldExecutor executor;
  GroupCommit group_commit(*writer, executor);
  for (int i = 0; i < 6; ++i) {
    group_commit.submit(delivery(kAlice, std::string(3U << 20, 'x')), kStart, [](const Outcome&) {});
  }
  executor.run();
  EXPECT_EQ(writer->counters().groups, 3U);  // of 8 MB at most: two in each
  expect_sound(writer->store());
}

/// What is submitted, and in which order it is answered: a letter each.
class Submitter {
 public:
  using Then = std::function<void()>;
  explicit Submitter(GroupCommit& group_commit) : group_commit_(group_commit) {}
  void submit(
      UserId user, std::size_t octets, char letter, Then then = [] {}) {
    group_commit_.submit(delivery(user, std::string(octets, 'x')), kStart,
                         [this, letter, then = std::move(then)](const Outcome& outcome) {
                           EXPECT_TRUE(std::get<DeliverOutcome>(outcome));
                           order_ += letter;
                           then();
                         });
  }
  [[nodiscard]] const std::string& order() const { return order_; }

 private:
  GroupCommit& group_commit_;
  std::string order_;
};

constexpr std::size_t kLarger = (8U << 20) + 1;  // than a group

TEST(GroupCommit, ASmallMessageWaitsForOneLargeWriteOfAnotherUser) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  HeldExecutor executor;
  GroupCommit group_commit(*writer, executor);
  Submitter submitter(group_commit);
  submitter.submit(kAlice, kLarger, 'A', [&] { submitter.submit(kBob, 1, 'b'); });
  for (int i = 0; i < 4; ++i) submitter.submit(kAlice, kLarger, 'A');
  executor.run();
  EXPECT_EQ(submitter.order(), "AbAAAA");
  expect_sound(writer->store());
}

TEST(GroupCommit, UsersTakeTurnsInAGroup) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  HeldExecutor executor;
  GroupCommit group_commit(*writer, executor);
  Submitter submitter(group_commit);
  for (int i = 0; i < 5; ++i) submitter.submit(kAlice, 3U << 20, 'A');
  for (int i = 0; i < 200; ++i) submitter.submit(kAlice, 1, 'a');
  for (int i = 0; i < 3; ++i) submitter.submit(kBob, 1, 'b');
  executor.run();
  EXPECT_EQ(submitter.order(),
            "AbAbb"
            "AAA" +
                std::string(200, 'a'));
  expect_sound(writer->store());
}

TEST(GroupCommit, SmallMessagesDoNotKeepLargeOnesWaiting) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  HeldExecutor executor;
  GroupCommit group_commit(*writer, executor);
  Submitter submitter(group_commit);
  int left = 5;
  const std::function<void()> again = [&] {
    if (left-- > 0) submitter.submit(kBob, 1, 'b', again);
  };
  again();
  for (int i = 0; i < 2; ++i) submitter.submit(kAlice, kLarger, 'A');
  executor.run();
  EXPECT_EQ(submitter.order(), "bAbAbbb");
  expect_sound(writer->store());
}

TEST(GroupCommit, AFailureAfterTheLastAnswerIsToldOnce) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  ASSERT_TRUE(deliver(*writer, delivery(kAlice, "first")));
  HeldExecutor executor;
  int told = 0;
  GroupCommit group_commit(*writer, executor, [&told] { ++told; });
  int delivered = 0;
  int refused = 0;
  const auto count = [&](const Outcome& outcome) { ++(std::get<DeliverOutcome>(outcome) ? delivered : refused); };
  {
    const FileSizeLimit limit(8192);  // the log is smaller, the index is larger
    group_commit.submit(delivery(kAlice, "second"), kStart, count);
    executor.run();
  }
  EXPECT_EQ(delivered, 1);  // durable, and not published
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(writer->failed());
  group_commit.submit(delivery(kAlice, "third"), kStart, count);
  executor.run();
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(told, 1);
}

net::Task<void> deliver_some(LocalStore& store, std::uint64_t user, int count, std::atomic<int>& delivered) {
  for (int i = 0; i < count; ++i) {
    Deliver message = delivery(UserId{user}, "from a task");
    const auto outcome = co_await store.deliver(std::move(message));
    if (outcome) ++delivered;
  }
  Batch batch{{CreateMailbox{"made by a task", std::nullopt}}};
  IdempotencyKey key{"key"};
  const auto applied = co_await store.apply(UserId{user}, std::move(batch), std::move(key));
  if (applied) ++delivered;
}

TEST(LocalStore, AnswersTasksFromTheWritersThread) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  std::atomic<int> delivered = 0;
  {
    net::ThreadPool thread(1);
    GroupCommit group_commit(*writer, thread);
    std::vector<std::jthread> workers;
    for (std::uint64_t user = 1; user <= 4; ++user) {
      workers.emplace_back([&, user] {
        net::UvLoop loop;
        LocalStore store(group_commit, loop, loop);
        loop.run(deliver_some(store, user, 20, delivered));
      });
    }
    workers.clear();
  }
  EXPECT_EQ(delivered, 84);
  expect_sound(writer->store());
}

TEST(LocalStore, WorksInlineAsInASimulation) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  std::atomic<int> delivered = 0;
  InlineExecutor executor;
  GroupCommit group_commit(*writer, executor);
  net::UvLoop loop;
  LocalStore store(group_commit, loop, loop);
  loop.run(deliver_some(store, 1, 5, delivered));
  EXPECT_EQ(delivered, 6);
  expect_sound(writer->store());
}

}  // namespace
}  // namespace posthaste::store
