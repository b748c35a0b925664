#include "common/lmdb/transaction.h"

#include <cassert>
#include <utility>

namespace posthaste::lmdb {
namespace {

MDB_val value_of(std::string_view octets) { return {octets.size(), const_cast<char*>(octets.data())}; }
std::string_view view_of(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

}  // namespace

std::optional<std::string_view> View::get(TableId table, std::string_view key) const {
  if (failure_ != 0) return std::nullopt;
  MDB_val wanted = value_of(key);
  MDB_val found{};
  const int code = mdb_get(txn_, dbi(table), &wanted, &found);
  if (code == 0) return view_of(found);
  if (code != MDB_NOTFOUND) note(code);
  return std::nullopt;
}

std::uint64_t View::count(TableId table) const {
  if (failure_ != 0) return 0;
  MDB_stat stat{};
  note(mdb_stat(txn_, dbi(table), &stat));
  return stat.ms_entries;
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

void WriteTxn::put(TableId table, std::string_view key, std::string_view value) {
  if (failure_ != 0) return;
  if (marked_) remember(table, key, get(table, key));
  MDB_val k = value_of(key);
  MDB_val v = value_of(value);
  note(mdb_put(txn_, dbi(table), &k, &v, 0));
}

void WriteTxn::erase(TableId table, std::string_view key) {
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

void WriteTxn::remember(TableId table, std::string_view key, std::optional<std::string_view> value) {
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

Cursor::Cursor(const View& view, TableId table) : view_(view) {
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

}  // namespace posthaste::lmdb
