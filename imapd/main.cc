// imapd: mailboxes for mail clients, by IMAP4rev1.
#include "common/daemon/program.h"
#include "imapd/service.h"

int main(int argc, char** argv) {
  return posthaste::daemon::run(argc, argv, {"imapd", posthaste::imapd::bindings, posthaste::imapd::Service::make});
}
