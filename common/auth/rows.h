// The directory's rows as octets: a format number, then fields in a fixed order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/address.h"
#include "common/auth/directory.h"

namespace posthaste::auth {

/// "domain@local": the names of a domain lie together, its catch-all ("domain@") first.
[[nodiscard]] std::string key_of(const Address& address);
[[nodiscard]] std::string key_of(UserId id);  // big-endian, so that users are walked in the order of their ids

/// The other way round. Nothing for octets that no key_of() gives.
[[nodiscard]] std::optional<Address> address_of(std::string_view key);
[[nodiscard]] std::optional<UserId> user_id_of(std::string_view key);

[[nodiscard]] std::string encode(const User& user);  // without its id, which is the key
[[nodiscard]] std::string encode(const Credential& credential);
[[nodiscard]] std::string encode(const std::vector<std::string>& alias_targets);
[[nodiscard]] std::string encode(const AppPassword& app_password);  // without its name, which ends the key
[[nodiscard]] std::string encode(const Route& route);               // without its target, which is the key

[[nodiscard]] std::string departed_row();  // of a deleted user: so far a format number alone

/// All of `row`. Nothing for octets that no encode() gives.
[[nodiscard]] std::optional<User> decode_user(UserId id, std::string_view row);
[[nodiscard]] std::optional<Credential> decode_credential(std::string_view row);
[[nodiscard]] std::optional<std::vector<std::string>> decode_alias_targets(std::string_view row);
[[nodiscard]] std::optional<AppPassword> decode_app_password(std::string_view name, std::string_view row);
[[nodiscard]] std::optional<Route> decode_route(std::string_view target, std::string_view row);

}  // namespace posthaste::auth
