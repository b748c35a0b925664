#include "common/daemon/reader_watch.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "../scratch_directory.h"
#include "common/base/clock.h"
#include "common/lmdb/environment.h"
#include "common/lmdb/open_readers.h"
#include "common/lmdb/transaction.h"

namespace posthaste::daemon {
namespace {

using lmdb::Environment;
using std::chrono::milliseconds;

enum class Table : std::uint8_t { only };
constexpr std::array kNames{"only"};
constexpr milliseconds kOften{20};

std::shared_ptr<Environment> open(const std::filesystem::path& directory, Environment::Access access) {
  return *Environment::open(directory, kNames, access, std::uint64_t{1} << 24);
}

void commit(const Environment& environment, const std::string& value) {
  auto txn = *lmdb::WriteTxn::begin(environment);
  txn->put(Table::only, "key", value);
  ASSERT_EQ(txn->commit(), 0);
}

/// Lines as they come.
class Lines final : public log::Sink {
 public:
  void write(std::string_view line) noexcept override {
    const std::scoped_lock lock(mutex_);
    text_ += line;
    changed_.notify_all();
  }
  /// False when it does not come for long.
  bool wait_for(const std::string& words) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds{60}, [&] { return text_.contains(words); });
  }
  std::string text() {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
};

class ReaderWatchTest : public ::testing::Test {
 protected:
  ScratchDirectory scratch_;
  Lines lines_;
  log::Log log_{lines_, "test", log::Format::text, log::Level::info, [] { return wall_clock(); }};
};

/// A process that holds a reader for ever, under a watch.
[[noreturn]] void hold_for_ever(const std::filesystem::path& directory) {
  const auto environment = open(directory, Environment::Access::write);
  log::StandardErrorSink sink;
  const log::Log log{sink, "test", log::Format::text, log::Level::info, [] { return wall_clock(); }};
  const ReaderWatch watch{log, kOften};
  static_cast<void>(environment->begin_read());
  for (;;) pause();
}

using ReaderWatchDeathTest = ReaderWatchTest;

TEST_F(ReaderWatchDeathTest, AReaderThatNeverEndsEndsItsProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(hold_for_ever(scratch_.path()), testing::KilledBySignal(SIGABRT),
              "error test daemon.reader.stuck held_ms=");
}

TEST_F(ReaderWatchTest, ReadersThatComeAndGoAreNoneThatStays) {
  const auto environment = open(scratch_.path(), Environment::Access::write);
  lmdb::ReaderLooks looks;
  for (int i = 0; i < 100; ++i) {
    MDB_txn* txn = *environment->begin_read();
    EXPECT_LE(looks.look().oldest_looks, 1U);
    environment->end_read(txn);
  }
  EXPECT_EQ(looks.look().oldest_held, std::nullopt);
  MDB_txn* txn = *environment->begin_read();
  std::uint32_t looked = 0;
  for (int i = 0; i < 5; ++i) looked = looks.look().oldest_looks;
  EXPECT_GE(looked, 4U);
  environment->end_read(txn);
}

TEST_F(ReaderWatchTest, AReaderThatTookLongIsTold) {
  const auto environment = open(scratch_.path(), Environment::Access::write);
  MDB_txn* txn = *environment->begin_read();
  std::this_thread::sleep_for(2 * lmdb::kReaderHeldMax);  // what is measured is time
  environment->end_read(txn);
  const ReaderWatch watch{log_, kOften};
  EXPECT_TRUE(lines_.wait_for("warning test daemon.reader.held count=1 longest_ms=")) << lines_.text();
}

TEST_F(ReaderWatchTest, AReaderOfAnotherProcessIsToldAndClearedAwayWhenThatDies) {
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe(ready.data()), 0);
  { const auto made = open(scratch_.path(), Environment::Access::write); }
  const pid_t child = fork();
  if (child == 0) {
    const auto environment = open(scratch_.path(), Environment::Access::read);
    const bool begun = environment->begin_read().has_value();
    if (!begun || write(ready[1], "r", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char octet = 0;
  ASSERT_EQ(read(ready[0], &octet, 1), 1);
  const auto environment = open(scratch_.path(), Environment::Access::write);
  commit(*environment, "later");
  {
    const ReaderWatch watch{log_, kOften};
    EXPECT_TRUE(lines_.wait_for("warning test daemon.reader.elsewhere pid=" + std::to_string(child)));
  }
  EXPECT_EQ(lmdb::clear_dead_readers().size(), 1);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(lmdb::clear_dead_readers().empty());
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace posthaste::daemon
