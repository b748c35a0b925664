// The directory's LMDB environment and its transactions; nobody outside this room includes it.
#pragma once

#include <lmdb.h>

#include <atomic>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "common/auth/directory.h"
#include "common/lmdb/open_readers.h"

namespace posthaste::auth {

template <typename T>
using Result = std::expected<T, DirectoryError>;

/// What LMDB or the system said, in the directory's words.
[[nodiscard]] DirectoryError error_of(int code) noexcept;

// Of Tables::meta.
inline constexpr std::string_view kSecretKey = "secret";
inline constexpr std::string_view kNextUserId = "next_user_id";

enum class Access { read, write };

/// The environment and its tables.
class Environment {
 public:
  struct Tables {
    MDB_dbi meta = 0;         // "next_user_id" -> a number, "secret" -> random octets
    MDB_dbi domains = 0;      // domain -> nothing
    MDB_dbi users = 0;        // user id -> user
    MDB_dbi addresses = 0;    // domain@local -> user id
    MDB_dbi aliases = 0;      // domain@local -> targets
    MDB_dbi credentials = 0;  // user id -> credential
  };

  /// Opens it, or shares what this process has open already: a second mdb_env_open() of the same file in one
  /// process would, when closed, drop the first one's locks.
  static Result<std::shared_ptr<Environment>> open(const std::filesystem::path& path, Role role);

  explicit Environment(MDB_env* environment) noexcept : environment_(environment) {}
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  [[nodiscard]] MDB_env* get() const noexcept { return environment_.get(); }
  [[nodiscard]] const Tables& tables() const noexcept { return tables_; }
  [[nodiscard]] Role role() const noexcept { return role_; }

  /// The table target -> route. Directories made before there were routes get it from their next writer; nothing
  /// until then. Asked for before the transaction that reads it begins: an earlier one does not know a new table.
  [[nodiscard]] Result<std::optional<MDB_dbi>> routes() { return later_table("routes", routes_); }
  /// Likewise user id, name -> app password.
  [[nodiscard]] Result<std::optional<MDB_dbi>> app_passwords() {
    return later_table("app_passwords", app_passwords_);
  }

  /// Likewise user id of a deleted user -> nothing yet.
  [[nodiscard]] Result<std::optional<MDB_dbi>> departed() { return later_table("departed", departed_); }

 private:
  struct Close {
    void operator()(MDB_env* environment) const noexcept { mdb_env_close(environment); }
  };
  static Result<std::unique_ptr<Environment>> open_anew(const std::filesystem::path& path, Role role);
  Result<void> open_tables(Role role);
  /// A table that may come later: once it is known, nobody locks anything to use it. A change, which holds LMDB's
  /// own lock, must not wait for one who opens a table and waits for that.
  struct LaterTable {
    std::atomic<bool> known = false;
    MDB_dbi table = 0;  // once known
  };
  Result<std::optional<MDB_dbi>> later_table(const char* name, LaterTable& later);
  Result<std::optional<MDB_dbi>> open_later_table(const char* name);

  std::unique_ptr<MDB_env, Close> environment_;
  Tables tables_;
  Role role_ = Role::reader;
  std::mutex later_tables_mutex_;  // only one transaction of a process may open a table at a time
  LaterTable routes_;
  LaterTable app_passwords_;
  LaterTable departed_;
};

/// One transaction, aborted unless committed. What get() and walk() show dies with it, or with the next write.
class Transaction {
 public:
  static Result<std::unique_ptr<Transaction>> begin(std::shared_ptr<Environment> environment, Access access);

  [[nodiscard]] const Environment::Tables& tables() const noexcept { return environment_->tables(); }
  /// Of a change: its environment is a writer's, which has these tables from the start.
  [[nodiscard]] Result<std::optional<MDB_dbi>> routes() const { return environment_->routes(); }
  [[nodiscard]] Result<std::optional<MDB_dbi>> app_passwords() const { return environment_->app_passwords(); }
  [[nodiscard]] Result<std::optional<MDB_dbi>> departed() const { return environment_->departed(); }

  /// Nothing when there is no such key, or none can be so long.
  [[nodiscard]] Result<std::optional<std::string_view>> get(MDB_dbi table, std::string_view key) const;
  [[nodiscard]] Result<bool> contains(MDB_dbi table, std::string_view key) const;
  /// How many rows the table says it has.
  [[nodiscard]] Result<std::uint64_t> count(MDB_dbi table) const;
  Result<void> put(MDB_dbi table, std::string_view key, std::string_view value);
  /// Errors: not_found.
  Result<void> erase(MDB_dbi table, std::string_view key);

  /// Calls `visit` for each row whose key begins with `prefix`, in the order of the keys, until it returns an
  /// error. `visit` changes nothing.
  Result<void> walk(MDB_dbi table, std::string_view prefix,
                    const std::function<Result<void>(std::string_view key, std::string_view value)>& visit) const;
  /// The same for each row whose key is `first` or above.
  Result<void> walk_from(
      MDB_dbi table, std::string_view first,
      const std::function<Result<void>(std::string_view key, std::string_view value)>& visit) const;

  Result<void> commit();

  /// A row holds what nobody here has written. Notes it: the daemon that meets it tells of it.
  [[nodiscard]] std::unexpected<DirectoryError> damaged() const;

 private:
  [[nodiscard]] std::unexpected<DirectoryError> failed(int code) const;
  Result<void> walk(MDB_dbi table, std::string_view first, std::string_view prefix,
                    const std::function<Result<void>(std::string_view key, std::string_view value)>& visit) const;
  Transaction(std::shared_ptr<Environment> environment, MDB_txn* transaction) noexcept
      : environment_(std::move(environment)), transaction_(transaction) {}

  struct Abort {
    void operator()(MDB_txn* transaction) const noexcept {
      lmdb::note_reader_ends(transaction);  // nothing, of a change
      mdb_txn_abort(transaction);
    }
  };

  std::shared_ptr<Environment> environment_;
  std::unique_ptr<MDB_txn, Abort> transaction_;
};

}  // namespace posthaste::auth
