// LMDB environments, opened once per process, with their tables.
#pragma once

#include <lmdb.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "common/base/open_error.h"

namespace posthaste::lmdb {

/// A table by its place in the list of names with which the environment was opened: an enumerator of the owner's.
struct TableId {
  template <typename Table>
  requires std::is_enum_v<Table>
  constexpr TableId(Table table) noexcept  // NOLINT(google-explicit-constructor)
      : place(static_cast<std::size_t>(table)) {}

  std::size_t place;
};

/// Why no read transaction began.
enum class BeginError {
  unavailable,  // all reader slots are taken
  io,
};

/// Whether `code` says that there is no room: in the map, on the device, in the quota or within the file size
/// limit.
[[nodiscard]] bool is_space(int code) noexcept;

/// Whether `code` says that the file holds what it cannot hold.
[[nodiscard]] bool is_damage(int code) noexcept;

/// An LMDB or system code in words.
[[nodiscard]] std::string describe(int code);

/// Whether a power failure may take back a commit.
enum class Durability {
  with_the_next,  // the last one, until the next commit or sync(): one flush, enough for an index that a log stands
                  // behind
  at_once,        // none: two flushes
};

class WriteTxn;

/// What else there is to say of an environment that is opened.
struct Options {
  std::size_t later_tables = 0;  // how many of its tables, the last ones, may be missing when it is opened to read
  Durability durability = Durability::with_the_next;
  mdb_mode_t file_mode = 0640;
  /// Puts rows, in the transaction that makes the tables. It is asked whenever the environment is opened to write.
  std::function<void(WriteTxn&)> fill = [](WriteTxn&) {};
};

/// A reader of another process.
struct OtherReader {
  int pid = 0;
  std::uint64_t snapshot = 0;  // the commit after which it began
  auto operator<=>(const OtherReader&) const = default;
};

/// Of all environments that this process has open for writing: frees the reader slots of processes that died, and
/// gives those of others that keep pages from being used again.
std::vector<OtherReader> clear_dead_readers();

/// One LMDB environment. Whoever opens the same directory again in this process shares it: a second descriptor
/// would drop the first one's locks when it is closed.
///
/// A commit is there for all readers, and after any death of this process; `Durability` says when it is after a
/// power failure, too.
class Environment {
 public:
  enum class Access { read, write };

  /// Its tables are named in the order of the caller's enumeration, by names that outlive it; opened for writing,
  /// they are made if need be.
  /// Errors: absent; denied; unavailable, when it is out of reader slots; damaged, also without a table; full; io.
  [[nodiscard]] static std::expected<std::shared_ptr<Environment>, OpenError> open(
      const std::filesystem::path& directory, std::span<const char* const> table_names, Access access,
      std::uint64_t map_octets, const Options& options = {});
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment();

  [[nodiscard]] MDB_env* handle() const { return env_; }
  [[nodiscard]] MDB_dbi table(TableId table) const { return tables_[table.place].handle; }

  /// Whether a later table is there. It may have been made since: who reads it asks before the transaction begins.
  /// Errors: LMDB's or the system's.
  [[nodiscard]] std::expected<bool, int> find_table(TableId table);

  /// A read transaction on the newest state, from those that wait idle when there is one.
  [[nodiscard]] std::expected<MDB_txn*, BeginError> begin_read();
  void end_read(MDB_txn* txn);

  /// The number of the last commit, of whatever process.
  [[nodiscard]] std::uint64_t last_commit() const;

  /// Makes the last commit last. Before octets are given up that only the state before it needs. False: an error.
  [[nodiscard]] bool sync();

  /// Whether more of the map is free than its reserve, an eighth and at most 256 MB. A commit that finds the map
  /// full is worse than a refusal.
  [[nodiscard]] bool has_room();

  /// Frees the reader slots of processes that died. Returns how many there were.
  int clear_dead_readers();

 private:
  friend std::vector<OtherReader> clear_dead_readers();
  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    auto operator<=>(const Identity&) const = default;
  };
  struct Registry;
  Environment(MDB_env* env, Access access, Identity identity, std::span<const char* const> table_names)
      : env_(env), access_(access), identity_(identity), table_names_(table_names), tables_(table_names.size()) {}
  [[nodiscard]] static Registry& registry();
  /// Octets of the map that hold nothing: `enough` or more when there are so many behind the last page in use, and
  /// otherwise counted together with the pages that were freed. Part of what a commit needs may be taken by
  /// readers.
  [[nodiscard]] std::uint64_t free_octets(std::uint64_t enough);
  [[nodiscard]] int open_tables(const Options& options);
  [[nodiscard]] int make_tables(const Options& options);
  /// Opens those that are there, from `first` on, up to `end`.
  [[nodiscard]] int open_to_read(std::size_t first, std::size_t end);

  MDB_env* env_;
  const Access access_;
  const Identity identity_;
  const std::span<const char* const> table_names_;
  struct Table {
    std::atomic<bool> is_open = false;
    MDB_dbi handle = 0;  // once it is open
  };
  std::vector<Table> tables_;
  std::mutex tables_mutex_;  // only one transaction of a process may open a table at a time
  std::mutex mutex_;
  std::vector<MDB_txn*> idle_readers_;  // guarded by mutex_
};

}  // namespace posthaste::lmdb
