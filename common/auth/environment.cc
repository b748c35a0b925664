#include "common/auth/environment.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include "common/lmdb/damage.h"
#include "common/lmdb/data_file.h"
#include "common/lmdb/environment.h"
#include "common/net/system_random.h"

namespace posthaste::auth {
namespace {

constexpr MDB_dbi kTablesMax = 16;
constexpr unsigned kReadersMax = 1'024;  // threads of all daemons that may read at one instant
constexpr mode_t kFileMode = 0600;

using FileIdentity = std::pair<dev_t, ino_t>;

/// The environments of this process. Closing happens under the lock too, so that none is opened twice.
struct Registry {
  struct Entry {
    std::unique_ptr<Environment> environment;
    std::size_t users = 0;
  };
  std::mutex mutex;
  std::map<FileIdentity, Entry> entries;
};

Registry& registry() {
  static Registry registry;
  return registry;
}

void release(const FileIdentity& identity) {
  auto& open = registry();
  const std::scoped_lock lock{open.mutex};
  const auto entry = open.entries.find(identity);
  if (--entry->second.users == 0) open.entries.erase(entry);
}

std::optional<FileIdentity> identity_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino};
}

Result<void> make_folder(const std::filesystem::path& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return std::unexpected(DirectoryError::io);
  if (made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  return {};
}

MDB_val value_of(std::string_view octets) noexcept {
  return {octets.size(), const_cast<char*>(octets.data())};  // LMDB only reads it
}

std::string_view view_of(const MDB_val& value) noexcept {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

/// Gives a new environment its secret, and leaves that of an older one alone.
int mint_secret(MDB_txn* transaction, MDB_dbi meta) {
  std::array<std::byte, 32> secret{};
  net::SystemRandom{}.fill(secret);
  MDB_val key = value_of(kSecretKey);
  MDB_val row{secret.size(), secret.data()};
  const int code = mdb_put(transaction, meta, &key, &row, MDB_NOOVERWRITE);
  return code == MDB_KEYEXIST ? 0 : code;
}

}  // namespace

DirectoryError error_of(int code) noexcept {
  switch (code) {
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT: return DirectoryError::full;
    case MDB_NOTFOUND:
    case ENOENT: return DirectoryError::not_found;
    default: return lmdb::is_damage(code) ? DirectoryError::damaged : DirectoryError::io;
  }
}

Result<std::shared_ptr<Environment>> Environment::open(const std::filesystem::path& path, Role role) {
  if (role == Role::writer) {
    const auto made = make_folder(path);
    if (!made) return std::unexpected(made.error());
  }
  const auto identity = identity_of(path);
  if (!identity) return std::unexpected(DirectoryError::not_found);

  auto& open = registry();
  const std::scoped_lock lock{open.mutex};
  auto entry = open.entries.find(*identity);
  if (entry == open.entries.end()) {
    auto environment = open_anew(path, role);
    if (!environment) return std::unexpected(environment.error());
    entry = open.entries.emplace(*identity, Registry::Entry{std::move(*environment), 0}).first;
  }
  if (role == Role::writer && entry->second.environment->role() == Role::reader) {
    return std::unexpected(DirectoryError::read_only);
  }
  ++entry->second.users;
  return std::shared_ptr<Environment>{entry->second.environment.get(),
                                      [identity = *identity](Environment*) { release(identity); }};
}

Result<std::unique_ptr<Environment>> Environment::open_anew(const std::filesystem::path& path, Role role) {
  MDB_env* created = nullptr;
  if (const int code = mdb_env_create(&created); code != 0) return std::unexpected(error_of(code));
  auto environment = std::make_unique<Environment>(created);
  environment->role_ = role;
  mdb_env_set_maxdbs(created, kTablesMax);
  mdb_env_set_maxreaders(created, kReadersMax);
  mdb_env_set_mapsize(created, kDirectoryMapOctets);
  const unsigned flags = MDB_NOTLS | (role == Role::reader ? unsigned{MDB_RDONLY} : 0U);
  if (const int code = mdb_env_open(created, path.c_str(), flags, kFileMode); code != 0) {
    return std::unexpected(error_of(code));
  }
  if (lmdb::is_cut_short(created)) return std::unexpected(DirectoryError::damaged);
  if (role == Role::writer) {
    int dead_readers = 0;
    mdb_reader_check(created, &dead_readers);
  }
  const auto tables = environment->open_tables(role);
  if (!tables) return std::unexpected(tables.error());
  return environment;
}

Result<void> Environment::open_tables(Role role) {
  const bool reader = role == Role::reader;
  MDB_txn* transaction = nullptr;
  int code = mdb_txn_begin(get(), nullptr, reader ? unsigned{MDB_RDONLY} : 0U, &transaction);
  if (code != 0) return std::unexpected(error_of(code));
  const std::pair<const char*, MDB_dbi*> named[] = {
      {"meta", &tables_.meta},           {"domains", &tables_.domains}, {"users", &tables_.users},
      {"addresses", &tables_.addresses}, {"aliases", &tables_.aliases}, {"credentials", &tables_.credentials}};
  for (const auto& [name, table] : named) {
    if (code == 0) code = mdb_dbi_open(transaction, name, reader ? 0U : unsigned{MDB_CREATE}, table);
  }
  if (code == 0 && !reader) code = mint_secret(transaction, tables_.meta);
  if (code != 0) {
    mdb_txn_abort(transaction);
    return std::unexpected(error_of(code));
  }
  code = mdb_txn_commit(transaction);  // of a reader too: this is what keeps the tables' handles
  if (code != 0) return std::unexpected(error_of(code));
  for (const auto& later : {routes(), app_passwords(), departed()}) {
    if (!later) return std::unexpected(later.error());
  }
  return {};
}

Result<std::optional<MDB_dbi>> Environment::open_later_table(const char* name) {
  const bool reader = role_ == Role::reader;
  MDB_txn* transaction = nullptr;
  int code = mdb_txn_begin(get(), nullptr, reader ? unsigned{MDB_RDONLY} : 0U, &transaction);
  if (code != 0) return std::unexpected(error_of(code));
  MDB_dbi table = 0;
  code = mdb_dbi_open(transaction, name, reader ? 0U : unsigned{MDB_CREATE}, &table);
  if (code != 0) {
    mdb_txn_abort(transaction);
    if (code == MDB_NOTFOUND) return std::nullopt;
    return std::unexpected(error_of(code));
  }
  code = mdb_txn_commit(transaction);
  if (code != 0) return std::unexpected(error_of(code));
  return table;
}

Result<std::optional<MDB_dbi>> Environment::later_table(const char* name, LaterTable& later) {
  if (later.known.load(std::memory_order_acquire)) return later.table;
  const std::scoped_lock lock{later_tables_mutex_};
  if (later.known.load(std::memory_order_relaxed)) return later.table;
  const auto opened = open_later_table(name);
  if (!opened || !*opened) return opened;
  later.table = **opened;
  later.known.store(true, std::memory_order_release);
  return opened;
}

Result<std::unique_ptr<Transaction>> Transaction::begin(std::shared_ptr<Environment> environment, Access access) {
  MDB_txn* begun = nullptr;
  const unsigned flags = access == Access::read ? unsigned{MDB_RDONLY} : 0U;
  if (const int code = mdb_txn_begin(environment->get(), nullptr, flags, &begun); code != 0) {
    return std::unexpected(error_of(code));
  }
  if (access == Access::read) lmdb::note_reader_begins(begun);
  return std::unique_ptr<Transaction>{new Transaction{std::move(environment), begun}};
}

std::unexpected<DirectoryError> Transaction::damaged() const {
  lmdb::note_damage(environment_->get());
  return std::unexpected(DirectoryError::damaged);
}

std::unexpected<DirectoryError> Transaction::failed(int code) const {
  const DirectoryError error = error_of(code);
  return error == DirectoryError::damaged ? damaged() : std::unexpected(error);
}

Result<std::optional<std::string_view>> Transaction::get(MDB_dbi table, std::string_view key) const {
  constexpr std::size_t kKeyMaxOctets = 511;
  if (key.empty() || key.size() > kKeyMaxOctets) return std::nullopt;
  MDB_val key_value = value_of(key);
  MDB_val found{};
  const int code = mdb_get(transaction_.get(), table, &key_value, &found);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != 0) return failed(code);
  return view_of(found);
}

Result<bool> Transaction::contains(MDB_dbi table, std::string_view key) const {
  const auto row = get(table, key);
  if (!row) return std::unexpected(row.error());
  return row->has_value();
}

Result<std::uint64_t> Transaction::count(MDB_dbi table) const {
  MDB_stat stat{};
  if (const int code = mdb_stat(transaction_.get(), table, &stat); code != 0) return failed(code);
  return stat.ms_entries;
}

Result<void> Transaction::put(MDB_dbi table, std::string_view key, std::string_view value) {
  MDB_val key_value = value_of(key);
  MDB_val row = value_of(value);
  const int code = mdb_put(transaction_.get(), table, &key_value, &row, 0);
  if (code != 0) return failed(code);
  return {};
}

Result<void> Transaction::erase(MDB_dbi table, std::string_view key) {
  MDB_val key_value = value_of(key);
  const int code = mdb_del(transaction_.get(), table, &key_value, nullptr);
  if (code != 0) return failed(code);
  return {};
}

Result<void> Transaction::walk(
    MDB_dbi table, std::string_view prefix,
    const std::function<Result<void>(std::string_view key, std::string_view value)>& visit) const {
  return walk(table, prefix, prefix, visit);
}

Result<void> Transaction::walk_from(
    MDB_dbi table, std::string_view first,
    const std::function<Result<void>(std::string_view key, std::string_view value)>& visit) const {
  return walk(table, first, "", visit);
}

Result<void> Transaction::walk(
    MDB_dbi table, std::string_view first, std::string_view prefix,
    const std::function<Result<void>(std::string_view key, std::string_view value)>& visit) const {
  MDB_cursor* opened = nullptr;
  if (const int code = mdb_cursor_open(transaction_.get(), table, &opened); code != 0) {
    return failed(code);
  }
  auto close = [](MDB_cursor* cursor) { mdb_cursor_close(cursor); };
  const std::unique_ptr<MDB_cursor, decltype(close)> cursor{opened, close};

  MDB_val key = value_of(first);
  MDB_val row{};
  int code = mdb_cursor_get(cursor.get(), &key, &row, first.empty() ? MDB_FIRST : MDB_SET_RANGE);
  for (; code == 0 && view_of(key).starts_with(prefix); code = mdb_cursor_get(cursor.get(), &key, &row, MDB_NEXT)) {
    const auto visited = visit(view_of(key), view_of(row));
    if (!visited) return visited;
  }
  if (code != 0 && code != MDB_NOTFOUND) return failed(code);
  return {};
}

Result<void> Transaction::commit() {
  lmdb::note_reader_ends(transaction_.get());
  const int code = mdb_txn_commit(transaction_.release());  // freed whatever comes back
  if (code != 0) return std::unexpected(error_of(code));
  return {};
}

}  // namespace posthaste::auth
