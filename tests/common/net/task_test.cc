#include "common/net/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/net/event.h"
#include "common/net/scope.h"

namespace posthaste::net {
namespace {

Task<int> finishes_at_once(int value) { co_return value; }

Task<void> await_a_million(long& sum) {
  for (int i = 0; i < 1'000'000; ++i) sum += co_await finishes_at_once(1);
}

Task<void> end_when_woken(Event& event, bool& ended) {
  co_await event.wait();
  ended = true;
}

TEST(RunInTurn, ThoseWokenGoOnAfterTheWork) {
  Event event;
  bool ended = false;
  bool ended_inside = true;
  TaskScope scope;
  scope.spawn(end_when_woken(event, ended));
  std::move_only_function<void()> work = [&] {
    event.notify_all();
    ended_inside = ended;
  };
  run_in_turn(work);
  EXPECT_FALSE(ended_inside);
  EXPECT_TRUE(ended);
}

TEST(Task, AMillionTasksThatFinishAtOnceNeedNoStack) {
  long sum = 0;
  TaskScope scope;
  scope.spawn(await_a_million(sum));
  EXPECT_EQ(sum, 1'000'000);
}

Task<int> wait_once(Event& event) {
  co_await event.wait();
  co_return 1;
}

Task<void> ping(Event& mine, Event& theirs, long& turns) {
  for (int i = 0; i < 100'000; ++i) {
    theirs.notify_all();
    turns += co_await wait_once(mine);
  }
  theirs.notify_all();
}

TEST(Task, TwoThatWakeEachOtherNeedNoStack) {
  Event a;
  Event b;
  long turns = 0;
  TaskScope scope;
  scope.spawn(ping(a, b, turns));
  scope.spawn(ping(b, a, turns));
  a.notify_all();
  b.notify_all();
  EXPECT_EQ(turns, 200'000);
  EXPECT_EQ(scope.active(), 0U);
}

Task<int> chain(int depth, Event& event) {
  if (depth == 0) co_return co_await wait_once(event);
  co_return co_await chain(depth - 1, event) + 1;
}

Task<void> store(int& into, Task<int> task) { into = co_await task; }

TEST(Task, AChainThatWaitsAtItsEndUnwindsThroughTheTrampoline) {
  Event event;
  int depth = 0;
  TaskScope scope;
  scope.spawn(store(depth, chain(1000, event)));
  EXPECT_EQ(scope.active(), 1U);
  event.notify_all();
  EXPECT_EQ(depth, 1001);
}

Task<int> throws() {
  throw std::runtime_error("lost");
  co_return 0;
}

Task<void> catches(std::string& what) {
  try {
    co_await throws();
  } catch (const std::runtime_error& error) {
    what = error.what();
  }
}

TEST(Task, AnExceptionReachesTheAwaiter) {
  std::string what;
  TaskScope scope;
  scope.spawn(catches(what));
  EXPECT_EQ(what, "lost");
}

Task<void> keep(std::shared_ptr<int> value, Event& event) {
  co_await event.wait();
  *value += 1;
}

TEST(Scope, FramesOwnTheirParametersAndGoWhenTheTaskEnds) {
  const auto value = std::make_shared<int>(0);
  Event event;
  TaskScope scope;
  for (int i = 0; i < 3; ++i) scope.spawn(keep(value, event));
  EXPECT_EQ(value.use_count(), 4);
  event.notify_all();
  EXPECT_EQ(*value, 3);
  EXPECT_EQ(value.use_count(), 1);
}

TEST(Scope, StopCallsTheHandlersThatStillLiveAndThoseToCome) {
  TaskScope scope;
  std::vector<int> called;
  const TaskScope::StopHandler first{scope, [&called] { called.push_back(1); }};
  {
    const TaskScope::StopHandler gone{scope, [&called] { called.push_back(2); }};
  }
  scope.stop();
  const TaskScope::StopHandler late{scope, [&called] { called.push_back(3); }};
  EXPECT_EQ(called, (std::vector{1, 3}));
}

/// Waits until it is told to stop, as a session does; its handler goes with it.
Task<void> live_until_stopped(TaskScope& scope, int& ended) {
  Event told;
  const TaskScope::StopHandler handler{scope, [&told] { told.notify_all(); }};
  co_await told.wait();
  ++ended;
}

TEST(Scope, HandlersMayGoWhileStopCallsThem) {
  TaskScope scope;
  int ended = 0;
  for (int i = 0; i < 3; ++i) scope.spawn(live_until_stopped(scope, ended));
  scope.stop();
  EXPECT_EQ(ended, 3);
}

Task<void> drain(TaskScope& scope, bool& drained) {
  co_await scope.drained();
  drained = true;
}

TEST(Scope, DrainedWaitsForTheLast) {
  Event event;
  bool drained = false;
  TaskScope outer;
  TaskScope inner;
  inner.spawn(keep(std::make_shared<int>(0), event));
  outer.spawn(drain(inner, drained));
  EXPECT_FALSE(drained);
  event.notify_all();
  EXPECT_TRUE(drained);
}

ValueOrTask<int> soon(bool now, Event& event) {
  if (now) return 7;
  return wait_once(event);
}

Task<void> add(int& sum, bool now, Event& event) { sum += co_await soon(now, event); }

TEST(ValueOrTask, SuspendsOnlyWhenThereIsSomethingToWaitFor) {
  Event event;
  int sum = 0;
  TaskScope scope;
  scope.spawn(add(sum, true, event));
  EXPECT_EQ(sum, 7);
  scope.spawn(add(sum, false, event));
  EXPECT_EQ(sum, 7);
  event.notify_all();
  EXPECT_EQ(sum, 8);
}

}  // namespace
}  // namespace posthaste::net
