#include "common/lmdb/data_file.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace posthaste::lmdb {
namespace {

constexpr MDB_dbi kFreePages = 0;  // LMDB's own table, open for reading to read transactions

struct Abort {
  void operator()(MDB_txn* txn) const noexcept { mdb_txn_abort(txn); }
};
using ReadTxn = std::unique_ptr<MDB_txn, Abort>;

/// Pages by their numbers, the last one included.
struct Pages {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  [[nodiscard]] std::uint64_t count() const { return last + 1 - first; }
};

/// What an environment lacks of the state that `txn` reads.
struct Lack {
  ReadTxn txn;
  std::optional<Pages> missing;
};

std::optional<Lack> look(MDB_env* env) {
  MDB_txn* begun = nullptr;
  if (mdb_txn_begin(env, nullptr, MDB_RDONLY, &begun) != 0) return std::nullopt;
  Lack lack{ReadTxn(begun), std::nullopt};
  MDB_envinfo info{};
  MDB_stat stat{};
  mdb_filehandle_t file{};
  struct stat status {};
  if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0) return std::nullopt;
  if (mdb_env_get_fd(env, &file) != 0 || fstat(file, &status) != 0) return std::nullopt;
  const std::uint64_t there = static_cast<std::uint64_t>(status.st_size) / stat.ms_psize;
  if (there > info.me_last_pgno) return lack;
  if (info.me_last_txnid != mdb_txn_id(begun)) return look(env);  // a commit came in between
  lack.missing = Pages{there, info.me_last_pgno};
  return lack;
}

std::uint64_t count_free(MDB_txn* txn, const Pages& among) {
  std::uint64_t free = 0;
  MDB_cursor* cursor = nullptr;
  if (mdb_cursor_open(txn, kFreePages, &cursor) != 0) return 0;
  MDB_val key{};
  MDB_val value{};
  while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
    const auto* numbers = static_cast<const char*>(value.mv_data);  // how many, then each
    for (std::size_t at = sizeof(std::size_t); at + sizeof(std::size_t) <= value.mv_size;
         at += sizeof(std::size_t)) {
      std::size_t page = 0;
      std::memcpy(&page, numbers + at, sizeof page);
      if (page >= among.first && page <= among.last) ++free;
    }
  }
  return free;
}

}  // namespace

bool is_cut_short(MDB_env* env) {
  const auto lack = look(env);
  if (!lack || !lack->missing) return false;
  const pid_t child = fork();  // the list of free pages may itself be what is missing
  if (child < 0) return false;
  if (child == 0) {
    std::signal(SIGBUS, [](int) { _exit(EXIT_FAILURE); });
    _exit(count_free(lack->txn.get(), *lack->missing) == lack->missing->count() ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS;
}

std::optional<pid_t> process_using(const std::filesystem::path& directory) {
  // Every process locks the first octet for as long as it has an environment open.
  const int file = ::open((directory / "lock.mdb").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return std::nullopt;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_len = 1;
  const bool is_used = fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  ::close(file);
  if (!is_used) return std::nullopt;
  return lock.l_pid;
}

}  // namespace posthaste::lmdb
