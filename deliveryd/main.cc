// deliveryd: takes mail by LMTP, and is the mailbox store's only writer.
#include "common/daemon/program.h"
#include "deliveryd/service.h"

int main(int argc, char** argv) {
  using posthaste::config::Config;
  using posthaste::deliveryd::Service;
  return posthaste::daemon::run(argc, argv,
                                {"deliveryd",
                                 posthaste::deliveryd::bindings,
                                 Service::open,
                                 {[](Config& config) -> std::uint32_t& { return config.smtp.connections_max; }, 1,
                                  posthaste::daemon::nothing_beside_clients},
                                 "posthaste store check"});
}
