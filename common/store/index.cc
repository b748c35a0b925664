#include "common/store/index.h"

#include <sys/stat.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

namespace posthaste::store {
namespace {

constexpr std::array<const char*, kTables> kTableNames = {
    "meta",   "users", "mailboxes", "mailbox_names", "subscriptions", "hot_rows", "cold_rows",
    "copies", "blobs", "vanished",  "deliveries",    "idempotency",   "expiries", "segments"};
constexpr unsigned kReadersMax = 1024;
constexpr mdb_mode_t kFileMode = 0640;
constexpr MDB_dbi kFreePages = 0;  // LMDB's own table, open for reading to read transactions

MDB_val value_of(std::string_view octets) { return {octets.size(), const_cast<char*>(octets.data())}; }
std::string_view view_of(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

OpenError open_error(const std::filesystem::path& directory, int code) {
  using Kind = OpenError::Kind;
  Kind kind = Kind::io;
  if (code == ENOENT || code == EACCES || code == EPERM || code == EROFS || code == EAGAIN)
    kind = Kind::unavailable;
  if (code == MDB_NOTFOUND || code == MDB_READERS_FULL) kind = Kind::unavailable;
  if (code == MDB_CORRUPTED || code == MDB_INVALID || code == MDB_VERSION_MISMATCH || code == MDB_PAGE_NOTFOUND) {
    kind = Kind::damaged;
  }
  if (code == ENOSPC || code == EDQUOT || code == EFBIG || code == MDB_MAP_FULL) kind = Kind::full;
  return {kind, directory.string() + ": " + mdb_strerror(code)};
}

}  // namespace

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
                                                                         Access access, std::uint64_t map_octets) {
  struct stat status{};
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
  const unsigned flags = MDB_NOTLS | (access == Access::read ? MDB_RDONLY : 0U);
  code = mdb_env_set_maxdbs(env, kTables);
  if (code == 0) code = mdb_env_set_maxreaders(env, kReadersMax);
  if (code == 0) code = mdb_env_set_mapsize(env, map_octets);
  if (code == 0) code = mdb_env_open(env, directory.c_str(), flags, kFileMode);
  if (code != 0) {
    mdb_env_close(env);
    return std::unexpected(open_error(directory, code));
  }
  std::unique_ptr<Environment> environment(new Environment(env, access, identity));
  code = environment->open_tables();
  if (code != 0) {
    lock.unlock();  // the destructor takes it
    return std::unexpected(open_error(directory, code));
  }
  std::shared_ptr<Environment> shared = std::move(environment);
  known.open[identity] = shared;
  return shared;
}

int Environment::open_tables() {
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(env_, nullptr, access_ == Access::read ? MDB_RDONLY : 0U, &txn);
  if (code != 0) return code;
  for (std::size_t i = 0; i < kTables && code == 0; ++i) {
    code = mdb_dbi_open(txn, kTableNames[i], access_ == Access::read ? 0U : MDB_CREATE, &tables_[i]);
  }
  if (code == 0) return mdb_txn_commit(txn);
  mdb_txn_abort(txn);
  return code;
}

Environment::~Environment() {
  Registry& known = registry();
  const std::scoped_lock lock(known.mutex);
  for (MDB_txn* txn : idle_readers_) mdb_txn_abort(txn);
  mdb_env_close(env_);
  known.open.erase(identity_);
  known.closed.notify_all();
}

std::expected<MDB_txn*, StoreError> Environment::begin_read() {
  MDB_txn* txn = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_readers_.empty()) {
      txn = idle_readers_.back();
      idle_readers_.pop_back();
    }
  }
  if (txn != nullptr) {
    if (mdb_txn_renew(txn) == 0) return txn;
    mdb_txn_abort(txn);
  }
  const int code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (code == 0) return txn;
  return std::unexpected(code == MDB_READERS_FULL ? StoreError::unavailable : StoreError::io);
}

void Environment::end_read(MDB_txn* txn) {
  mdb_txn_reset(txn);
  const std::scoped_lock lock(mutex_);
  idle_readers_.push_back(txn);
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

std::optional<std::string_view> View::get(Table table, std::string_view key) const {
  if (failure_ != 0) return std::nullopt;
  MDB_val wanted = value_of(key);
  MDB_val found{};
  const int code = mdb_get(txn_, dbi(table), &wanted, &found);
  if (code == 0) return view_of(found);
  if (code != MDB_NOTFOUND) note(code);
  return std::nullopt;
}

std::expected<std::unique_ptr<WriteTxn>, int> WriteTxn::begin(const Environment& environment) {
  MDB_txn* txn = nullptr;
  const int code = mdb_txn_begin(environment.handle(), nullptr, 0, &txn);
  if (code != 0) return std::unexpected(code);
  return std::unique_ptr<WriteTxn>(new WriteTxn(environment, txn));
}

WriteTxn::~WriteTxn() {
  if (txn_ != nullptr) mdb_txn_abort(txn_);
}

void WriteTxn::put(Table table, std::string_view key, std::string_view value) {
  if (failure_ != 0) return;
  if (marked_) remember(table, key, get(table, key));
  MDB_val k = value_of(key);
  MDB_val v = value_of(value);
  note(mdb_put(txn_, dbi(table), &k, &v, 0));
}

void WriteTxn::erase(Table table, std::string_view key) {
  if (failure_ != 0) return;
  if (marked_) remember(table, key, get(table, key));
  MDB_val k = value_of(key);
  const int code = mdb_del(txn_, dbi(table), &k, nullptr);
  if (code != MDB_NOTFOUND) note(code);
}

void WriteTxn::mark() {
  assert(!marked_);
  marked_ = true;
}

void WriteTxn::keep() {
  marked_ = false;
  before_.clear();
}

void WriteTxn::take_back() {
  marked_ = false;
  for (auto before = before_.rbegin(); before != before_.rend(); ++before) {
    if (before->value)
      put(before->table, before->key, *before->value);
    else
      erase(before->table, before->key);
  }
  before_.clear();
}

void WriteTxn::remember(Table table, std::string_view key, std::optional<std::string_view> value) {
  before_.push_back({table, std::string(key), value ? std::optional<std::string>(*value) : std::nullopt});
}

bool WriteTxn::forgive_damaged_row() {
  if (!std::exchange(row_is_damaged_, false)) return false;
  failure_ = 0;
  return true;
}

int WriteTxn::commit() {
  if (failure_ != 0) return failure_;
  return mdb_txn_commit(std::exchange(txn_, nullptr));
}

Cursor::Cursor(const View& view, Table table) : view_(view) {
  if (view.failure() == 0) view.note(mdb_cursor_open(view.txn_, view.dbi(table), &cursor_));
}

Cursor::~Cursor() {
  if (cursor_ != nullptr) mdb_cursor_close(cursor_);
}

bool Cursor::move(std::string_view key, MDB_cursor_op operation) {
  if (view_.failure() != 0) return false;
  MDB_val k = value_of(key);
  MDB_val v{};
  const int code = mdb_cursor_get(cursor_, &k, &v, operation);
  if (code != 0) {
    if (code != MDB_NOTFOUND) view_.note(code);
    return false;
  }
  key_ = view_of(k);
  value_ = view_of(v);
  return true;
}

void WriteCursor::replace(std::string_view value) {
  if (txn_.failure() != 0) return;
  assert(value.size() == value_.size());
  if (txn_.marked_) txn_.remember(table_, key_, value_);
  MDB_val k = value_of(key_);
  MDB_val v = value_of(value);
  txn_.note(mdb_cursor_put(cursor_, &k, &v, MDB_CURRENT));
}

void WriteCursor::erase() {
  if (txn_.failure() != 0) return;
  if (txn_.marked_) txn_.remember(table_, key_, value_);
  txn_.note(mdb_cursor_del(cursor_, 0));
}

}  // namespace posthaste::store
