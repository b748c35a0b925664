// When a parent calls its child hung.
#include "common/daemon/heartbeat.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <vector>

namespace posthaste::daemon {
namespace {

constexpr int kLooks = HangWatch::kLooks;

TEST(HangWatch, ALoopThatStandsStillIsNamedAtTheLastLook) {
  HangWatch watch;
  EXPECT_EQ(watch.look({7, 7}), std::nullopt);
  for (std::uint64_t look = 1; look < kLooks; ++look) EXPECT_EQ(watch.look({7 + look, 7}), std::nullopt);
  EXPECT_EQ(watch.look({70, 7}), 1U);
}

TEST(HangWatch, OneBeatBeginsAllAnew) {
  HangWatch watch;
  EXPECT_EQ(watch.look({7}), std::nullopt);
  for (int look = 1; look < kLooks; ++look) EXPECT_EQ(watch.look({7}), std::nullopt);
  EXPECT_EQ(watch.look({8}), std::nullopt);
  for (int look = 1; look < kLooks; ++look) EXPECT_EQ(watch.look({8}), std::nullopt);
  EXPECT_EQ(watch.look({8}), 0U);
}

TEST(HangWatch, NothingIsExpectedBeforeAndAfterServing) {
  HangWatch watch;
  for (int look = 0; look < 3 * kLooks; ++look) EXPECT_EQ(watch.look({}), std::nullopt);
  for (int look = 0; look < kLooks; ++look) EXPECT_EQ(watch.look({1}), std::nullopt);
  EXPECT_EQ(watch.look({}), std::nullopt);
  EXPECT_EQ(watch.look({1}), std::nullopt);
}

TEST(Heartbeat, CountsBeatsWhileTheyAreExpected) {
  Heartbeat heart{2};
  heart.beat(1);
  EXPECT_TRUE(heart.counts().empty());
  heart.expect_beats(true);
  heart.beat(1);
  heart.beat(2);  // there is no such loop
  EXPECT_EQ(heart.counts(), (std::vector<std::uint64_t>{0, 2}));
  heart.expect_beats(false);
  EXPECT_TRUE(heart.counts().empty());
  heart.reset();
  heart.expect_beats(true);
  EXPECT_EQ(heart.counts(), (std::vector<std::uint64_t>{0, 0}));
}

/// A process that has called vfork() waits for its child in the way in which one waits for a disk.
class WaitingProcess {
 public:
  WaitingProcess() {
    if (pipe(pipe_) != 0) return;
    process_ = fork();
    if (process_ != 0) return;
    if (vfork() == 0) {
      char octet = 0;
      while (read(pipe_[0], &octet, 1) < 0) continue;
      _exit(0);
    }
    while (true) pause();
  }
  WaitingProcess(const WaitingProcess&) = delete;
  WaitingProcess& operator=(const WaitingProcess&) = delete;
  ~WaitingProcess() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    close(pipe_[0]);
    close(pipe_[1]);
  }
  [[nodiscard]] pid_t id() const { return process_; }
  void end_wait() const { EXPECT_EQ(write(pipe_[1], "x", 1), 1); }

 private:
  int pipe_[2] = {-1, -1};
  pid_t process_ = -1;
};

/// Looks again and again, as a parent does, for the kernel takes its time.
bool becomes(bool expected, pid_t process) {
  for (int look = 0; look < 5'000; ++look) {
    if (waits_for_disk(process) == expected) return true;
    usleep(1'000);
  }
  return false;
}

TEST(WaitsForDisk, WhileAThreadCannotBeWoken) {
  const WaitingProcess process;
  EXPECT_TRUE(becomes(true, process.id()));
  process.end_wait();
  EXPECT_TRUE(becomes(false, process.id()));
  EXPECT_FALSE(waits_for_disk(getpid())) << "who only waits for others";
}

TEST(WaitsForDisk, NoProcessDoesNot) { EXPECT_FALSE(waits_for_disk(-1)); }

}  // namespace
}  // namespace posthaste::daemon
