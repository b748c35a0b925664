// The index: LMDB environments, opened once per process, their tables, transactions and cursors.
#pragma once

#include <lmdb.h>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/store/store.h"
#include "common/store/store_error.h"

namespace posthaste::store {

/// rows.h says what their keys and values hold.
enum class Table : std::uint8_t {
  meta,
  users,
  mailboxes,
  mailbox_names,
  subscriptions,
  hot_rows,
  cold_rows,
  copies,
  blobs,
  vanished,
  deliveries,
  idempotency,
  expiries,
  segments,
};
inline constexpr std::size_t kTables = 14;

/// One LMDB environment. Whoever opens the same directory again in this process shares it: a second descriptor
/// would drop the first one's locks when it is closed.
class Environment {
 public:
  enum class Access { read, write };

  [[nodiscard]] static std::expected<std::shared_ptr<Environment>, OpenError> open(
      const std::filesystem::path& directory, Access access, std::uint64_t map_octets);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment();

  [[nodiscard]] MDB_env* handle() const { return env_; }
  [[nodiscard]] MDB_dbi table(Table table) const { return tables_[static_cast<std::size_t>(table)]; }

  /// A read transaction on the newest state, from those that wait idle when there is one.
  /// Errors: unavailable, when all reader slots are taken; io.
  [[nodiscard]] std::expected<MDB_txn*, StoreError> begin_read();
  void end_read(MDB_txn* txn);

  /// Octets of the map that hold nothing: `enough` or more when there are so many behind the last page in use, and
  /// otherwise counted together with the pages that were freed. Part of what a commit needs may be taken by
  /// readers.
  [[nodiscard]] std::uint64_t free_octets(std::uint64_t enough);

 private:
  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    auto operator<=>(const Identity&) const = default;
  };
  struct Registry;
  Environment(MDB_env* env, Access access, Identity identity) : env_(env), access_(access), identity_(identity) {}
  [[nodiscard]] static Registry& registry();
  [[nodiscard]] int open_tables();

  MDB_env* env_;
  const Access access_;
  const Identity identity_;
  std::array<MDB_dbi, kTables> tables_{};
  std::mutex mutex_;
  std::vector<MDB_txn*> idle_readers_;  // guarded by mutex_
};

/// A transaction to look into. What it gives lies in the map: it ends with the transaction, or with the next change
/// in it. After a failure it finds nothing; ask failure() before you believe it.
class View {
 public:
  View(const Environment& environment, MDB_txn* txn) : environment_(environment), txn_(txn) {}
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  [[nodiscard]] std::optional<std::string_view> get(Table table, std::string_view key) const;

  /// An LMDB or system error, or 0.
  [[nodiscard]] int failure() const { return failure_; }
  /// A row holds what it cannot hold.
  void fail_as_damaged() const {
    row_is_damaged_ = row_is_damaged_ || failure_ == 0;
    note(MDB_CORRUPTED);
  }

 protected:
  friend class Cursor;
  friend class WriteCursor;
  /// Remembers the first failure.
  void note(int code) const {
    if (failure_ == 0) failure_ = code;
  }
  [[nodiscard]] MDB_dbi dbi(Table table) const { return environment_.table(table); }

  const Environment& environment_;
  MDB_txn* txn_;
  mutable int failure_ = 0;
  mutable bool row_is_damaged_ = false;  // and that is the failure
};

/// The writer's transaction. It is aborted unless committed, and can take back what was done since a mark.
class WriteTxn final : public View {
 public:
  [[nodiscard]] static std::expected<std::unique_ptr<WriteTxn>, int> begin(const Environment& environment);
  ~WriteTxn();

  void put(Table table, std::string_view key, std::string_view value);
  void erase(Table table, std::string_view key);

  /// From here on every change remembers what was there, until keep() or take_back().
  void mark();
  void keep();
  void take_back();

  /// Something outside of the index failed, with a system's or LMDB's code, or a change of it stopped half-way. A
  /// damaged row that was the reason is no longer to be forgiven.
  void fail(int code) {
    note(code);
    row_is_damaged_ = false;
  }

  /// Goes on when all that failed was the decoding of a row. False when it was something else.
  [[nodiscard]] bool forgive_damaged_row();

  /// 0, or why nothing was committed. The transaction is over.
  [[nodiscard]] int commit();

 private:
  friend class WriteCursor;
  WriteTxn(const Environment& environment, MDB_txn* txn) : View(environment, txn) {}
  void remember(Table table, std::string_view key, std::optional<std::string_view> value);

  struct Before {
    Table table;
    std::string key;
    std::optional<std::string> value;
  };
  bool marked_ = false;
  std::vector<Before> before_;
};

/// Walks a table by ascending keys. Its life lies within the view's.
class Cursor {
 public:
  Cursor(const View& view, Table table);
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor();

  /// To the first row whose key is `key` or above. False when there is none.
  bool seek(std::string_view key) { return move(key, MDB_SET_RANGE); }
  bool next() { return move({}, MDB_NEXT); }

  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] std::string_view value() const { return value_; }

 protected:
  bool move(std::string_view key, MDB_cursor_op operation);

  const View& view_;
  MDB_cursor* cursor_ = nullptr;
  std::string_view key_;
  std::string_view value_;
};

/// A cursor that changes the row it is on.
class WriteCursor final : public Cursor {
 public:
  WriteCursor(WriteTxn& txn, Table table) : Cursor(txn, table), txn_(txn), table_(table) {}

  /// Puts a value of the same length in place. key() and value() are over.
  void replace(std::string_view value);
  /// next() then goes to the row that followed.
  void erase();

 private:
  WriteTxn& txn_;
  const Table table_;
};

}  // namespace posthaste::store
