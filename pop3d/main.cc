// pop3d: hands users their INBOX for download.
#include "common/daemon/program.h"
#include "pop3d/service.h"

int main(int argc, char** argv) {
  using posthaste::config::Config;
  using posthaste::pop3d::Service;
  constexpr int kPorts = 2;
  return posthaste::daemon::run(argc, argv,
                                {"pop3d",
                                 Service::bindings,
                                 Service::make,
                                 {[](Config& config) -> std::uint32_t& { return config.pop3.connections_max; },
                                  kPorts, posthaste::daemon::nothing_beside_clients},
                                 "posthaste store check"});
}
