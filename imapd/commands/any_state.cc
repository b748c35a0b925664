// CAPABILITY, NOOP, LOGOUT and ID: legal in any state (RFC 9051 §6.1, RFC 2971).
#include "common/imap/writer.h"
#include "imapd/session.h"

namespace posthaste::imapd {

net::Task<Reply> Session::run(imap::Capability) {
  stream_.write("* CAPABILITY " + capabilities() + "\r\n");
  co_return reply_for(Done::all_told);
}

net::Task<Reply> Session::run(imap::Noop) {
  co_return reply_for(Done::nothing_done);  // news is told after every command
}

net::Task<Reply> Session::run(imap::Logout) {
  hang_up(reply_for(Refusal::goodbye));
  co_return reply_for(Done::logged_out);
}

net::Task<Reply> Session::run(imap::Id command) {
  for (const auto& [field, value] : command.parameters.value_or(std::vector<imap::IdParameter>{})) {
    around_.log.debug("imap.client", {{"field", field}, {"value", value.value_or("")}});
  }
  stream_.write("* ID (\"name\" \"Posthaste\")\r\n");
  co_return reply_for(Done::pleased);
}

}  // namespace posthaste::imapd
