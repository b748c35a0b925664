#include "common/auth/settings.h"

namespace posthaste::auth {

LoginRules login_rules(const config::Auth& auth, Service service) {
  LoginRules rules{service, {}, auth.allow_plaintext};
  for (const auto& name : auth.mechanisms) {
    if (const auto mechanism = parse_sasl_mechanism(name)) rules.mechanisms.push_back(*mechanism);
  }
  return rules;
}

LoginMemory::Limits login_limits(const config::Auth& auth) {
  // At a hash of fifty milliseconds, half of the usual queue is done before a failed login is answered.
  return {.remember = auth.remember,
          .failure_delay = auth.failure_delay,
          .failure_delay_max = auth.failure_delay_max,
          .strangers_checks_max = (auth.hashing_queue_max + 1) / 2};
}

}  // namespace posthaste::auth
