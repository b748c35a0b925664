// The SASL mechanisms that carry a password: PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste {

inline constexpr std::size_t kSaslNameMaxOctets = 255;  // of each of the three parts, RFC 4616 §2

/// What PLAIN carries. `authzid` is empty when the client asks to act as itself.
struct PlainCredentials {
  std::string authzid;
  std::string authcid;
  std::string password;
  bool operator==(const PlainCredentials&) const = default;
};

/// Parses a PLAIN message after base64: [authzid] NUL authcid NUL passwd, in UTF-8 (RFC 4616 §2).
/// Nothing when there are not two NULs, authcid or passwd is empty, a part is too long or not UTF-8.
[[nodiscard]] std::optional<PlainCredentials> parse_sasl_plain(std::string_view message);

/// LOGIN's challenges before base64. Devices exist that compare every octet.
inline constexpr std::string_view kLoginUsernameChallenge = "Username:";
inline constexpr std::string_view kLoginPasswordChallenge = "Password:";

}  // namespace posthaste
