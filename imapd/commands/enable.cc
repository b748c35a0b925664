// ENABLE (RFC 5161), and what it or the first use of an extension turns on.
#include "imapd/session.h"

namespace posthaste::imapd {

net::Task<Reply> Session::run(imap::Enable command) {
  std::string enabled = "* ENABLED";
  for (const std::string& capability : command.capabilities) {
    if (enable(capability)) enabled += " " + capability;  // the unknown is passed over (RFC 5161 §3.1)
  }
  stream_.write(enabled + "\r\n");
  if (dialect_.qresync) enable_condstore();
  co_return ok("That is all");
}

bool Session::enable(const std::string& capability) {
  if (capability == "CONDSTORE") {
    enable_condstore();
    return true;
  }
  if (capability == "QRESYNC") {
    dialect_.qresync = true;
    return true;
  }
  return false;
}

void Session::enable_condstore() {
  if (std::exchange(dialect_.condstore, true) || !selected_) return;
  append_reply(stream_.output(), "*",
               ok("HIGHESTMODSEQ " + std::to_string(number(selected_->all_told())), "Of what was told"));
}

}  // namespace posthaste::imapd
