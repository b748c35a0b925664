// Finding rows inside a transaction; shared by reads and changes, and by nobody outside this room.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/auth/address.h"
#include "common/auth/tables.h"

namespace posthaste::auth {

/// Cut at the last '@' and folded: an unquoted local part may hold one. Nothing without '@'.
[[nodiscard]] std::optional<Address> folded(std::string_view address);

/// The number that the next new user gets.
[[nodiscard]] Result<UserId> next_user_id(const Transaction& transaction);

[[nodiscard]] Result<User> user_by_id(const Transaction& transaction, UserId id);                    // not_found
[[nodiscard]] Result<User> user_by_address(const Transaction& transaction, const Address& address);  // not_found
[[nodiscard]] Result<Credential> credential_of(const Transaction& transaction, UserId id);           // not_found

/// By name; none while there is no table.
[[nodiscard]] Result<std::vector<AppPassword>> app_passwords_of(const Transaction& transaction,
                                                                std::optional<Table> table, UserId id);

/// What an address leads to in one step.
struct Match {
  std::variant<UserId, std::vector<std::string>> leads_to;  // a user, or an alias' targets
  std::string detail;
};

/// By the address as it is, without its detail, or by the domain's catch-all. Nothing when none is there.
/// `written` is what `address` was folded from: a detail keeps its case.
[[nodiscard]] Result<std::optional<Match>> match(const Transaction& transaction, const Address& address,
                                                 std::string_view written, std::optional<char> delimiter);

/// What leads to the route of `target`: folded as it stands in the table. Nothing for what can be no target.
[[nodiscard]] std::optional<std::string> route_key(std::string_view target);

/// Nothing when the table has no such target.
[[nodiscard]] Result<std::optional<Route>> route_of(const Transaction& transaction, Table routes,
                                                    std::string_view key);

[[nodiscard]] Result<Resolution> resolve_in(const Transaction& transaction, const Address& address,
                                            std::string_view written, std::optional<char> delimiter);

}  // namespace posthaste::auth
