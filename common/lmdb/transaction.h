// Transactions of an LMDB environment, and cursors in them.
#pragma once

#include <lmdb.h>

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/lmdb/damage.h"
#include "common/lmdb/environment.h"

namespace posthaste::lmdb {

/// A transaction to look into. What it gives lies in the map: it ends with the transaction, or with the next change
/// in it. After a failure it finds nothing; ask failure() before you believe it.
class View {
 public:
  View(const Environment& environment, MDB_txn* txn) : environment_(environment), txn_(txn) {}
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  [[nodiscard]] std::optional<std::string_view> get(TableId table, std::string_view key) const;

  /// How many rows the table says it has.
  [[nodiscard]] std::uint64_t count(TableId table) const;

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
  /// Remembers the first failure, and tells of damage.
  void note(int code) const {
    if (failure_ != 0 || code == 0) return;
    failure_ = code;
    if (is_damage(code)) note_damage(environment_.handle());
  }
  [[nodiscard]] MDB_dbi dbi(TableId table) const { return environment_.table(table); }

  const Environment& environment_;
  MDB_txn* txn_;
  mutable int failure_ = 0;
  mutable bool row_is_damaged_ = false;  // and that is the failure
};

/// What `decode` makes of a row, if it is there. The view fails when `decode` makes nothing of it.
template <typename Decode>
auto find_row(const View& view, TableId table, std::string_view key, Decode decode)
    -> decltype(decode(std::string_view{})) {
  const auto octets = view.get(table, key);
  if (!octets) return std::nullopt;
  auto row = decode(*octets);
  if (!row) view.fail_as_damaged();
  return row;
}

/// A transaction to read in, on the newest state, which goes back to its environment when it is over.
class ReadTxn {
 public:
  [[nodiscard]] static std::expected<ReadTxn, BeginError> begin(Environment& environment) {
    const auto txn = environment.begin_read();
    if (!txn) return std::unexpected(txn.error());
    return ReadTxn(environment, *txn);
  }
  ReadTxn(ReadTxn&& other) noexcept : environment_(other.environment_), txn_(std::exchange(other.txn_, nullptr)) {}
  ReadTxn& operator=(ReadTxn&&) = delete;
  ~ReadTxn() {
    if (txn_ != nullptr) environment_.end_read(txn_);
  }

  /// To look into it. Its life lies within this one's.
  [[nodiscard]] View view() const { return View(environment_, txn_); }
  [[nodiscard]] MDB_txn* handle() const { return txn_; }

 private:
  ReadTxn(Environment& environment, MDB_txn* txn) : environment_(environment), txn_(txn) {}

  Environment& environment_;
  MDB_txn* txn_;
};

/// The writer's transaction. It is aborted unless committed, and can take back what was done since a mark.
class WriteTxn final : public View {
 public:
  [[nodiscard]] static std::expected<std::unique_ptr<WriteTxn>, int> begin(const Environment& environment);
  ~WriteTxn();

  void put(TableId table, std::string_view key, std::string_view value);
  void erase(TableId table, std::string_view key);

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

  [[nodiscard]] MDB_txn* handle() const { return txn_; }

 private:
  friend class WriteCursor;
  WriteTxn(const Environment& environment, MDB_txn* txn) : View(environment, txn) {}
  void remember(TableId table, std::string_view key, std::optional<std::string_view> value);

  struct Before {
    TableId table;
    std::string key;
    std::optional<std::string> value;
  };
  bool marked_ = false;
  std::vector<Before> before_;
};

/// Walks a table by ascending keys. Its life lies within the view's.
class Cursor {
 public:
  Cursor(const View& view, TableId table);
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor();

  /// To the first row whose key is `key` or above. False when there is none.
  bool seek(std::string_view key) { return move(key, MDB_SET_RANGE); }
  bool next() { return move({}, MDB_NEXT); }
  /// To the last row whose key is below `key`. False when there is none.
  bool seek_below(std::string_view key) { return seek(key) ? previous() : move({}, MDB_LAST); }
  bool previous() { return move({}, MDB_PREV); }
  /// To the row whose key is `key`. False when there is none.
  bool find(std::string_view key) { return move(key, MDB_SET_KEY); }

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
  WriteCursor(WriteTxn& txn, TableId table) : Cursor(txn, table), txn_(txn), table_(table) {}

  /// Puts a value of the same length in place. key() and value() are over.
  void replace(std::string_view value);
  /// next() then goes to the row that followed.
  void erase();

 private:
  WriteTxn& txn_;
  const TableId table_;
};

}  // namespace posthaste::lmdb
