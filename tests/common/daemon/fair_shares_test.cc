#include "common/daemon/fair_shares.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

namespace posthaste::daemon {
namespace {

constexpr UserId kGreedy{1};
constexpr UserId kModest{2};

/// Runs what was posted one by one, when it is told to.
class OneByOne final : public net::Executor {
 public:
  void post(std::move_only_function<void()> work) override { waiting_.push_back(std::move(work)); }
  [[nodiscard]] bool has_room() const override { return true; }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }
  void run_all() {
    while (!waiting_.empty()) {
      auto work = std::move(waiting_.front());
      waiting_.pop_front();
      work();
    }
  }

 private:
  std::deque<std::move_only_function<void()>> waiting_;
};

TEST(FairShares, WhoAsksForMuchKeepsNobodyWaiting) {
  OneByOne executor;
  FairShares shares{2};
  const auto greedy = shares.of(kGreedy, executor);
  const auto modest = shares.of(kModest, executor);
  std::string order;
  for (int i = 0; i < 100; ++i) greedy->post([&order] { order += 'g'; });
  for (int i = 0; i < 2; ++i) modest->post([&order] { order += 'm'; });
  EXPECT_EQ(executor.size(), 4U);
  executor.run_all();
  EXPECT_EQ(order, "ggmm" + std::string(98, 'g'));
}

TEST(FairShares, UsersTakeTurns) {
  OneByOne executor;
  FairShares shares{1};
  const auto greedy = shares.of(kGreedy, executor);
  const auto modest = shares.of(kModest, executor);
  std::string order;
  for (int i = 0; i < 3; ++i) greedy->post([&order] { order += 'g'; });
  for (int i = 0; i < 3; ++i) modest->post([&order] { order += 'm'; });
  executor.run_all();
  EXPECT_EQ(order, "gmgmgm");
}

TEST(FairShares, AllSessionsOfAUserHaveOneShare) {
  OneByOne executor;
  FairShares shares{2};
  const auto one = shares.of(kGreedy, executor);
  const auto other = shares.of(kGreedy, executor);
  std::string order;
  for (int i = 0; i < 2; ++i) one->post([&order] { order += '1'; });
  for (int i = 0; i < 2; ++i) other->post([&order] { order += '2'; });
  EXPECT_EQ(executor.size(), 2U);
  executor.run_all();
  EXPECT_EQ(order, "1122");
}

TEST(FairShares, AUsersWorkBeginsInItsOrderWhenTheirSessionIsGone) {
  OneByOne executor;
  FairShares shares{2};
  std::string order;
  {
    const auto modest = shares.of(kModest, executor);
    for (char c = 'a'; c <= 'f'; ++c) modest->post([&order, c] { order += c; });
  }
  executor.run_all();
  EXPECT_EQ(order, "abcdef");
}

TEST(FairShares, AUserMayHoldHalfOfTheThreads) {
  EXPECT_EQ(threads_per_user(1), 1U);
  EXPECT_EQ(threads_per_user(3), 1U);
  EXPECT_EQ(threads_per_user(4), 2U);
  EXPECT_EQ(threads_per_user(9), 4U);
}

}  // namespace
}  // namespace posthaste::daemon
