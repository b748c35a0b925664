#include "pop3d/replies.h"

#include <utility>

namespace posthaste::pop3d {

using pop3::err;
using pop3::Reply;
using pop3::ResponseCode;

namespace {

/// What trying again does not help (RFC 3206 §4).
bool needs_repair(mailbox::StoreError error) { return error == mailbox::StoreError::io; }

}  // namespace

Reply reply_for(Refusal refusal) {
  using enum Refusal;
  switch (refusal) {
    case log_in_first: return err("Log in first");
    case logged_in_already: return err("Logged in already");
    case user_first: return err("USER first");
    case not_offered: return err("Command not supported");
    case tls_on_already: return err("TLS is active already");
    case tls_after_utf8: return err("STLS comes before UTF8");
    case input_after_stls: return err("Nothing may follow STLS before TLS");
    case tls_first: return err("Passwords are taken under TLS only: use STLS first, or the POP3S port");
    case unknown_mechanism: return err("Unknown authentication mechanism");
    case unknown_language: return err("No such language: LANG lists what there is");
    case maildrop_in_use:
      return err(ResponseCode::in_use, "Another POP3 session has this maildrop, try again later");
    case login_too_soon: return err(ResponseCode::login_delay, "This is too soon after the last login");
    case too_many_logins: return err("Too many failed logins");
    case too_many_commands: return err("Too many bad commands");
    case too_many_connections: return err(ResponseCode::sys_temp, "Too many connections, try again later");
  }
  std::unreachable();
}

Reply reply_for(pop3::CommandError error) {
  using enum pop3::CommandError;
  switch (error) {
    case unknown_command: return err("Unknown command");
    case line_too_long: return err("Command too long");
    case syntax: return err("Syntax error");
    case bad_message_number: return err("Message numbers are from 1");
    case not_utf8: return err("Names and passwords are UTF-8");
  }
  std::unreachable();
}

Reply reply_for(auth::AuthError error) {
  using enum auth::AuthError;
  switch (error) {
    case wrong: return err(ResponseCode::auth, "Authentication failed");
    case busy: return err(ResponseCode::sys_temp, "Too many logins at once, try again later");
    case disabled: return err(ResponseCode::auth, "This account may not log in");
    case out_of_scope: return err(ResponseCode::auth, "This app password is not for POP3");
    case unavailable: return err(ResponseCode::sys_temp, "Accounts cannot be read, try again later");
  }
  std::unreachable();
}

Reply reply_for(auth::SaslError error) {
  using enum auth::SaslError;
  switch (error) {
    case gone: return err("Authentication was cut off");
    case cancelled: return err("Authentication cancelled");
    case bad_base64: return err("Not base64");
    case bad_message: return err("Not a message of this mechanism");
    case impersonation: return err(ResponseCode::auth, "Nobody may act for somebody else here");
    case other_channel:
      return err(ResponseCode::auth, "Channel binding failed: somebody may stand between client and server");
  }
  std::unreachable();
}

Reply reply_for(MaildropError error) {
  switch (error) {
    case MaildropError::no_such_message: return err("No such message");
    case MaildropError::marked_as_deleted: return err("Message is marked as deleted");
  }
  std::unreachable();
}

Reply reply_for_message(mailbox::StoreError error) {
  if (error == mailbox::StoreError::no_such_message) return err("Message was removed meanwhile by another client");
  if (needs_repair(error)) return err(ResponseCode::sys_perm, "Message is damaged, tell the postmaster");
  return err(ResponseCode::sys_temp, "Message cannot be read, try again later");
}

Reply reply_for_maildrop(mailbox::StoreError error) {
  if (needs_repair(error)) return err(ResponseCode::sys_perm, "Maildrop is damaged, tell the postmaster");
  return err(ResponseCode::sys_temp, "Maildrop cannot be opened, try again later");
}

Reply reply_for_update(mailbox::StoreError error) {
  if (needs_repair(error) || error == mailbox::StoreError::outcome_unknown)
    return err(ResponseCode::sys_temp, "No answer from the mail store, or an error in it: messages may be left");
  return err(ResponseCode::sys_temp, "Some deleted messages were not removed");
}

std::optional<Reply> farewell(net::StreamError error) {
  using enum net::StreamError;
  switch (error) {
    case interrupted: return err(ResponseCode::sys_temp, "Server is stopping");
    case too_long: return err("Command too long");
    case bare_line_ending: return err("Lines end in CR LF");
    case closed:
    case timed_out:
    case tls_failed:
    case plaintext_after_tls: return std::nullopt;
  }
  std::unreachable();
}

}  // namespace posthaste::pop3d
