// The SASL mechanisms that logins here may use.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace posthaste {

/// The strongest first, as they are named to clients.
enum class SaslMechanism {
  scram_sha_256_plus,  // RFC 7677
  scram_sha_1_plus,    // RFC 5802
  scram_sha_256,
  scram_sha_1,
  plain,  // RFC 4616
  login,  // draft-murchison-sasl-login
};

inline constexpr std::array kSaslMechanisms{
    SaslMechanism::scram_sha_256_plus,
    SaslMechanism::scram_sha_1_plus,
    SaslMechanism::scram_sha_256,
    SaslMechanism::scram_sha_1,
    SaslMechanism::plain,
    SaslMechanism::login,
};

/// "SCRAM-SHA-256-PLUS"
[[nodiscard]] std::string_view name_of(SaslMechanism mechanism) noexcept;
/// In any case of letters.
[[nodiscard]] std::optional<SaslMechanism> parse_sasl_mechanism(std::string_view name) noexcept;

/// PLAIN and LOGIN: the server reads the password itself.
[[nodiscard]] constexpr bool shows_password(SaslMechanism mechanism) noexcept {
  return mechanism == SaslMechanism::plain || mechanism == SaslMechanism::login;
}
/// The "-PLUS" forms.
[[nodiscard]] constexpr bool binds_channel(SaslMechanism mechanism) noexcept {
  return mechanism == SaslMechanism::scram_sha_256_plus || mechanism == SaslMechanism::scram_sha_1_plus;
}

}  // namespace posthaste
