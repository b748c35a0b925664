// Two with much to do take turns.
#include "common/net/turns.h"

#include <gtest/gtest.h>

#include <string>

#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/stream.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"

namespace posthaste::net {
namespace {

constexpr int kSteps = 3 * Turns::kStepsInOne;

Task<void> work(Clock& clock, char name, std::string& done) {
  Turns turns{clock};
  for (int i = 0; i < kSteps; ++i) {
    if (turns.step()) co_await turns.let_others_run();
    done += name;
  }
}

Task<void> both(SimWorld& sim, std::string& done) {
  TaskScope scope;
  scope.spawn(work(sim.loop(), 'a', done));
  scope.spawn(work(sim.loop(), 'b', done));
  co_await scope.drained();
}

TEST(Turns, NobodyWaitsForTheEndOfWhatAnotherDoes) {
  SimWorld sim{1};
  std::string done;
  ASSERT_TRUE(sim.run(both(sim, done)));
  EXPECT_EQ(done.size(), 2U * kSteps);
  EXPECT_LT(done.find('b'), std::size_t{Turns::kStepsInOne});
  EXPECT_LT(done.find('b'), done.rfind('a'));
  EXPECT_LT(done.rfind('a'), done.rfind('b'));
}

Task<void> spin(UvLoop& loop, const bool& ends, int& turns) {
  while (!ends && turns < 100'000) {
    ++turns;
    co_await loop.sleep(std::chrono::milliseconds{0});
  }
}

Task<void> speak(UvLoop& loop, bool& heard) {
  const auto socket = ListeningSocket::bind({"127.0.0.1", 0});
  UvListener listener{loop, *socket};
  UvNetwork network{loop};
  auto client = co_await network.connect(socket->endpoint(), std::chrono::seconds{5});
  auto server = co_await listener.accept();
  Stream to{std::move(*client), std::chrono::seconds{5}};
  Stream from{std::move(server), std::chrono::seconds{5}};
  to.write("hello\r\n");
  co_await to.flush();
  auto line = co_await from.read_line(100);
  heard = line.has_value();
  listener.close();
}

Task<void> speak_beside_many(UvLoop& loop, int& turns) {
  TaskScope spinning;
  bool ends = false;
  for (int i = 0; i < 10; ++i) spinning.spawn(spin(loop, ends, turns));
  bool heard = false;
  co_await speak(loop, heard);
  EXPECT_TRUE(heard);
  ends = true;
  co_await spinning.drained();
}

/// Each of ten was called first again by its timer, and the loop looked at no socket before all of them had ended.
TEST(Turns, TheLoopHearsOthersInBetween) {
  UvLoop loop;
  int turns = 0;
  loop.run(speak_beside_many(loop, turns));
  EXPECT_LT(turns, 50'000);
}

}  // namespace
}  // namespace posthaste::net
