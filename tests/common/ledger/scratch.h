// What tests of ledgers share: an index row by row, files as they are found, and a writer that is killed.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "../journal/forged.h"
#include "../scratch_directory.h"
#include "common/base/open_error.h"
#include "common/journal/log.h"
#include "common/lmdb/environment.h"
#include "common/lmdb/transaction.h"

namespace posthaste::ledger {

/// By table and key.
using Rows = std::map<std::pair<std::size_t, std::string>, std::string>;

/// All of an index.
inline Rows rows_of(const std::expected<std::shared_ptr<lmdb::Environment>, OpenError>& index, std::size_t tables) {
  Rows rows;
  if (!index) {
    ADD_FAILURE() << index.error().text;
    return rows;
  }
  const auto txn = lmdb::ReadTxn::begin(**index);
  if (!txn) {
    ADD_FAILURE() << "no transaction";
    return rows;
  }
  enum class Table : std::size_t {};
  const lmdb::View view = txn->view();
  for (std::size_t table = 0; table < tables; ++table) {
    lmdb::Cursor cursor(view, Table{table});
    for (bool there = cursor.seek(std::string(1, '\0')); there; there = cursor.next()) {
      rows[{table, std::string(cursor.key())}] = cursor.value();
    }
  }
  EXPECT_EQ(view.failure(), 0);
  return rows;
}

/// Says which table differs, and not all rows.
inline void expect_the_same(const Rows& there, const Rows& again) {
  EXPECT_EQ(there.size(), again.size());
  for (const auto& [key, value] : there) {
    const auto found = again.find(key);
    EXPECT_TRUE(found != again.end() && found->second == value) << "a row of table " << key.first << " differs";
  }
}

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::filesystem::path& path, std::string_view octets) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(octets.data(), static_cast<std::streamsize>(octets.size()));
}

/// As a copy by a backup: without LMDB's lock.
inline void copy_ledger(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  std::filesystem::remove(to / "index" / "lock.mdb");
}

/// A message of so many octets that holds what passes for records.
inline std::string with_records(std::size_t octets) {
  const std::string groups = journal::forged_groups();
  std::string message;
  while (message.size() < octets) message += groups;
  return message;
}

/// Until the last segment grows, which it does page by page: somewhere in the next message. Or for a while.
inline void wait_for_a_message_begun(const std::filesystem::path& log) {
  const auto segment = journal::segment_path(log, journal::list_segments(log)->back());
  const auto before = std::filesystem::file_size(segment);
  for (int i = 0; i < 100'000 && std::filesystem::file_size(segment) == before; ++i) ::sched_yield();
}

/// How a process of its own tells of what it did.
template <typename Told>
void tell(int pipe, const Told& told) {
  if (::write(pipe, &told, sizeof(told)) != sizeof(told)) ::_exit(3);
}

/// Lets `work` run in a process of its own, which ends only when it is killed: after it has told `last` times, and
/// then `before_kill` has returned. `hear` gets all that was told.
template <typename Told>
void kill_after(
    std::size_t last, const std::function<void(int pipe)>& work, const std::function<void(const Told&)>& hear,
    const std::function<void()>& before_kill = [] {}) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    work(ends[1]);
    ::_exit(4);
  }
  ::close(ends[1]);
  const auto heard = [&] {
    Told told{};
    if (::read(ends[0], &told, sizeof(told)) != sizeof(told)) return false;
    hear(told);
    return true;
  };
  for (std::size_t i = 0; i < last && heard(); ++i) {
  }
  before_kill();
  ::kill(child, SIGKILL);
  while (heard()) {
  }
  ::close(ends[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
}

}  // namespace posthaste::ledger
