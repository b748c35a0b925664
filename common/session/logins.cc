#include "common/session/logins.h"

#include <cstddef>
#include <span>

#include "common/net/system_random.h"

namespace posthaste::session {

void tell_login(const log::Log& log, const auth::Identity& identity, const net::Stream& stream,
                std::string_view mechanism) {
  log.info("login.succeeded", {{"user", identity.address},
                               {"client", stream.peer().address},
                               {"tls", stream.tls() != nullptr},
                               {"mechanism", mechanism},
                               {"app_password", identity.app_password}});
}

void tell_refused_login(const log::Log& log, std::string_view login, const net::Stream& stream,
                        std::string_view reason) {
  const auto& client = stream.peer().address;
  log.info_by_client(client, "login.failed", {{"user", login}, {"client", client}, {"reason", reason}});
}

void tell_too_many(const log::Log& log, const auth::Identity& identity, const net::Stream& stream) {
  const auto& client = stream.peer().address;
  log.info_by_client(client, "login.too_many", {{"user", identity.address}, {"client", client}});
}

void tell_lost_login(const log::Log& log, std::string_view address, const net::Stream& stream) {
  log.info("login.ended", {{"user", address}, {"client", stream.peer().address}});
}

std::string make_secret() {
  constexpr std::size_t kSecretOctets = 32;
  std::string secret(kSecretOctets, '\0');
  net::SystemRandom random;
  random.fill(std::as_writable_bytes(std::span{secret}));
  return secret;
}

}  // namespace posthaste::session
