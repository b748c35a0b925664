#include "common/ledger/rounds.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "../executors.h"
#include "common/net/thread_pool.h"

namespace posthaste::ledger {
namespace {

/// Two at a time.
class Line {
 public:
  using Waiting = char;

  void add(Waiting waiting) { waiting_.push_back(waiting); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::deque<Waiting> take_group() {
    std::deque<Waiting> group;
    while (!waiting_.empty() && group.size() < 2) {
      group.push_back(waiting_.front());
      waiting_.pop_front();
    }
    return group;
  }

 private:
  std::deque<Waiting> waiting_;
};

std::string in_brackets(const std::deque<char>& group) {
  return "[" + std::string(group.begin(), group.end()) + "]";
}

TEST(Rounds, WhatWaitsGoesInGroupsForOnePost) {
  HeldExecutor executor;
  std::string done;
  Rounds<Line> rounds(executor, [&](const std::deque<char>& group) {
    done += in_brackets(group);
    return false;
  });
  for (const char each : {'a', 'b', 'c'}) rounds.add(each);
  EXPECT_EQ(executor.waiting(), 1U);
  EXPECT_TRUE(rounds.somebody_waits());
  executor.run();
  EXPECT_EQ(done, "[ab][c]");
  rounds.add('d');
  EXPECT_EQ(executor.waiting(), 1U) << "the next one is posted anew";
  executor.run();
  EXPECT_EQ(done, "[ab][c][d]");
}

TEST(Rounds, TheFirstOneNeedsNobody) {
  HeldExecutor executor;
  std::string done;
  Rounds<Line> rounds(executor, [&](const std::deque<char>& group) {
    done += in_brackets(group);
    return false;
  });
  rounds.start();
  rounds.add('a');
  EXPECT_EQ(executor.waiting(), 1U);
  executor.run();
  EXPECT_EQ(done, "[a]");
  EXPECT_EQ(executor.waiting(), 0U);
}

TEST(Rounds, GoOnForNobodyAsLongAsOneIsDue) {
  HeldExecutor executor;
  std::string done;
  int left = 3;
  Rounds<Line> rounds(executor, [&](const std::deque<char>& group) {
    done += in_brackets(group);
    return --left > 0;
  });
  rounds.add('a');
  executor.run();
  EXPECT_EQ(done, "[a][][]");
}

TEST(Rounds, WhoComesInARoundIsInTheNext) {
  InlineExecutor executor;
  std::string done;
  Rounds<Line>* all = nullptr;
  Rounds<Line> rounds(executor, [&](const std::deque<char>& group) {
    done += in_brackets(group);
    if (done.size() < 9) all->add('x');
    return false;
  });
  all = &rounds;
  rounds.add('a');
  EXPECT_EQ(done, "[a][x][x]");
}

/// One that is due for ever is no reason to go on when it ends; who waits is.
TEST(Rounds, EndWhenNobodyWaits) {
  for (int i = 0; i < 20; ++i) {
    net::ThreadPool thread{1, 8};
    std::atomic<int> done = 0;
    {
      Rounds<Line> rounds(thread, [&](const std::deque<char>& group) {
        done += static_cast<int>(group.size());
        return true;
      });
      rounds.start();
      for (int each = 0; each < 100; ++each) rounds.add('a');
      while (done < 100) std::this_thread::yield();
    }
    EXPECT_EQ(done, 100);
  }
}

TEST(Rounds, ManyMayAsk) {
  net::ThreadPool thread{1, 8};
  std::atomic<int> done = 0;
  {
    Rounds<Line> rounds(thread, [&](const std::deque<char>& group) {
      done += static_cast<int>(group.size());
      return false;
    });
    std::vector<std::thread> many;
    for (int i = 0; i < 4; ++i) {
      many.emplace_back([&] {
        for (int each = 0; each < 1'000; ++each) rounds.add('a');
      });
    }
    for (std::thread& one : many) one.join();
    while (done < 4'000) std::this_thread::yield();
  }
  EXPECT_EQ(done, 4'000);
}

}  // namespace
}  // namespace posthaste::ledger
