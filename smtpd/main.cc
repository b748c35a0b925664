// smtpd: takes mail for our domains from the world, and mail from our users.
#include "common/daemon/program.h"
#include "smtpd/service.h"

int main(int argc, char** argv) {
  using posthaste::config::Config;
  using posthaste::smtpd::Service;
  constexpr int kPorts = 3;
  constexpr int kSocketAndSpoolFile = 2;
  const auto to_other_hosts = [](const Config& config, std::size_t workers) {
    return std::uint64_t{config.relay.connections_max} * workers;
  };
  return posthaste::daemon::run(argc, argv,
                                {"smtpd",
                                 Service::bindings,
                                 Service::make,
                                 {[](Config& config) -> std::uint32_t& { return config.smtp.connections_max; },
                                  kPorts* kSocketAndSpoolFile, to_other_hosts},
                                 "posthaste queue check"});
}
