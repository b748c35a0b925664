#include "common/auth/tables.h"

#include <cstddef>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "common/lmdb/damage.h"
#include "common/net/system_random.h"

namespace posthaste::auth {
namespace {

constexpr std::size_t kSecretOctets = 32;
constexpr Table kEarlierTables[] = {Table::meta,      Table::domains, Table::users,
                                    Table::addresses, Table::aliases, Table::credentials};

Result<void> make_folder(const std::filesystem::path& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return std::unexpected(DirectoryError::io);
  if (made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  return {};
}

/// Gives a new directory its secret, and leaves that of an older one alone.
void mint_secret(lmdb::WriteTxn& txn) {
  if (txn.get(Table::meta, kSecretKey)) return;
  std::string secret(kSecretOctets, '\0');
  net::SystemRandom{}.fill(std::as_writable_bytes(std::span(secret)));
  txn.put(Table::meta, kSecretKey, secret);
}

DirectoryError error_of(OpenError::Kind kind, Role role) {
  switch (kind) {
    case OpenError::Kind::absent: return DirectoryError::not_found;
    case OpenError::Kind::unavailable: return role == Role::writer ? DirectoryError::read_only : DirectoryError::io;
    case OpenError::Kind::damaged:
    case OpenError::Kind::log_damaged: return DirectoryError::damaged;
    case OpenError::Kind::full: return DirectoryError::full;
    case OpenError::Kind::denied:
    case OpenError::Kind::io: return DirectoryError::io;
  }
  std::unreachable();
}

/// What LMDB or the system said, in the directory's words.
DirectoryError error_of(int code) {
  if (lmdb::is_space(code)) return DirectoryError::full;
  return lmdb::is_damage(code) ? DirectoryError::damaged : DirectoryError::io;
}

}  // namespace

Result<std::shared_ptr<lmdb::Environment>> open_environment(const std::filesystem::path& path, Role role) {
  if (role == Role::writer) {
    const auto made = make_folder(path);
    if (!made) return std::unexpected(made.error());
  }
  lmdb::Options options;
  options.durability = lmdb::Durability::at_once;  // no log stands behind it
  options.file_mode = 0600;
  options.later_tables = kTableNames.size();  // which of them must be there is said below
  options.fill = mint_secret;
  const auto access = role == Role::writer ? lmdb::Environment::Access::write : lmdb::Environment::Access::read;
  auto environment = lmdb::Environment::open(path, kTableNames, access, kDirectoryMapOctets, options);
  if (!environment) return std::unexpected(error_of(environment.error().kind, role));
  if (role == Role::writer) (*environment)->clear_dead_readers();
  for (const Table table : kEarlierTables) {
    const auto there = find_table(**environment, table);
    if (!there) return std::unexpected(there.error());
    if (!*there) return std::unexpected(DirectoryError::not_found);
  }
  return std::move(*environment);
}

Result<std::optional<Table>> find_table(lmdb::Environment& environment, Table table) {
  const auto there = environment.find_table(table);
  if (!there) return std::unexpected(error_of(there.error()));
  return *there ? std::optional(table) : std::nullopt;
}

Transaction::Transaction(std::shared_ptr<lmdb::Environment> environment, lmdb::ReadTxn read)
    : environment_(std::move(environment)), read_(std::move(read)) {}

Transaction::Transaction(std::shared_ptr<lmdb::Environment> environment, std::unique_ptr<lmdb::WriteTxn> change)
    : environment_(std::move(environment)), change_(std::move(change)) {}

Result<std::unique_ptr<Transaction>> Transaction::begin(std::shared_ptr<lmdb::Environment> environment,
                                                        Access access) {
  if (access == Access::read) {
    auto read = lmdb::ReadTxn::begin(*environment);
    if (!read) return std::unexpected(DirectoryError::io);
    return std::unique_ptr<Transaction>(new Transaction(std::move(environment), std::move(*read)));
  }
  auto change = lmdb::WriteTxn::begin(*environment);
  if (!change) return std::unexpected(error_of(change.error()));
  return std::unique_ptr<Transaction>(new Transaction(std::move(environment), std::move(*change)));
}

template <typename Look>
std::invoke_result_t<Look&, const lmdb::View&> Transaction::look(Look look) const {
  const auto ask = [&look](const lmdb::View& view) -> std::invoke_result_t<Look&, const lmdb::View&> {
    auto seen = look(view);
    if (view.failure() != 0) return std::unexpected(error_of(view.failure()));
    return seen;
  };
  return change_ ? ask(*change_) : ask(read_->view());
}

std::unexpected<DirectoryError> Transaction::damaged() const {
  lmdb::note_damage(environment_->handle());
  return std::unexpected(DirectoryError::damaged);
}

Result<std::optional<std::string_view>> Transaction::get(Table table, std::string_view key) const {
  constexpr std::size_t kKeyMaxOctets = 511;
  if (key.empty() || key.size() > kKeyMaxOctets) return std::nullopt;
  return look(
      [&](const lmdb::View& view) -> Result<std::optional<std::string_view>> { return view.get(table, key); });
}

Result<bool> Transaction::contains(Table table, std::string_view key) const {
  const auto row = get(table, key);
  if (!row) return std::unexpected(row.error());
  return row->has_value();
}

Result<std::uint64_t> Transaction::count(Table table) const {
  return look([&](const lmdb::View& view) -> Result<std::uint64_t> { return view.count(table); });
}

Result<void> Transaction::put(Table table, std::string_view key, std::string_view value) {
  change_->put(table, key, value);
  if (const int code = change_->failure(); code != 0) return std::unexpected(error_of(code));
  return {};
}

Result<void> Transaction::erase(Table table, std::string_view key) {
  const auto there = contains(table, key);
  if (!there) return std::unexpected(there.error());
  if (!*there) return std::unexpected(DirectoryError::not_found);
  change_->erase(table, key);
  if (const int code = change_->failure(); code != 0) return std::unexpected(error_of(code));
  return {};
}

Result<void> Transaction::walk(Table table, std::string_view prefix, const Visit& visit) const {
  return walk(table, prefix, prefix, visit);
}

Result<void> Transaction::walk_from(Table table, std::string_view first, const Visit& visit) const {
  return walk(table, first, "", visit);
}

Result<void> Transaction::walk(Table table, std::string_view first, std::string_view prefix,
                               const Visit& visit) const {
  constexpr std::string_view kFirstKey("\0", 1);
  return look([&](const lmdb::View& view) -> Result<void> {
    lmdb::Cursor cursor(view, table);
    bool there = cursor.seek(first.empty() ? kFirstKey : first);
    for (; there && cursor.key().starts_with(prefix); there = cursor.next()) {
      const auto visited = visit(cursor.key(), cursor.value());
      if (!visited) return visited;
    }
    return {};
  });
}

Result<void> Transaction::commit() {
  if (const int code = change_->commit(); code != 0) return std::unexpected(error_of(code));
  return {};
}

}  // namespace posthaste::auth
