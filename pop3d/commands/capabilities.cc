// CAPA (RFC 2449 §5).
#include "pop3d/session.h"

namespace posthaste::pop3d {

/// The same before and after the login: what is of use in one of the two states is announced in both (RFC 2449 §5).
net::Task<void> Session::run(pop3::Capa) {
  const auto* tls = stream_.tls();
  say(pop3::ok("Capability list follows"));
  stream_.write("TOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nEXPIRE NEVER\r\n");
  if (around_.authenticator.takes_passwords(tls)) stream_.write("USER\r\n");
  std::string sasl = "SASL";
  for (const auto mechanism : around_.authenticator.mechanisms(tls)) sasl.append(" ").append(name_of(mechanism));
  if (sasl != "SASL") stream_.write(sasl + "\r\n");
  if (tls == nullptr) stream_.write("STLS\r\n");  // RFC 2595 §4
  const auto login_delay = around_.config.pop3.login_delay.count();
  if (login_delay != 0) stream_.write("LOGIN-DELAY " + std::to_string(login_delay) + "\r\n");
  stream_.write("UTF8 USER\r\nLANG\r\nIMPLEMENTATION Posthaste\r\n.\r\n");
  co_return;
}

}  // namespace posthaste::pop3d
