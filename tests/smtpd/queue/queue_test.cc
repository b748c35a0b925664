#include "smtpd/queue/queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <thread>

#include "../../common/executors.h"
#include "common/net/thread_pool.h"
#include "common/net/uv_loop.h"
#include "scratch.h"

namespace posthaste::queue {
namespace {

/// A loop whose work is done by hand.
class HeldLoop final : public net::Loop {
 public:
  void post(std::move_only_function<void()> work) override { waiting_.push_back(std::move(work)); }
  void run() {
    while (!waiting_.empty()) {
      auto work = std::move(waiting_.front());
      waiting_.pop_front();
      net::run_in_turn(work);
    }
  }

 private:
  std::deque<std::move_only_function<void()>> waiting_;
};

/// A task that nobody awaits, for as long as the test holds it.
struct Started {
  struct promise_type {
    Started get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Started submit_and_keep(Queue& queue, net::Loop& loop, Batch batch, Moment moment, std::vector<Outcome>& answers) {
  Outcome outcome = co_await queue.submit(loop, std::move(batch), moment);
  answers.push_back(std::move(outcome));
}

Batch batch_of(Change change) {
  Batch batch;
  batch.push_back(std::move(change));
  return batch;
}

std::unique_ptr<Queue> open_queue(
    const Options& options, net::Executor& writer, std::move_only_function<void()> on_failure = [] {}) {
  auto queue = Queue::open(options, writer, std::move(on_failure));
  if (!queue) {
    ADD_FAILURE() << queue.error().text;
    return nullptr;
  }
  return std::move(*queue);
}

TEST(Submit, WhatWaitsGoesTogetherAndIsPublishedWhenIdle) {
  const ScratchDirectory scratch;
  HeldExecutor executor;
  HeldLoop loop;
  const auto queue = open_queue(options_for(scratch.path()), executor);
  executor.run();
  std::vector<Outcome> answers;
  for (int i = 0; i < 300; ++i) {
    submit_and_keep(*queue, loop, batch_of(message("x")), Moment::durable, answers);
  }
  executor.run();
  loop.run();
  ASSERT_EQ(answers.size(), 300U);
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], std::vector{EntryId{i + 1}});
  EXPECT_EQ(queue->counters().ledger.log_syncs, 3U);      // 128, 128, 44
  EXPECT_EQ(queue->counters().ledger.index_commits, 1U);  // nobody waited for one
  EXPECT_EQ(ids_of(queue->reader()).size(), 300U);
  expect_sound(scratch.path());
}

TEST(Submit, LargeMessagesMakeSmallGroups) {
  const ScratchDirectory scratch;
  HeldExecutor executor;
  HeldLoop loop;
  const auto queue = open_queue(options_for(scratch.path()), executor);
  executor.run();
  std::vector<Outcome> answers;
  for (int i = 0; i < 6; ++i) {
    submit_and_keep(*queue, loop, batch_of(message(std::string(3U << 20, 'x'))), Moment::durable, answers);
  }
  executor.run();
  loop.run();
  EXPECT_EQ(queue->counters().ledger.log_syncs, 3U);  // of 8 MB at most: two in each
  expect_sound(scratch.path());
}

TEST(Submit, ASmallMessageWaitsForOneGroupOfLargeOnes) {
  const ScratchDirectory scratch;
  HeldExecutor executor;
  HeldLoop loop;
  const auto queue = open_queue(options_for(scratch.path()), executor);
  executor.run();
  std::vector<Outcome> answers;
  std::vector<Outcome> small_answers;
  for (int i = 0; i < 6; ++i) {
    submit_and_keep(*queue, loop, batch_of(message(std::string(3U << 20, 'x'))), Moment::durable, answers);
  }
  for (int i = 0; i < 2; ++i) {
    submit_and_keep(*queue, loop, batch_of(message("x")), Moment::durable, small_answers);
  }
  executor.run();
  loop.run();
  EXPECT_EQ(answers.size(), 6U);
  ASSERT_EQ(small_answers.size(), 2U);
  EXPECT_EQ(small_answers[0], std::vector{EntryId{3}});  // ids are given in the order of writing
  EXPECT_EQ(small_answers[1], std::vector{EntryId{4}});
  EXPECT_EQ(queue->counters().ledger.log_syncs, 4U);
  expect_sound(scratch.path());
}

TEST(Submit, AnErrorIsTheBatchsOwn) {
  const ScratchDirectory scratch;
  HeldExecutor executor;
  HeldLoop loop;
  const auto queue = open_queue(options_for(scratch.path()), executor);
  std::vector<Outcome> answers;
  submit_and_keep(*queue, loop, batch_of(message("x")), Moment::published, answers);
  submit_and_keep(*queue, loop, batch_of(Remove{EntryId{5}}), Moment::published, answers);
  submit_and_keep(*queue, loop, batch_of(Remove{EntryId{1}}), Moment::published, answers);
  executor.run();
  loop.run();
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_TRUE(answers[0]);
  EXPECT_EQ(answers[1].error(), QueueError::not_found);
  EXPECT_TRUE(answers[2]);
  EXPECT_TRUE(ids_of(queue->reader()).empty());
}

TEST(Submit, IsCompactedWhenIdle) {
  const ScratchDirectory scratch;
  HeldExecutor executor;
  HeldLoop loop;
  Options options = options_for(scratch.path());
  options.segment_octets = 16'384;
  {
    const auto queue = open_queue(options, executor);
    std::vector<Outcome> answers;
    for (std::uint64_t i = 1; i <= 100; ++i) {
      submit_and_keep(*queue, loop, batch_of(message(std::string(1000, 'x'))), Moment::durable, answers);
      if (i % 10 != 0) submit_and_keep(*queue, loop, batch_of(Remove{EntryId{i}}), Moment::durable, answers);
      executor.run();
    }
    loop.run();
    EXPECT_GT(queue->counters().segments_freed, 3U);
    EXPECT_EQ(ids_of(queue->reader()).size(), 10U);
    expect_sound(scratch.path());
  }
  expect_rebuilt_the_same(scratch.path());
}

TEST(Submit, AFailureIsToldOnceAndNothingIsAnsweredAsDone) {
  const ScratchDirectory scratch;
  HeldExecutor executor;
  HeldLoop loop;
  int told = 0;
  {
    const auto queue = open_queue(options_for(scratch.path()), executor, [&told] { ++told; });
    std::vector<Outcome> answers;
    submit_and_keep(*queue, loop, batch_of(message("first")), Moment::published, answers);
    executor.run();
    {
      const FileSizeLimit limit(4096);  // the log is smaller, the index is larger
      submit_and_keep(*queue, loop, batch_of(message("second")), Moment::durable, answers);
      executor.run();
    }
    EXPECT_EQ(told, 1);
    submit_and_keep(*queue, loop, batch_of(message("third")), Moment::durable, answers);
    executor.run();
    loop.run();
    EXPECT_EQ(told, 1);
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_TRUE(answers[1]);  // durable, and not published
    EXPECT_EQ(answers[2].error(), QueueError::io);
  }
  const auto writer = open_writer(options_for(scratch.path()));
  EXPECT_EQ(read_message(writer->reader(), EntryId{2}), octets_of(message("second")));
  expect_sound(scratch.path());
}

TEST(Submit, AFullIndexIsAnsweredToWhomItConcerns) {
  const ScratchDirectory scratch;
  HeldExecutor executor;
  HeldLoop loop;
  const auto queue = open_queue(options_for(scratch.path()), executor);
  std::vector<Outcome> answers;
  submit_and_keep(*queue, loop, batch_of(message("first")), Moment::published, answers);
  executor.run();
  {
    const FileSizeLimit limit(4096);  // the log is smaller, the index is larger
    submit_and_keep(*queue, loop, batch_of(message("second")), Moment::published, answers);
    executor.run();
  }
  submit_and_keep(*queue, loop, batch_of(message("third")), Moment::published, answers);
  executor.run();
  loop.run();
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[1].error(), QueueError::full);
  EXPECT_EQ(answers[2], std::vector{EntryId{2}});
  EXPECT_EQ(read_message(queue->reader(), EntryId{2}), octets_of(message("third")));
  expect_sound(scratch.path());
}

net::Task<void> work_some(Queue& queue, net::Loop& loop, int rounds, std::atomic<int>& answered) {
  for (int i = 0; i < rounds; ++i) {
    Batch adding = batch_of(message("from a task " + std::string(static_cast<std::size_t>(i) * 50, 'x')));
    const auto added = co_await queue.submit(loop, std::move(adding), Moment::durable);
    if (!added) co_return;
    Status status;
    status.attempts = 1;
    Batch updating = batch_of(Update{added->front(), {{0, status}}});
    const auto updated = co_await queue.submit(loop, std::move(updating), Moment::published);
    if (!updated) co_return;
    if (queue.reader().read(added->front())->recipients[0].status.attempts != 1) co_return;
    if (i % 3 != 0) {
      Batch removing = batch_of(Remove{added->front()});
      const auto removed = co_await queue.submit(loop, std::move(removing), Moment::published);
      if (!removed) co_return;
    }
    ++answered;
  }
}

TEST(Submit, AnswersTasksOfManyLoopsFromTheWritersThread) {
  const ScratchDirectory scratch;
  std::atomic<int> answered = 0;
  Options options = options_for(scratch.path());
  options.segment_octets = 16'384;  // so that it compacts meanwhile
  {
    net::ThreadPool thread(1);
    const auto queue = open_queue(options, thread);
    std::vector<std::jthread> workers;
    for (int worker = 0; worker < 4; ++worker) {
      workers.emplace_back([&] {
        net::UvLoop loop;
        loop.run(work_some(*queue, loop, 21, answered));
      });
    }
    workers.emplace_back([&queue] {
      for (int i = 0; i < 50; ++i) {
        for (const EntryId id : ids_of(queue->reader())) static_cast<void>(read_message(queue->reader(), id));
        static_cast<void>(queue->counters());
      }
    });
    workers.clear();
    EXPECT_EQ(answered, 84);
    EXPECT_EQ(ids_of(queue->reader()).size(), 28U);
  }
  expect_sound(scratch.path());
  expect_rebuilt_the_same(scratch.path());
}

TEST(Submit, WorksInlineAsInASimulation) {
  const ScratchDirectory scratch;
  std::atomic<int> answered = 0;
  InlineExecutor executor;
  const auto queue = open_queue(options_for(scratch.path()), executor);
  net::UvLoop loop;
  loop.run(work_some(*queue, loop, 6, answered));
  EXPECT_EQ(answered, 6);
  EXPECT_EQ(ids_of(queue->reader()).size(), 2U);
  expect_sound(scratch.path());
}

}  // namespace
}  // namespace posthaste::queue
