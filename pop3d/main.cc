// pop3d: hands users their INBOX for download.
#include "common/daemon/program.h"
#include "pop3d/service.h"

int main(int argc, char** argv) {
  using posthaste::pop3d::Service;
  return posthaste::daemon::run(argc, argv, {"pop3d", Service::bindings, Service::make});
}
