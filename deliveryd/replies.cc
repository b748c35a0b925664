#include "deliveryd/replies.h"

#include <utility>

namespace posthaste::deliveryd {

smtp::Reply greeting(const std::string& hostname) { return {220, hostname + " LMTP Posthaste"}; }

smtp::Reply capabilities(const std::string& hostname, std::uint64_t message_max_octets,
                         smtp::PrivateParameters private_parameters) {
  smtp::Reply reply{250, hostname};
  for (const char* keyword : {"PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING"}) {
    reply.lines.emplace_back(keyword);
  }
  reply.lines.push_back("SIZE " + std::to_string(message_max_octets));
  if (private_parameters == smtp::PrivateParameters::allowed) reply.lines.emplace_back("XDELIVERYID");
  return reply;
}

smtp::Reply ok() { return {250, {2, 0, 0}, "OK"}; }
smtp::Reply sender_ok() { return {250, {2, 1, 0}, "Sender OK"}; }
smtp::Reply recipient_ok() { return {250, {2, 1, 5}, "Recipient OK"}; }
smtp::Reply start_mail_input() { return {354, "End data with <CR><LF>.<CR><LF>"}; }
smtp::Reply chunk_taken(std::uint64_t octets) {
  return {250, {2, 0, 0}, std::to_string(octets) + " octets received"};
}
smtp::Reply stored() { return {250, {2, 0, 0}, "Stored"}; }
smtp::Reply goodbye() { return {221, {2, 0, 0}, "Goodbye"}; }
smtp::Reply cannot_verify() { return {252, {2, 5, 0}, "Send some mail, and see"}; }

smtp::Reply bad_sequence(std::string text) { return {503, {5, 5, 1}, std::move(text)}; }
smtp::Reply not_lmtp() { return {500, {5, 5, 1}, "This is LMTP, say LHLO"}; }
smtp::Reply not_implemented() { return {502, {5, 5, 1}, "Not implemented"}; }
smtp::Reply binary_refused() { return {555, {5, 5, 4}, "BINARYMIME is not offered"}; }
smtp::Reply too_large() { return {552, {5, 3, 4}, "Message too large"}; }
smtp::Reply too_many_recipients() { return {452, {4, 5, 3}, "Too many recipients"}; }
smtp::Reply out_of_memory() { return {452, {4, 3, 1}, "Too much mail at once, try again"}; }
smtp::Reply too_many_connections() { return {421, {4, 3, 2}, "Too many connections"}; }

smtp::Reply reply_for(const smtp::CommandError& error) {
  switch (error.kind) {
    case smtp::CommandErrorKind::unknown_command: return {500, {5, 5, 2}, "Unknown command"};
    case smtp::CommandErrorKind::line_too_long: return {500, {5, 5, 6}, "Line too long"};
    case smtp::CommandErrorKind::syntax: return {501, {5, 5, 4}, "Syntax error in arguments"};
    case smtp::CommandErrorKind::bad_sender_address: return {501, {5, 1, 7}, "Bad sender address"};
    case smtp::CommandErrorKind::bad_recipient_address: return {501, {5, 1, 3}, "Bad recipient address"};
    case smtp::CommandErrorKind::utf8_not_announced: return {553, {5, 6, 7}, "Address needs SMTPUTF8"};
    case smtp::CommandErrorKind::bad_parameter: return {501, {5, 5, 4}, "Bad parameter"};
    case smtp::CommandErrorKind::unsupported_parameter: return {555, {5, 5, 4}, "Unsupported parameter"};
    case smtp::CommandErrorKind::bad_chunk_size: return {501, {5, 5, 4}, "BDAT needs a size in octets, goodbye"};
    case smtp::CommandErrorKind::http_request: return {500, {5, 5, 2}, "This is LMTP, not HTTP, goodbye"};
  }
  std::unreachable();
}

smtp::Reply reply_for(mailbox::StoreError error) {
  switch (error) {
    case mailbox::StoreError::over_quota: return {452, {4, 2, 2}, "Mailbox full"};
    case mailbox::StoreError::full: return {452, {4, 3, 1}, "Mail system full"};
    case mailbox::StoreError::no_such_mailbox: return reply_for(RecipientError::unknown_user);
    // A delivery never ends in one of these; should it, its sender keeps the message.
    case mailbox::StoreError::no_such_message:
    case mailbox::StoreError::already_exists:
    case mailbox::StoreError::too_many_keywords:
    case mailbox::StoreError::too_many_annotations:
    case mailbox::StoreError::too_many_mailboxes:
    case mailbox::StoreError::invalid_name:
    case mailbox::StoreError::conflict:
    case mailbox::StoreError::cannot:
    case mailbox::StoreError::io:
    case mailbox::StoreError::outcome_unknown:
    case mailbox::StoreError::unavailable: return {451, {4, 3, 0}, "Local error, try again"};
  }
  std::unreachable();
}

/// Whatever is wrong with the directory, its operator can mend it before the sender gives up.
smtp::Reply reply_for(RecipientError error) {
  switch (error) {
    case RecipientError::unknown_user: return {550, {5, 1, 1}, "No such user here"};
    case RecipientError::not_our_domain: return {550, {5, 1, 2}, "We do not receive mail for that domain"};
    case RecipientError::leads_elsewhere:
      return {550, {5, 1, 1}, "The address leads elsewhere, and mail is not relayed from here"};
    case RecipientError::bad_aliases:
      return {451, {4, 4, 6}, "The aliases of this address lead in a circle, or to too many"};
    case RecipientError::directory_unavailable: return {451, {4, 3, 0}, "Directory unavailable, try again"};
    case RecipientError::over_quota: return reply_for(mailbox::StoreError::over_quota);
    case RecipientError::store_unavailable: return reply_for(mailbox::StoreError::unavailable);
  }
  std::unreachable();
}

smtp::Reply reply_for(net::StreamError error) {
  switch (error) {
    case net::StreamError::bare_line_ending: return {500, {5, 5, 2}, "Bare CR or LF, goodbye"};
    case net::StreamError::too_long: return {500, {5, 5, 6}, "Line too long, goodbye"};
    case net::StreamError::timed_out: return {421, {4, 4, 2}, "Nothing heard for too long, goodbye"};
    case net::StreamError::interrupted: return {421, {4, 3, 2}, "Shutting down, try again"};
    case net::StreamError::closed:
    case net::StreamError::tls_failed:
    case net::StreamError::plaintext_after_tls: return {421, {4, 4, 2}, "Connection lost"};
  }
  std::unreachable();
}

}  // namespace posthaste::deliveryd
