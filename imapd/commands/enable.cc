// ENABLE (RFC 5161).
#include "imapd/session.h"

namespace posthaste::imapd {

net::Task<Reply> Session::run(imap::Enable) {
  stream_.write("* ENABLED\r\n");  // nothing that we offer needs it; the unknown is passed over (RFC 5161 §3.1)
  co_return ok("That is all");
}

}  // namespace posthaste::imapd
