// CAPA (RFC 2449 §5).
#include "pop3d/session.h"

namespace posthaste::pop3d {

net::Task<void> Session::run(pop3::Capa) {
  say(pop3::ok("Capability list follows"));
  stream_.write("TOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nEXPIRE NEVER\r\n");
  if (around_.authenticator.takes_passwords(stream_.tls())) stream_.write("USER\r\n");
  std::string sasl = "SASL";
  for (const auto mechanism : around_.authenticator.mechanisms(stream_.tls())) {
    sasl.append(" ").append(name_of(mechanism));
  }
  if (sasl != "SASL") stream_.write(sasl + "\r\n");
  if (stream_.tls() == nullptr && !transaction_) stream_.write("STLS\r\n");  // RFC 2595 §4
  stream_.write("IMPLEMENTATION Posthaste\r\n.\r\n");
  co_return;
}

}  // namespace posthaste::pop3d
