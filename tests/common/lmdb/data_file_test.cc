#include "common/lmdb/data_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "../scratch_directory.h"
#include "common/lmdb/environment.h"
#include "common/lmdb/transaction.h"

namespace posthaste::lmdb {
namespace {

enum class Table : std::uint8_t { rows };
constexpr std::array kTableNames = {"rows"};
constexpr std::uint64_t kMapOctets = std::uint64_t{64} << 20;
constexpr int kRows = 200;

std::string key_of(int number) { return "row " + std::to_string(1'000 + number); }
std::string value_of(int number) { return std::string(3'000, static_cast<char>('a' + number % 26)); }

class DataFile : public testing::Test {
 protected:
  [[nodiscard]] auto open(Environment::Access access) const {
    return Environment::open(scratch_.path(), kTableNames, access, kMapOctets);
  }
  [[nodiscard]] std::filesystem::path file() const { return scratch_.path() / "data.mdb"; }
  [[nodiscard]] std::uint64_t octets() const { return std::filesystem::file_size(file()); }
  void cut_to(std::uint64_t octets) const { std::filesystem::resize_file(file(), octets); }

  /// Writes `kRows` rows, then erases those from `kept` on; further commits move what is in use to the front.
  void fill(int kept) const {
    const auto environment = *open(Environment::Access::write);
    commit(*environment, 0, kRows, [](WriteTxn& txn, int i) { txn.put(Table::rows, key_of(i), value_of(i)); });
    commit(*environment, kept, kRows, [](WriteTxn& txn, int i) { txn.erase(Table::rows, key_of(i)); });
    for (int more = 0; more < 8; ++more) {
      commit(*environment, 0, 1, [](WriteTxn& txn, int i) { txn.put(Table::rows, key_of(i), value_of(i)); });
    }
  }
  template <typename Change>
  static void commit(const Environment& environment, int first, int end, Change change) {
    const auto txn = std::move(*WriteTxn::begin(environment));
    for (int i = first; i < end; ++i) change(*txn, i);
    ASSERT_EQ(txn->commit(), 0);
  }

  const ScratchDirectory scratch_;
};

TEST_F(DataFile, ThatIsCutShortIsRefused) {
  fill(kRows);
  const std::uint64_t whole = octets();
  for (const std::uint64_t left : {whole / 2, std::uint64_t{3} * 4096, std::uint64_t{2} * 4096}) {
    cut_to(left);
    for (const auto access : {Environment::Access::read, Environment::Access::write}) {
      const auto opened = open(access);
      ASSERT_FALSE(opened) << left;
      EXPECT_EQ(opened.error().kind, OpenError::Kind::damaged);
      EXPECT_NE(opened.error().text.find("data.mdb: is cut short"), std::string::npos) << opened.error().text;
    }
  }
}

TEST_F(DataFile, ThatLacksFreePagesAloneIsSound) {
  constexpr int kKept = 20;
  fill(kKept);
  const std::uint64_t whole = octets();
  int sound = 0;
  for (std::uint64_t left = whole; left > whole / 2; left -= 4096) {
    cut_to(left);
    const auto opened = open(Environment::Access::read);
    if (!opened) break;
    const auto txn = *(*opened)->begin_read();
    {
      const View view(**opened, txn);
      for (int i = 0; i < kKept; ++i) EXPECT_EQ(view.get(Table::rows, key_of(i)), value_of(i));
      EXPECT_EQ(view.failure(), 0);
    }
    (*opened)->end_read(txn);
    ++sound;
  }
  EXPECT_GT(sound, 3);  // the last page that is in use lies somewhere behind the first half
}

TEST_F(DataFile, TellsWhoHasItOpen) {
  EXPECT_EQ(process_using(scratch_.path()), std::nullopt);
  fill(kRows);
  EXPECT_EQ(process_using(scratch_.path()), std::nullopt);
  std::array<int, 2> opened{};
  std::array<int, 2> looked{};
  ASSERT_EQ(pipe(opened.data()), 0);
  ASSERT_EQ(pipe(looked.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(looked[1]);
    const auto environment = open(Environment::Access::read);
    char nothing = 0;
    const bool told = write(opened[1], &nothing, 1) == 1;
    _exit(environment && told && read(looked[0], &nothing, 1) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  close(looked[0]);
  char nothing = 0;
  ASSERT_EQ(read(opened[0], &nothing, 1), 1);
  EXPECT_EQ(process_using(scratch_.path()), child);
  close(looked[1]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(process_using(scratch_.path()), std::nullopt);
}

}  // namespace
}  // namespace posthaste::lmdb
