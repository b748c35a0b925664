#include "smtpd/replies.h"

#include <algorithm>
#include <utility>

namespace posthaste::smtpd {
namespace {

constexpr std::size_t kNamedRecipientsMax = 50;  // in one reply

}  // namespace

smtp::Reply reply_for(Refusal refusal) {
  switch (refusal) {
    case Refusal::greeting_first: return {503, {5, 5, 1}, "Say EHLO first"};
    case Refusal::transaction_open: return {503, {5, 5, 1}, "A mail transaction is open: end it or say RSET"};
    case Refusal::mail_first: return {503, {5, 5, 1}, "Say MAIL first"};
    case Refusal::no_recipients: return {554, {5, 5, 1}, "No valid recipients"};  // RFC 5321 §3.3
    case Refusal::chunks_begun: return {503, {5, 5, 1}, "BDAT has begun: go on with BDAT or say RSET"};
    case Refusal::binary_mime: return {555, {5, 5, 4}, "BINARYMIME is not supported"};
    case Refusal::message_too_large: return {552, {5, 3, 4}, "Message too large"};
    case Refusal::too_many_recipients: return {452, {4, 5, 3}, "Too many recipients for one message"};
    case Refusal::no_postmaster: return {550, {5, 1, 1}, "No postmaster here"};
    case Refusal::not_lmtp: return {500, {5, 5, 1}, "This is SMTP: say EHLO"};
    case Refusal::no_expn: return {502, {5, 5, 1}, "Lists are not expanded here"};
    case Refusal::tls_on_already: return {503, {5, 5, 1}, "TLS is on already"};
    case Refusal::tls_first: return {530, {5, 7, 0}, "Must issue a STARTTLS command first"};  // RFC 3207 §4
    case Refusal::tls_first_for_auth: return {538, {5, 7, 11}, "Encryption required: say STARTTLS first"};
    case Refusal::no_auth_here: return {502, {5, 5, 1}, "No login on this port: use submission"};
    case Refusal::auth_first: return {530, {5, 7, 0}, "Authentication required"};
    case Refusal::auth_done_already: return {503, {5, 5, 1}, "You are authenticated already"};
    case Refusal::unknown_mechanism: return {504, {5, 5, 4}, "Mechanism not supported"};
    case Refusal::login_lost: return {421, {4, 7, 0}, "The password or the account was changed: log in again"};
    case Refusal::too_many_auth_errors: return {421, {4, 7, 0}, "Too many failed logins"};
    case Refusal::too_many_errors: return {421, {4, 7, 0}, "Too many errors"};
    case Refusal::too_many_commands: return {421, {4, 7, 0}, "Too many commands without a message"};
    case Refusal::too_many_of_user: return {454, {4, 7, 0}, "Too many connections of this user"};
    case Refusal::too_many_connections: return {421, {4, 3, 2}, "Too many connections: try again later"};
    case Refusal::loop: return {554, {5, 4, 6}, "Too many hops: this message is in a loop"};
  }
  std::unreachable();
}

smtp::Reply reply_for(smtp::CommandErrorKind error) {
  switch (error) {
    case smtp::CommandErrorKind::unknown_command: return {500, {5, 5, 2}, "Command not known"};
    case smtp::CommandErrorKind::line_too_long: return {500, {5, 5, 6}, "Line too long"};
    case smtp::CommandErrorKind::syntax: return {501, {5, 5, 4}, "Wrong arguments"};
    case smtp::CommandErrorKind::bad_sender_address: return {501, {5, 1, 7}, "Bad sender address"};
    case smtp::CommandErrorKind::bad_recipient_address: return {501, {5, 1, 3}, "Bad recipient address"};
    case smtp::CommandErrorKind::utf8_not_announced:
      return {553, {5, 6, 7}, "An address beyond ASCII needs MAIL with SMTPUTF8"};
    case smtp::CommandErrorKind::bad_parameter: return {501, {5, 5, 4}, "Wrong parameter"};
    case smtp::CommandErrorKind::unsupported_parameter: return {555, {5, 5, 4}, "Parameter not known"};
    case smtp::CommandErrorKind::bad_chunk_size: return {501, {5, 5, 4}, "BDAT needs a size in octets, goodbye"};
    case smtp::CommandErrorKind::http_request: return {500, {5, 5, 2}, "This is SMTP, not HTTP, goodbye"};
  }
  std::unreachable();
}

smtp::Reply reply_for(RecipientError error) {
  switch (error) {
    case RecipientError::unknown: return {550, {5, 1, 1}, "No such mailbox here"};
    case RecipientError::relaying_denied: return {550, {5, 7, 1}, "Relaying denied"};
    case RecipientError::bad_aliases:
      return {451, {4, 3, 5}, "The aliases of this address lead in a circle, or to too many"};
    case RecipientError::unavailable: return {451, {4, 3, 0}, "Addresses can't be looked up now: try again"};
  }
  std::unreachable();
}

smtp::Reply reply_for(Unverified error) {
  switch (error) {
    case Unverified::unknown: return reply_for(RecipientError::unknown);
    case Unverified::over_quota: return {452, {4, 2, 2}, "Mailbox full"};
  }
  std::unreachable();
}

smtp::Reply reply_for(SenderError error) {
  switch (error) {
    case SenderError::not_yours: return {553, {5, 7, 1}, "You may not send as this address"};
    case SenderError::unavailable: return {451, {4, 3, 0}, "Addresses can't be looked up now: try again"};
  }
  std::unreachable();
}

smtp::Reply reply_for(auth::AuthError error) {
  switch (error) {
    case auth::AuthError::wrong: return {535, {5, 7, 8}, "User name or password is wrong"};
    case auth::AuthError::busy: return {454, {4, 7, 0}, "Too many logins at once: try again"};
    case auth::AuthError::disabled: return {525, {5, 7, 13}, "This account is disabled"};  // RFC 5248
    case auth::AuthError::out_of_scope: return {535, {5, 7, 8}, "This app password is not for sending mail"};
    case auth::AuthError::unavailable: return {454, {4, 7, 0}, "Logins can't be checked now: try again"};
  }
  std::unreachable();
}

smtp::Reply reply_for(auth::SaslError error) {
  switch (error) {
    case auth::SaslError::gone: return {421, {4, 4, 2}, "Connection lost"};
    case auth::SaslError::cancelled: return {501, {5, 7, 0}, "Authentication cancelled"};
    case auth::SaslError::bad_base64: return {501, {5, 5, 2}, "That is not base64"};
    case auth::SaslError::bad_message: return {501, {5, 5, 2}, "That is not a message of this mechanism"};
    case auth::SaslError::impersonation: return {535, {5, 7, 8}, "Log in as yourself"};
    case auth::SaslError::other_channel:
      return {535, {5, 7, 8}, "Channel binding failed: somebody may stand between client and server"};
  }
  std::unreachable();
}

smtp::Reply reply_for(MessageRefusal refusal) {
  switch (refusal) {
    case MessageRefusal::too_large: return {552, {5, 3, 4}, "Message too large"};
    case MessageRefusal::disk_full: return {452, {4, 3, 1}, "Mail system full"};
    case MessageRefusal::spool_failed: return {451, {4, 3, 0}, "Local error: try again"};
  }
  std::unreachable();
}

smtp::Reply reply_for(LmtpError error) {
  switch (error) {
    case LmtpError::unreachable:
    case LmtpError::closed:
    case LmtpError::malformed:
    case LmtpError::unsuitable: return {451, {4, 3, 0}, "Mailboxes are out of reach now: try again"};
    case LmtpError::timed_out: return {451, {4, 3, 0}, "Mailboxes do not answer now: try again"};
  }
  std::unreachable();
}

std::optional<smtp::Reply> reply_for(net::StreamError error) {
  switch (error) {
    case net::StreamError::timed_out: return smtp::Reply{421, {4, 4, 2}, "Timeout: nothing came"};
    case net::StreamError::interrupted: return smtp::Reply{421, {4, 3, 2}, "Shutting down: try again"};
    case net::StreamError::too_long: return smtp::Reply{500, {5, 5, 6}, "Line too long"};
    case net::StreamError::bare_line_ending:
      return smtp::Reply{550, {5, 5, 2}, "Lines end with CRLF: a bare CR or LF ends the session"};
    case net::StreamError::closed:
    case net::StreamError::tls_failed:
    case net::StreamError::plaintext_after_tls: return std::nullopt;
  }
  std::unreachable();
}

smtp::Reply reply_for(queue::QueueError error) {
  switch (error) {
    case queue::QueueError::full: return {452, {4, 3, 1}, "Mail system full: try again later"};
    case queue::QueueError::io:
    case queue::QueueError::damaged:
    case queue::QueueError::not_found:
    case queue::QueueError::unavailable: return {451, {4, 3, 0}, "The queue can't be written now: try again"};
  }
  std::unreachable();
}

smtp::Reply accepted(std::string_view trace_id) { return {250, {2, 0, 0}, "Accepted, " + std::string{trace_id}}; }

smtp::Reply refusal_of(std::span<const smtp::Mailbox> recipients, std::span<const smtp::Reply> replies) {
  smtp::Reply reply = replies.front();
  if (replies.size() == 1) return reply;
  reply.lines.clear();
  for (std::size_t i = 0; i < replies.size() && i < kNamedRecipientsMax; ++i) {
    reply.lines.push_back(to_string(smtp::ForwardPath{recipients[i]}) + ": " + replies[i].lines.front());
  }
  return reply;
}

bool is_permanent_refusal(const smtp::Reply& reply) noexcept { return reply.code >= 500; }

bool is_error_of_speech(const smtp::Reply& reply) noexcept { return reply.code >= 500 && reply.code < 510; }

}  // namespace posthaste::smtpd
