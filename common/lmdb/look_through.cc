#include "common/lmdb/look_through.h"

#include <lmdb.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

#include "common/lmdb/data_file.h"
#include "common/lmdb/environment.h"

namespace posthaste::lmdb {
namespace {

using Clock = std::chrono::steady_clock;

constexpr MDB_dbi kTablesMax = 64;
constexpr unsigned kRowsBetweenLooks = 256;  // at the clock

struct CloseEnv {
  void operator()(MDB_env* env) const noexcept { mdb_env_close(env); }
};
struct Abort {
  void operator()(MDB_txn* txn) const noexcept { mdb_txn_abort(txn); }
};
struct CloseCursor {
  void operator()(MDB_cursor* cursor) const noexcept { mdb_cursor_close(cursor); }
};

/// One look at all tables, within its time.
class Look {
 public:
  Look(MDB_txn* txn, Clock::time_point until) : txn_(txn), until_(until) {}

  std::optional<std::string> run() {
    MDB_dbi main = 0;
    if (const int code = mdb_dbi_open(txn_, nullptr, 0, &main); code != 0) return describe(code);
    std::vector<std::string> names;
    auto wrong = walk(main, "the list of tables", &names);
    for (const std::string& name : names) {
      MDB_dbi table = 0;
      if (wrong || is_over_) break;
      const int code = mdb_dbi_open(txn_, name.c_str(), 0, &table);
      wrong = code == 0 ? walk(table, "table " + name, nullptr) : describe(code);
    }
    return wrong;
  }

 private:
  std::optional<std::string> walk(MDB_dbi table, const std::string& name, std::vector<std::string>* keys) {
    MDB_cursor* opened = nullptr;
    if (const int code = mdb_cursor_open(txn_, table, &opened); code != 0) return describe(code);
    const std::unique_ptr<MDB_cursor, CloseCursor> cursor(opened);
    MDB_stat stat{};
    if (const int code = mdb_stat(txn_, table, &stat); code != 0) return describe(code);
    MDB_val key{};
    MDB_val row{};
    std::string last;
    std::size_t rows = 0;
    int code = mdb_cursor_get(cursor.get(), &key, &row, MDB_FIRST);
    for (; code == 0; code = mdb_cursor_get(cursor.get(), &key, &row, MDB_NEXT)) {
      const std::string_view now(static_cast<const char*>(key.mv_data), key.mv_size);
      if (rows > 0 && now <= last) return name + ": its rows are not in order";
      last = now;
      touch(row);
      if (keys != nullptr) keys->emplace_back(now);
      if (++rows % kRowsBetweenLooks == 0 && Clock::now() >= until_) {
        is_over_ = true;
        return std::nullopt;
      }
    }
    if (code != MDB_NOTFOUND) return name + ": " + describe(code);
    if (rows != stat.ms_entries) {
      return name + ": has " + std::to_string(rows) + " rows, and counts " + std::to_string(stat.ms_entries);
    }
    return std::nullopt;
  }

  /// What is behind the file's end, or can't be read, ends the process here.
  void touch(const MDB_val& row) {
    const auto* octets = static_cast<const volatile char*>(row.mv_data);
    if (row.mv_size > 0) seen_ = static_cast<char>(octets[0] ^ octets[row.mv_size - 1]);
  }

  MDB_txn* txn_;
  const Clock::time_point until_;
  bool is_over_ = false;
  volatile char seen_ = 0;
};

// Of the file of readers, which is made where it is missing: whoever opens the environment next needs it.
constexpr mdb_mode_t kLockFileMode = 0600;

}  // namespace

std::optional<std::string> look_through(const std::filesystem::path& directory, std::chrono::milliseconds most) {
  MDB_env* created = nullptr;
  if (const int code = mdb_env_create(&created); code != 0) return describe(code);
  const std::unique_ptr<MDB_env, CloseEnv> env(created);
  mdb_env_set_maxdbs(created, kTablesMax);
  const int code = mdb_env_open(created, directory.c_str(), MDB_RDONLY | MDB_NOTLS, kLockFileMode);
  if (code == ENOENT) return std::nullopt;
  if (code != 0) return describe(code);
  if (is_cut_short(created)) return "the file is cut short";
  MDB_txn* begun = nullptr;
  if (const int failed = mdb_txn_begin(created, nullptr, MDB_RDONLY, &begun); failed != 0) return describe(failed);
  const std::unique_ptr<MDB_txn, Abort> txn(begun);
  return Look{begun, Clock::now() + most}.run();
}

}  // namespace posthaste::lmdb
