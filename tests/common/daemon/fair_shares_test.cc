#include "common/daemon/fair_shares.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "../executors.h"

namespace posthaste::daemon {
namespace {

using namespace std::chrono_literals;

constexpr UserId kGreedy{1};
constexpr UserId kModest{2};

TEST(FairShares, WhoAsksForMuchKeepsNobodyWaiting) {
  HeldExecutor executor;
  FairShares shares{2};
  const auto greedy = shares.of(kGreedy, executor);
  const auto modest = shares.of(kModest, executor);
  std::string order;
  for (int i = 0; i < 100; ++i) greedy->post([&order] { order += 'g'; });
  for (int i = 0; i < 2; ++i) modest->post([&order] { order += 'm'; });
  EXPECT_EQ(executor.waiting(), 4U);
  executor.run();
  EXPECT_EQ(order, "ggmm" + std::string(98, 'g'));
}

TEST(FairShares, UsersTakeTurns) {
  HeldExecutor executor;
  FairShares shares{1};
  const auto greedy = shares.of(kGreedy, executor);
  const auto modest = shares.of(kModest, executor);
  std::string order;
  for (int i = 0; i < 3; ++i) greedy->post([&order] { order += 'g'; });
  for (int i = 0; i < 3; ++i) modest->post([&order] { order += 'm'; });
  executor.run();
  EXPECT_EQ(order, "gmgmgm");
}

TEST(FairShares, AllSessionsOfAUserHaveOneShare) {
  HeldExecutor executor;
  FairShares shares{2};
  const auto one = shares.of(kGreedy, executor);
  const auto other = shares.of(kGreedy, executor);
  std::string order;
  for (int i = 0; i < 2; ++i) one->post([&order] { order += '1'; });
  for (int i = 0; i < 2; ++i) other->post([&order] { order += '2'; });
  EXPECT_EQ(executor.waiting(), 2U);
  executor.run();
  EXPECT_EQ(order, "1122");
}

TEST(FairShares, AUsersWorkBeginsInItsOrderWhenTheirSessionIsGone) {
  HeldExecutor executor;
  FairShares shares{2};
  std::string order;
  {
    const auto modest = shares.of(kModest, executor);
    for (char c = 'a'; c <= 'f'; ++c) modest->post([&order, c] { order += c; });
  }
  executor.run();
  EXPECT_EQ(order, "abcdef");
}

/// Time that the tests make pass.
struct Times {
  static inline std::chrono::nanoseconds worked{0};
  static inline std::chrono::nanoseconds now{1h};
  static std::chrono::nanoseconds read_worked() noexcept { return worked; }
  static std::chrono::nanoseconds read_now() noexcept { return now; }
  static constexpr WorkClock kClock{read_worked, read_now};
};

/// Two executors, and users who post pieces of work that take so long.
class Patience : public testing::Test {
 protected:
  void post(UserId user, std::chrono::nanoseconds worked, std::chrono::nanoseconds interrupted = {}) {
    const auto io = shares_.of(user, usual_);
    io->post([worked, interrupted] {
      Times::worked += worked;
      Times::now += worked + interrupted;
    });
  }
  /// Where the next piece of the user's work goes.
  bool is_patient(UserId user) {
    post(user, 0ms);
    const bool patient = patient_.waiting() > 0;
    EXPECT_EQ(patient_.waiting() + usual_.waiting(), 1U);
    run_all();
    return patient;
  }
  void run_all() {
    while (usual_.waiting() + patient_.waiting() > 0) {
      usual_.run();
      patient_.run();
    }
  }

  HeldExecutor usual_;
  HeldExecutor patient_;
  FairShares shares_{2, &patient_, Times::kClock};
};

TEST_F(Patience, WhoHasHadMuchIsServedBehindAllOthers) {
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(is_patient(kGreedy));
    post(kGreedy, 10ms);
    run_all();
  }
  EXPECT_TRUE(is_patient(kGreedy));
  EXPECT_FALSE(is_patient(kModest));
}

TEST_F(Patience, IsAskedBetweenTwoPiecesThatWereAskedForTogether) {
  for (int i = 0; i < 5; ++i) post(kGreedy, 30ms);
  post(kModest, 30ms);
  EXPECT_EQ(usual_.waiting(), 3U);
  usual_.run();
  EXPECT_EQ(patient_.waiting(), 2U);  // by the third there is too much
  run_all();
}

TEST_F(Patience, EndsAsTimePasses) {
  post(kGreedy, 60ms);
  run_all();
  EXPECT_TRUE(is_patient(kGreedy));
  Times::now += 99ms;
  EXPECT_TRUE(is_patient(kGreedy));
  Times::now += 1ms;
  EXPECT_FALSE(is_patient(kGreedy));
}

TEST_F(Patience, IsAskedForASecondAtMost) {
  for (int i = 0; i < 100; ++i) post(kGreedy, 100ms);
  run_all();
  EXPECT_TRUE(is_patient(kGreedy));
  Times::now += 1s;
  EXPECT_FALSE(is_patient(kGreedy));
}

TEST_F(Patience, IsNotAskedOfWhoAsksForLittleAllTheTime) {
  for (int i = 0; i < 1'000; ++i) {
    post(kModest, 1ms);
    run_all();
    EXPECT_FALSE(is_patient(kModest));
    Times::now += 10ms;
  }
}

TEST_F(Patience, IsNotAskedOfWhoWasInterrupted) {
  for (int i = 0; i < 100; ++i) {
    post(kModest, 1ms, 20ms);
    run_all();
    EXPECT_FALSE(is_patient(kModest));
  }
}

TEST_F(Patience, IsAskedOfWhoAsksForLittleMuchTooOften) {
  for (int i = 0; i < 60; ++i) {
    post(kGreedy, 999us);
    run_all();
  }
  EXPECT_TRUE(is_patient(kGreedy));
}

TEST_F(Patience, OfAUserIsNotForgottenForManyOthers) {
  post(kGreedy, 60ms);
  run_all();
  for (std::uint64_t user = 100; user < 3'000; ++user) {
    post(UserId{user}, 10us);
    run_all();
  }
  EXPECT_TRUE(is_patient(kGreedy));
}

TEST(FairShares, OneProcessorIsLeftToShortWork) {
  EXPECT_EQ(patient_threads(4, 0), 1U);
  EXPECT_EQ(patient_threads(4, 1), 1U);
  EXPECT_EQ(patient_threads(4, 2), 1U);
  EXPECT_EQ(patient_threads(4, 4), 3U);
  EXPECT_EQ(patient_threads(4, 64), 4U);
  EXPECT_EQ(patient_threads(1, 64), 1U);
}

TEST(FairShares, AUserMayHoldHalfOfTheThreads) {
  EXPECT_EQ(threads_per_user(1), 1U);
  EXPECT_EQ(threads_per_user(3), 1U);
  EXPECT_EQ(threads_per_user(4), 2U);
  EXPECT_EQ(threads_per_user(9), 4U);
}

}  // namespace
}  // namespace posthaste::daemon
