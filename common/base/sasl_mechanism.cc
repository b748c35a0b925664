#include "common/base/sasl_mechanism.h"

#include <utility>

#include "common/base/octets.h"

namespace posthaste {

std::string_view name_of(SaslMechanism mechanism) noexcept {
  using enum SaslMechanism;
  switch (mechanism) {
    case scram_sha_256_plus: return "SCRAM-SHA-256-PLUS";
    case scram_sha_1_plus: return "SCRAM-SHA-1-PLUS";
    case scram_sha_256: return "SCRAM-SHA-256";
    case scram_sha_1: return "SCRAM-SHA-1";
    case plain: return "PLAIN";
    case login: return "LOGIN";
  }
  std::unreachable();
}

std::optional<SaslMechanism> parse_sasl_mechanism(std::string_view name) noexcept {
  for (const auto mechanism : kSaslMechanisms) {
    if (iequals(name, name_of(mechanism))) return mechanism;
  }
  return std::nullopt;
}

}  // namespace posthaste
