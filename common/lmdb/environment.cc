#include "common/lmdb/environment.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "common/lmdb/data_file.h"
#include "common/lmdb/open_readers.h"
#include "common/lmdb/transaction.h"

namespace posthaste::lmdb {
namespace {

constexpr unsigned kReadersMax = 1024;
constexpr std::uint64_t kReserveOctets = std::uint64_t{256} << 20;
constexpr std::uint64_t kReserveShare = 8;  // of a small map
constexpr MDB_dbi kFreePages = 0;           // LMDB's own table, open for reading to read transactions

/// What LMDB could not write for want of room it calls an I/O error.
int real_cause(const std::filesystem::path& directory, int code) {
  struct statvfs status {};
  const bool has_no_room = ::statvfs(directory.c_str(), &status) == 0 && status.f_bavail == 0;
  return code == EIO && has_no_room ? ENOSPC : code;
}

OpenError open_error(const std::filesystem::path& directory, int error) {
  using Kind = OpenError::Kind;
  const int code = real_cause(directory, error);
  Kind kind = Kind::io;
  if (code == ENOENT) kind = Kind::absent;
  if (code == EACCES || code == EPERM || code == EROFS) kind = Kind::denied;
  if (code == EAGAIN || code == MDB_READERS_FULL) kind = Kind::unavailable;
  if (code == MDB_NOTFOUND || is_damage(code)) kind = Kind::damaged;
  if (is_space(code)) kind = Kind::full;
  return {kind, directory.string() + ": " + describe(code)};
}

using Readers = std::vector<OtherReader>;

/// A line of LMDB's list: process, thread, and what it reads or "-".
int note_reader(const char* line, void* readers) {
  OtherReader reader;
  if (std::sscanf(line, "%d %*x %" SCNu64, &reader.pid, &reader.snapshot) == 2) {
    static_cast<Readers*>(readers)->push_back(reader);
  }
  return 0;
}

}  // namespace

bool is_space(int code) noexcept {
  return code == MDB_MAP_FULL || code == ENOSPC || code == EDQUOT || code == EFBIG;
}

bool is_damage(int code) noexcept {
  return code == MDB_CORRUPTED || code == MDB_INVALID || code == MDB_VERSION_MISMATCH ||
         code == MDB_PAGE_NOTFOUND || code == MDB_INCOMPATIBLE || code == MDB_CURSOR_FULL;
}

std::string describe(int code) {
  switch (code) {
    case ENOENT: return "is not there";
    case MDB_NOTFOUND: return "lacks a table, which a writer of this version adds when it starts";
    case MDB_INVALID: return "the file holds no database: it was overwritten, or is damaged";
    case MDB_VERSION_MISMATCH: return "the file is of another version, or damaged";
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INCOMPATIBLE:
    case MDB_CURSOR_FULL: return "the file is damaged";
    case MDB_READERS_FULL: return "too many processes and threads read it";
    case MDB_MAP_FULL: return "its map is full";
    default: return mdb_strerror(code);
  }
}

/// Who is open in this process. An entry goes when its environment is closed, so that none is opened in between.
struct Environment::Registry {
  std::mutex mutex;
  std::condition_variable closed;
  std::map<Identity, std::weak_ptr<Environment>> open;
};

Environment::Registry& Environment::registry() {
  static Registry registry;
  return registry;
}

std::expected<std::shared_ptr<Environment>, OpenError> Environment::open(const std::filesystem::path& directory,
                                                                         std::span<const char* const> table_names,
                                                                         Access access, std::uint64_t map_octets,
                                                                         const Options& options) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return std::unexpected(open_error(directory, errno));
  const Identity identity{status.st_dev, status.st_ino};

  Registry& known = registry();
  std::unique_lock lock(known.mutex);
  for (auto found = known.open.find(identity); found != known.open.end(); found = known.open.find(identity)) {
    if (auto environment = found->second.lock()) {
      if (access == Access::write && environment->access_ == Access::read) {
        return std::unexpected(OpenError{OpenError::Kind::unavailable,
                                         directory.string() + ": this process has it open for reading only"});
      }
      return environment;
    }
    known.closed.wait(lock);
  }

  MDB_env* env = nullptr;
  int code = mdb_env_create(&env);
  if (code != 0) return std::unexpected(open_error(directory, code));
  const unsigned commits = options.durability == Durability::at_once ? 0U : MDB_NOMETASYNC;
  const unsigned flags = MDB_NOTLS | (access == Access::read ? MDB_RDONLY : commits);
  code = mdb_env_set_maxdbs(env, static_cast<MDB_dbi>(table_names.size()));
  if (code == 0) code = mdb_env_set_maxreaders(env, kReadersMax);
  if (code == 0) code = mdb_env_set_mapsize(env, map_octets);
  if (code == 0) code = mdb_env_open(env, directory.c_str(), flags, options.file_mode);
  if (code != 0) {
    mdb_env_close(env);
    return std::unexpected(open_error(directory, code));
  }
  std::unique_ptr<Environment> environment(new Environment(env, access, identity, table_names));
  if (is_cut_short(env)) {
    lock.unlock();  // the destructor takes it
    return std::unexpected(
        OpenError{OpenError::Kind::damaged, (directory / "data.mdb").string() + ": is cut short"});
  }
  code = environment->open_tables(options);
  if (code != 0) {
    lock.unlock();  // the destructor takes it
    return std::unexpected(open_error(directory, code));
  }
  std::shared_ptr<Environment> shared = std::move(environment);
  known.open[identity] = shared;
  return shared;
}

int Environment::open_tables(const Options& options) {
  if (access_ == Access::write) return make_tables(options);
  const std::size_t needed = tables_.size() - options.later_tables;
  if (const int code = open_to_read(0, needed); code != 0) return code;
  for (std::size_t later = needed; later < tables_.size(); ++later) {
    const int code = open_to_read(later, later + 1);
    if (code != 0 && code != MDB_NOTFOUND) return code;
  }
  return 0;
}

int Environment::make_tables(const Options& options) {
  const auto txn = WriteTxn::begin(*this);
  if (!txn) return txn.error();
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    const int code = mdb_dbi_open((*txn)->handle(), table_names_[i], MDB_CREATE, &tables_[i].handle);
    if (code != 0) return code;
  }
  options.fill(**txn);
  if (const int code = (*txn)->commit(); code != 0) return code;
  for (Table& table : tables_) table.is_open = true;
  return 0;
}

int Environment::open_to_read(std::size_t first, std::size_t end) {
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (code != 0) return code;
  for (std::size_t i = first; i < end && code == 0; ++i) {
    code = mdb_dbi_open(txn, table_names_[i], 0, &tables_[i].handle);
  }
  if (code != 0) {
    mdb_txn_abort(txn);
    return code;
  }
  code = mdb_txn_commit(txn);  // this is what keeps the tables' handles
  for (std::size_t i = first; i < end && code == 0; ++i) tables_[i].is_open.store(true, std::memory_order_release);
  return code;
}

std::expected<bool, int> Environment::find_table(TableId table) {
  const Table& wanted = tables_[table.place];
  if (wanted.is_open.load(std::memory_order_acquire)) return true;
  const std::scoped_lock lock(tables_mutex_);
  if (wanted.is_open.load(std::memory_order_relaxed)) return true;
  const int code = open_to_read(table.place, table.place + 1);
  if (code == 0) return true;
  if (code == MDB_NOTFOUND) return false;
  return std::unexpected(code);
}

Environment::~Environment() {
  Registry& known = registry();
  const std::scoped_lock lock(known.mutex);
  for (MDB_txn* txn : idle_readers_) mdb_txn_abort(txn);
  mdb_env_close(env_);
  known.open.erase(identity_);
  known.closed.notify_all();
}

std::expected<MDB_txn*, BeginError> Environment::begin_read() {
  MDB_txn* txn = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_readers_.empty()) {
      txn = idle_readers_.back();
      idle_readers_.pop_back();
    }
  }
  if (txn != nullptr && mdb_txn_renew(txn) != 0) mdb_txn_abort(std::exchange(txn, nullptr));
  const int code = txn != nullptr ? 0 : mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (code == 0) {
    note_reader_begins(txn);
    return txn;
  }
  return std::unexpected(code == MDB_READERS_FULL ? BeginError::unavailable : BeginError::io);
}

void Environment::end_read(MDB_txn* txn) {
  mdb_txn_reset(txn);
  note_reader_ends(txn);
  const std::scoped_lock lock(mutex_);
  idle_readers_.push_back(txn);
}

std::uint64_t Environment::last_commit() const {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  return info.me_last_txnid;
}

bool Environment::sync() { return mdb_env_sync(env_, 1) == 0; }

bool Environment::has_room() {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  const std::uint64_t reserve = std::min<std::uint64_t>(kReserveOctets, info.me_mapsize / kReserveShare);
  return free_octets(reserve + 1) > reserve;
}

std::uint64_t Environment::free_octets(std::uint64_t enough) {
  MDB_envinfo info{};
  MDB_stat stat{};
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &stat);
  std::uint64_t pages =
      info.me_mapsize / stat.ms_psize - std::min(info.me_mapsize / stat.ms_psize, info.me_last_pgno + 1);
  if (pages * stat.ms_psize >= enough) return pages * stat.ms_psize;
  const auto txn = begin_read();
  if (!txn) return 0;
  MDB_cursor* cursor = nullptr;
  if (mdb_cursor_open(*txn, kFreePages, &cursor) == 0) {
    MDB_val key{};
    MDB_val value{};
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
      std::size_t count = 0;  // each row is a list of pages, its length first
      std::memcpy(&count, value.mv_data, sizeof(count));
      pages += count;
    }
    mdb_cursor_close(cursor);
  }
  end_read(*txn);
  return pages * stat.ms_psize;
}

int Environment::clear_dead_readers() {
  int dead = 0;
  return mdb_reader_check(env_, &dead) == 0 ? dead : 0;
}

std::vector<OtherReader> clear_dead_readers() {
  std::vector<std::shared_ptr<Environment>> written;
  {
    Environment::Registry& known = Environment::registry();
    const std::scoped_lock lock(known.mutex);
    for (const auto& [identity, open] : known.open) {
      auto environment = open.lock();
      if (environment && environment->access_ == Environment::Access::write)
        written.push_back(std::move(environment));
    }
  }
  std::vector<OtherReader> others;
  for (const auto& environment : written) {
    environment->clear_dead_readers();
    Readers readers;
    mdb_reader_list(environment->handle(), &note_reader, &readers);
    const std::uint64_t newest = environment->last_commit();
    for (const OtherReader& reader : readers) {
      if (reader.pid != getpid() && reader.snapshot < newest) others.push_back(reader);
    }
  }
  return others;
}

}  // namespace posthaste::lmdb
