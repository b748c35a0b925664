// COMPRESS (RFC 4978) and UNAUTHENTICATE (RFC 8437).
#include "imapd/limits.h"
#include "imapd/session.h"

namespace posthaste::imapd {

net::Task<Reply> Session::run(imap::Compress) {
  if (stream_.compressed()) co_return Reply{Condition::bad, "COMPRESSIONACTIVE", "DEFLATE is active already"};
  if (stream_.has_input()) co_return bad("Nothing may follow COMPRESS before it is answered");
  if (!held_) held_.emplace(memory());
  if (!held_->grow_to(kCompressionRestOctets)) co_return no("UNAVAILABLE", "No memory for compression now");
  compresses_ = true;
  co_return ok("DEFLATE active");
}

/// Takes back all that a login and what followed it brought; TLS stays.
net::Task<Reply> Session::run(imap::Unauthenticate) {
  if (stream_.compressed()) {  // where its layer ends nobody could tell; RFC 8437 §3 allows BYE
    hang_up(bye({}, "Connect anew, without compression"));
    co_return ok("Logged out");
  }
  around_.log.info("imap.unauthenticated", {{"user", login_->address}});
  selected_.reset();
  held_.reset();
  login_.reset();
  dialect_ = {};
  notifications_.reset();
  known_metadata_.reset();
  commands_before_login_ = 0;
  stream_.set_timeout(around_.config.imap.login_timeout);
  if (!place_.log_out(around_.world.clock.now())) hang_up(bye("LIMIT", "Too many connections"));
  limit_.end_in(around_.config.imap.login_timeout);
  co_return ok("Not logged in any more");
}

}  // namespace posthaste::imapd
