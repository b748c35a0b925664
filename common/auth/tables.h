// The directory's tables and its transactions; nobody outside this room includes it.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "common/auth/directory.h"
#include "common/lmdb/environment.h"
#include "common/lmdb/transaction.h"

namespace posthaste::auth {

template <typename T>
using Result = std::expected<T, DirectoryError>;

enum class Table : std::uint8_t {
  meta,         // "next_user_id" -> a number, "secret" -> random octets
  domains,      // domain -> nothing
  users,        // user id -> user
  addresses,    // domain@local -> user id
  aliases,      // domain@local -> targets
  credentials,  // user id -> credential
  // Directories made by earlier versions get these from their next writer.
  routes,         // target -> route
  app_passwords,  // user id, name -> app password
  departed,       // user id of a deleted user -> nothing yet
};
inline constexpr std::array kTableNames = {"meta",        "domains", "users",         "addresses", "aliases",
                                           "credentials", "routes",  "app_passwords", "departed"};

// Of Table::meta.
inline constexpr std::string_view kSecretKey = "secret";
inline constexpr std::string_view kNextUserId = "next_user_id";

/// Opens the directory's environment, or shares what this process has open already. A writer makes it when there is
/// none. Errors: not_found; read_only, for a writer, when this process has it open for reading; damaged, full, io.
[[nodiscard]] Result<std::shared_ptr<lmdb::Environment>> open_environment(const std::filesystem::path& path,
                                                                          Role role);

/// The table, if it is there. Asked before the transaction begins that reads it.
[[nodiscard]] Result<std::optional<Table>> find_table(lmdb::Environment& environment, Table table);

enum class Access { read, write };

/// One transaction, aborted unless committed. What get() and walk() show dies with it, or with the next write.
class Transaction {
 public:
  static Result<std::unique_ptr<Transaction>> begin(std::shared_ptr<lmdb::Environment> environment, Access access);

  /// Nothing when there is no such key, or none can be so long.
  [[nodiscard]] Result<std::optional<std::string_view>> get(Table table, std::string_view key) const;
  [[nodiscard]] Result<bool> contains(Table table, std::string_view key) const;
  /// How many rows the table says it has.
  [[nodiscard]] Result<std::uint64_t> count(Table table) const;

  using Visit = std::function<Result<void>(std::string_view key, std::string_view value)>;
  /// Calls `visit` for each row whose key begins with `prefix`, in the order of the keys, until it returns an
  /// error. `visit` changes nothing.
  Result<void> walk(Table table, std::string_view prefix, const Visit& visit) const;
  /// The same for each row whose key is `first` or above.
  Result<void> walk_from(Table table, std::string_view first, const Visit& visit) const;

  // Of a change, as commit(): after an error nothing of it can be committed.
  Result<void> put(Table table, std::string_view key, std::string_view value);
  /// Errors: not_found.
  Result<void> erase(Table table, std::string_view key);

  Result<void> commit();

  /// A row holds what nobody here has written. Notes it: the daemon that meets it tells of it.
  [[nodiscard]] std::unexpected<DirectoryError> damaged() const;

 private:
  Transaction(std::shared_ptr<lmdb::Environment> environment, lmdb::ReadTxn read);
  Transaction(std::shared_ptr<lmdb::Environment> environment, std::unique_ptr<lmdb::WriteTxn> change);

  /// What `look` gives, asked with a view that has not failed yet; or why the view fails.
  template <typename Look>
  [[nodiscard]] std::invoke_result_t<Look&, const lmdb::View&> look(Look look) const;
  Result<void> walk(Table table, std::string_view first, std::string_view prefix, const Visit& visit) const;

  std::shared_ptr<lmdb::Environment> environment_;
  std::optional<lmdb::ReadTxn> read_;  // one of the two
  std::unique_ptr<lmdb::WriteTxn> change_;
};

}  // namespace posthaste::auth
