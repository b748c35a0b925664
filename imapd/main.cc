// imapd: mailboxes for mail clients, by IMAP4rev1.
#include "common/daemon/program.h"
#include "imapd/service.h"

int main(int argc, char** argv) {
  using posthaste::config::Config;
  constexpr int kPorts = 2;
  return posthaste::daemon::run(argc, argv,
                                {"imapd",
                                 posthaste::imapd::bindings,
                                 posthaste::imapd::Service::make,
                                 {[](Config& config) -> std::uint32_t& { return config.imap.connections_max; },
                                  kPorts, posthaste::daemon::nothing_beside_clients},
                                 "posthaste store check"});
}
