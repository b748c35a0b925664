// What pop3d says: the only place that turns errors into status lines and response codes.
#pragma once

#include <optional>

#include "common/auth/sasl.h"
#include "common/mailbox/store_error.h"
#include "common/net/network.h"
#include "common/pop3/command.h"
#include "common/pop3/reply.h"
#include "pop3d/maildrop.h"

namespace posthaste::pop3d {

/// What a session refuses on its own account, for its state or its rules.
enum class Refusal {
  log_in_first,
  logged_in_already,
  user_first,         // PASS without USER
  not_offered,        // APOP, which the greeting does not offer
  tls_on_already,     // STLS under TLS
  tls_after_utf8,     // STLS once UTF8 was said, RFC 6856 §2.1
  input_after_stls,   // ends the session
  tls_first,          // a password that could be overheard
  unknown_mechanism,  // AUTH
  unknown_language,   // LANG
  maildrop_in_use,
  login_too_soon,
  too_many_logins,       // failed ones; ends the session
  too_many_commands,     // bad ones, or too many without a login; ends the session
  too_many_connections,  // ends the session
};

[[nodiscard]] pop3::Reply reply_for(Refusal refusal);
[[nodiscard]] pop3::Reply reply_for(pop3::CommandError error);
[[nodiscard]] pop3::Reply reply_for(auth::AuthError error);
[[nodiscard]] pop3::Reply reply_for(auth::SaslError error);
[[nodiscard]] pop3::Reply reply_for(MaildropError error);

/// A message that cannot be read.
[[nodiscard]] pop3::Reply reply_for_message(mailbox::StoreError error);
/// A maildrop that cannot be opened at login.
[[nodiscard]] pop3::Reply reply_for_maildrop(mailbox::StoreError error);
/// The UPDATE state failed (RFC 1939 §6): nothing was removed, or nobody knows.
[[nodiscard]] pop3::Reply reply_for_update(mailbox::StoreError error);

/// The last words of a session that ends; nothing where nobody would hear them, nor when the client was silent for
/// too long (RFC 1939 §3).
[[nodiscard]] std::optional<pop3::Reply> farewell(net::StreamError error);

}  // namespace posthaste::pop3d
