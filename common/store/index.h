// The index: its tables in LMDB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>

#include "common/base/open_error.h"
#include "common/lmdb/environment.h"
#include "common/lmdb/transaction.h"

namespace posthaste::store {

using lmdb::Cursor;
using lmdb::Environment;
using lmdb::ReadTxn;
using lmdb::View;
using lmdb::WriteCursor;
using lmdb::WriteTxn;

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
  metadata,
  leftovers,
};
inline constexpr std::array kTableNames = {
    "meta",  "users",    "mailboxes",  "mailbox_names", "subscriptions", "hot_rows", "cold_rows", "copies",
    "blobs", "vanished", "deliveries", "idempotency",   "expiries",      "segments", "metadata",  "leftovers"};
inline constexpr std::size_t kTables = kTableNames.size();

[[nodiscard]] inline std::expected<std::shared_ptr<Environment>, OpenError> open_index(
    const std::filesystem::path& directory, Environment::Access access, std::uint64_t map_octets) {
  return Environment::open(directory, kTableNames, access, map_octets);
}

}  // namespace posthaste::store
