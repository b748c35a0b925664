// What smtpd says: the only place that turns errors into codes and texts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/sasl.h"
#include "common/net/network.h"
#include "common/smtp/command.h"
#include "common/smtp/reply.h"
#include "smtpd/lmtp_client.h"
#include "smtpd/message.h"
#include "smtpd/queue/change.h"
#include "smtpd/recipient_verifier.h"
#include "smtpd/recipients.h"

namespace posthaste::smtpd {

/// What a session refuses on its own account, for its state or its rules.
enum class Refusal {
  greeting_first,        // EHLO or HELO has not come
  transaction_open,      // a second MAIL, or AUTH and the like inside a transaction
  mail_first,            // RCPT, DATA or BDAT without MAIL
  no_recipients,         // DATA or BDAT, but no RCPT was accepted
  chunks_begun,          // DATA or RCPT after BDAT
  binary_mime,           // BODY=BINARYMIME is not announced
  message_too_large,     // by SIZE
  too_many_recipients,   // of one message
  no_postmaster,         // "<Postmaster>" while we have no domain
  not_lmtp,              // LHLO
  no_expn,               // EXPN
  tls_on_already,        // STARTTLS under TLS
  tls_first,             // MAIL on a port that demands STARTTLS
  tls_first_for_auth,    // AUTH where the password could be overheard
  no_auth_here,          // AUTH on port 25
  auth_first,            // MAIL without a login
  auth_done_already,     // AUTH twice
  unknown_mechanism,     // AUTH
  too_many_of_user,      // AUTH of a user who has all sessions they may have
  login_lost,            // the password was changed, or the user deleted; ends the session
  too_many_auth_errors,  // ends the session
  too_many_errors,       // ends the session
  too_many_commands,     // without a message; ends the session
  too_many_connections,  // ends the session
  loop,                  // too many Received fields
};

[[nodiscard]] smtp::Reply reply_for(Refusal refusal);
[[nodiscard]] smtp::Reply reply_for(smtp::CommandErrorKind error);
[[nodiscard]] smtp::Reply reply_for(RecipientError error);
[[nodiscard]] smtp::Reply reply_for(Unverified error);
[[nodiscard]] smtp::Reply reply_for(SenderError error);
[[nodiscard]] smtp::Reply reply_for(auth::AuthError error);
[[nodiscard]] smtp::Reply reply_for(auth::SaslError error);
[[nodiscard]] smtp::Reply reply_for(MessageRefusal refusal);
[[nodiscard]] smtp::Reply reply_for(LmtpError error);

/// The last words of a session that ends; nothing where nobody would understand them.
[[nodiscard]] std::optional<smtp::Reply> reply_for(net::StreamError error);

[[nodiscard]] smtp::Reply reply_for(queue::QueueError error);

/// The 250 after which the message is ours.
[[nodiscard]] smtp::Reply accepted(std::string_view trace_id);

/// What the client hears of a message that deliveryd has refused, all of `replies` being 5yz: recipient by
/// recipient.
[[nodiscard]] smtp::Reply refusal_of(std::span<const smtp::Mailbox> recipients,
                                     std::span<const smtp::Reply> replies);

/// 5yz.
[[nodiscard]] bool is_permanent_refusal(const smtp::Reply& reply) noexcept;

/// 4yz or 5yz that say "you speak badly", x0z: a client that goes on like this is sent away.
[[nodiscard]] bool is_error_of_speech(const smtp::Reply& reply) noexcept;

}  // namespace posthaste::smtpd
