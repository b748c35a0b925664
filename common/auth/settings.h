// What the configuration says of logins, in this room's words.
#pragma once

#include "common/auth/app_password.h"
#include "common/auth/login_memory.h"
#include "common/base/sasl_mechanism.h"
#include "common/config/config.h"

#include <vector>

namespace posthaste::auth {

/// How one daemon lets its clients log in.
struct LoginRules {
  Service service = Service::imap;
  std::vector<SaslMechanism> mechanisms;  // in the order in which they are offered
  bool allow_plaintext = false;           // without TLS
};

[[nodiscard]] LoginRules login_rules(const config::Auth& auth, Service service);
[[nodiscard]] LoginMemory::Limits login_limits(const config::Auth& auth);

}  // namespace posthaste::auth
