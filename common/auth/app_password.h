// App passwords: generated ones, a user's further credentials, each for one client and good for some services.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/auth/password.h"
#include "common/base/clock.h"

namespace posthaste::auth {

/// What a login is for.
enum class Service { imap, pop3, smtp };
inline constexpr std::array kServices{Service::imap, Service::pop3, Service::smtp};  // in the order of their rows

/// "imap"
[[nodiscard]] std::string_view name_of(Service service) noexcept;
[[nodiscard]] std::optional<Service> parse_service(std::string_view name) noexcept;

inline constexpr std::size_t kAppPasswordNameMaxOctets = 64;
inline constexpr std::size_t kAppPasswordOctets = 20;  // of five bits each: nobody guesses 100 bits

struct AppPassword {
  std::string name;
  std::set<Service> scope;
  WallTime created{};
  std::string digest;  // SHA-256, as none is slow enough to matter here
  std::optional<ScramKeys> scram_sha1;
  std::optional<ScramKeys> scram_sha256;
  bool operator==(const AppPassword&) const = default;
};

/// Tells it from another one of the same name, made later.
[[nodiscard]] std::uint64_t version_of(const AppPassword& app_password) noexcept;

/// 1 to kAppPasswordNameMaxOctets octets of UTF-8 without control characters.
[[nodiscard]] bool is_app_password_name(std::string_view name) noexcept;

/// The password made of kAppPasswordOctets random octets: lower-case letters and digits 2 to 7 (RFC 4648 §6).
[[nodiscard]] std::string app_password_of(std::string_view random);

/// What is kept of it. Nothing for a text that app_password_of() does not make.
[[nodiscard]] std::optional<std::string> app_password_digest(std::string_view text);

}  // namespace posthaste::auth
