#include "common/lmdb/look_through.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>

#include "../scratch_directory.h"
#include "common/lmdb/damage.h"
#include "common/lmdb/environment.h"
#include "common/lmdb/transaction.h"

namespace posthaste::lmdb {
namespace {

enum class Table : std::uint8_t { one, other };
constexpr std::array kNames{"one", "other"};
constexpr std::uint64_t kMapOctets = std::uint64_t{64} << 20;
constexpr std::chrono::seconds kLong{60};
constexpr std::uint64_t kPage = 4096;
constexpr int kRows = 1'000;

class LookThrough : public testing::Test {
 protected:
  LookThrough() {
    const auto environment = *Environment::open(scratch_.path(), kNames, Environment::Access::write, kMapOctets);
    const auto txn = std::move(*WriteTxn::begin(*environment));
    for (int i = 0; i < kRows; ++i) txn->put(Table::one, "key " + std::to_string(i), std::string(100, 'x'));
    txn->put(Table::other, "key", std::string(10'000, 'y'));
    EXPECT_EQ(txn->commit(), 0);
  }
  [[nodiscard]] std::filesystem::path file() const { return scratch_.path() / "data.mdb"; }

  void overwrite(std::uint64_t page, char octet) const {
    std::fstream data(file(), std::ios::in | std::ios::out | std::ios::binary);
    data.seekp(static_cast<std::streamoff>(page * kPage));
    data << std::string(kPage, octet);
  }

  /// In a child: whether anything was found, or the reader ended by it.
  [[nodiscard]] bool is_wrong() const {
    const pid_t child = fork();
    if (child == 0) {
      for (const int signal : {SIGBUS, SIGSEGV, SIGABRT}) std::signal(signal, SIG_DFL);
      _exit(look_through(scratch_.path(), kLong) ? 1 : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status != 0;
  }

  const ScratchDirectory scratch_;
};

TEST_F(LookThrough, WhatIsSoundIsReadToItsEndAndWhatIsNotThereIsNothing) {
  EXPECT_EQ(look_through(scratch_.path(), kLong), std::nullopt);
  EXPECT_EQ(look_through(scratch_.path(), std::chrono::seconds{0}), std::nullopt);
  EXPECT_EQ(look_through(scratch_.path() / "elsewhere", kLong), std::nullopt);
}

TEST_F(LookThrough, TheFileOfReadersCanBeOpenedByWhoeverComesNext) {
  const auto lock = scratch_.path() / "lock.mdb";
  std::filesystem::remove(lock);
  EXPECT_EQ(look_through(scratch_.path(), kLong), std::nullopt);
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(lock).permissions(), perms::owner_read | perms::owner_write);
}

TEST_F(LookThrough, AFileThatIsCutShortIsTold) {
  std::filesystem::resize_file(file(), 5 * kPage);
  EXPECT_EQ(look_through(scratch_.path(), kLong), "the file is cut short");
}

TEST_F(LookThrough, OverwrittenPagesAreFound) {
  const std::uint64_t pages = std::filesystem::file_size(file()) / kPage;
  const auto saved = scratch_.path() / "saved";
  std::filesystem::copy_file(file(), saved);
  std::uint64_t found = 0;
  for (std::uint64_t page = 2; page < pages; ++page) {
    overwrite(page, page % 2 == 0 ? '\x55' : '\0');
    if (is_wrong()) ++found;
    std::filesystem::copy_file(saved, file(), std::filesystem::copy_options::overwrite_existing);
  }
  EXPECT_GT(found, pages / 2);  // of the others, some are free, or hold a long value and nothing else
  EXPECT_FALSE(is_wrong());
}

TEST_F(LookThrough, WhatAViewMeetsIsNotedOnce) {
  static_cast<void>(take_damaged());
  const auto environment = *Environment::open(scratch_.path(), kNames, Environment::Access::read, kMapOctets);
  MDB_txn* txn = *environment->begin_read();
  for (int i = 0; i < 2; ++i) {
    const View view(*environment, txn);
    EXPECT_EQ(view.get(Table::one, "no such key"), std::nullopt);
    EXPECT_EQ(view.failure(), 0);
    if (i == 0) {
      EXPECT_TRUE(take_damaged().empty());
    }
    view.fail_as_damaged();
  }
  environment->end_read(txn);
  EXPECT_EQ(take_damaged(), std::vector{scratch_.path()});
  EXPECT_TRUE(take_damaged().empty());
}

}  // namespace
}  // namespace posthaste::lmdb
