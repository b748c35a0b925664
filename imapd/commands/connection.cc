// COMPRESS (RFC 4978) and UNAUTHENTICATE (RFC 8437).
#include "imapd/limits.h"
#include "imapd/session.h"

namespace posthaste::imapd {

net::Task<Reply> Session::run(imap::Compress) {
  if (stream_.compressed()) co_return reply_for(Refusal::compression_active);
  if (stream_.has_input()) co_return reply_for(Refusal::pipelined_after_compress);
  if (!held_) held_.emplace(memory());
  if (!held_->grow_to(kCompressionRestOctets)) co_return reply_for(Refusal::no_compression_memory);
  compresses_ = true;
  co_return reply_for(Done::compressing);
}

/// Takes back all that a login and what followed it brought; TLS stays.
net::Task<Reply> Session::run(imap::Unauthenticate) {
  if (stream_.compressed()) {  // where its layer ends nobody could tell; RFC 8437 §3 allows BYE
    hang_up(reply_for(Refusal::connect_anew));
    co_return reply_for(Done::logged_out);
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
  if (!place_.log_out(around_.world.clock.now())) hang_up(reply_for(Refusal::many_connections));
  limit_.end_in(around_.config.imap.login_timeout);
  co_return reply_for(Done::not_logged_in);
}

}  // namespace posthaste::imapd
