#include "common/net/alarm.h"

#include <gtest/gtest.h>

#include <memory>

#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/uv_loop.h"

namespace posthaste::net {
namespace {

using namespace std::chrono_literals;

Task<void> wait_and_note(Alarm& alarm, Clock& clock, Instant at, Instant& woken) {
  co_await alarm.wait_until(at);
  woken = clock.now();
}

TEST(Alarm, GoesOffAtItsInstant) {
  SimWorld sim{1};
  Alarm alarm{sim.loop()};
  Instant woken{};
  EXPECT_TRUE(sim.run(wait_and_note(alarm, sim.loop(), Instant{5s}, woken)));
  EXPECT_EQ(woken, Instant{5s});
}

TEST(Alarm, AnInstantThatHasPassedDoesNotWait) {
  SimWorld sim{1};
  Alarm alarm{sim.loop()};
  Instant woken{99s};
  EXPECT_TRUE(sim.run(wait_and_note(alarm, sim.loop(), Instant{-5s}, woken)));
  EXPECT_EQ(woken, Instant{0s});
}

TEST(Alarm, RingingEndsTheSleepEarly) {
  SimWorld sim{1};
  Alarm alarm{sim.loop()};
  Instant woken{};
  sim.loop().at(Instant{2s}, [&] { alarm.ring(); });
  EXPECT_TRUE(sim.run(wait_and_note(alarm, sim.loop(), Instant{1h}, woken)));
  EXPECT_EQ(woken, Instant{2s});
}

TEST(Alarm, ARingBeforeTheWaitCounts) {
  SimWorld sim{1};
  Alarm alarm{sim.loop()};
  alarm.ring();
  Instant woken{99s};
  EXPECT_TRUE(sim.run(wait_and_note(alarm, sim.loop(), Instant{1h}, woken)));
  EXPECT_EQ(woken, Instant{0s});
}

Task<void> wait_twice(Alarm& alarm, UvLoop& loop) {
  loop.post([&alarm] { alarm.ring(); });
  co_await alarm.wait_until(loop.now() + 1h);
  co_await alarm.wait_until(loop.now() + 5ms);
}

TEST(Alarm, WorksOnTheRealLoop) {
  UvLoop loop;
  Alarm alarm{loop};
  const Instant start = loop.now();
  loop.run(wait_twice(alarm, loop));
  EXPECT_LT(loop.now() - start, 1min);
  EXPECT_GE(loop.now() - start, 5ms);
}

Task<void> start_and_drop(UvLoop& loop, bool& fired) {
  {
    const auto timer = loop.start_timer(1ms, [&fired] { fired = true; });
  }
  co_await loop.sleep(20ms);
}

TEST(Timer, DoesNotFireOnceItIsGone) {
  UvLoop loop;
  bool fired = false;
  loop.run(start_and_drop(loop, fired));
  EXPECT_FALSE(fired);
}

Task<void> let_go_when_fired(UvLoop& loop, bool& fired) {
  std::unique_ptr<Timer> timer;
  timer = loop.start_timer(1ms, [&] {
    fired = true;
    timer.reset();
  });
  while (!fired) co_await loop.sleep(1ms);
}

TEST(Timer, MayBeLetGoByWhatItCalls) {
  UvLoop loop;
  bool fired = false;
  loop.run(let_go_when_fired(loop, fired));
  EXPECT_TRUE(fired);
}

}  // namespace
}  // namespace posthaste::net
