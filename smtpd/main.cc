// smtpd: takes mail for our domains from the world, and mail from our users.
#include "common/daemon/program.h"
#include "smtpd/service.h"

int main(int argc, char** argv) {
  using posthaste::smtpd::Service;
  return posthaste::daemon::run(argc, argv, {"smtpd", Service::bindings, Service::make});
}
