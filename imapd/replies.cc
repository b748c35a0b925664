#include "imapd/replies.h"

#include <utility>

#include "common/mailbox/operations.h"

namespace posthaste::imapd {
namespace {

/// With the charsets that clients send; iconv knows more (RFC 3501 §7.1).
constexpr std::string_view kBadCharset =
    "BADCHARSET (US-ASCII UTF-8 ISO-8859-1 ISO-8859-2 ISO-8859-5 ISO-8859-7 ISO-8859-9 ISO-8859-15 WINDOWS-1250"
    " WINDOWS-1251 WINDOWS-1252 WINDOWS-1256 KOI8-R KOI8-U GB18030 BIG5 ISO-2022-JP EUC-JP SHIFT_JIS EUC-KR)";

std::string_view word(Condition condition) {
  switch (condition) {
    case Condition::ok: return "OK";
    case Condition::no: return "NO";
    case Condition::bad: return "BAD";
    case Condition::bye: return "BYE";
  }
  std::unreachable();
}

}  // namespace

Reply ok(std::string text) { return {Condition::ok, {}, std::move(text)}; }
Reply ok(std::string code, std::string text) { return {Condition::ok, std::move(code), std::move(text)}; }
Reply no(std::string code, std::string text) { return {Condition::no, std::move(code), std::move(text)}; }
Reply bad(std::string text) { return {Condition::bad, {}, std::move(text)}; }
Reply bye(std::string code, std::string text) { return {Condition::bye, std::move(code), std::move(text)}; }

Reply looked_through(std::string text, bool some_are_gone) {
  return some_are_gone ? ok("EXPUNGEISSUED", std::move(text)) : ok(std::move(text));
}

Reply in_progress(std::string_view tag, std::uint64_t done, std::uint64_t goal) {
  // A tag that would have to be quoted in a text code cannot be told (RFC 9585 §5).
  const bool plain = tag.find_first_of("]\"\\") == std::string_view::npos;
  const std::string shown = plain ? "\"" + std::string{tag} + "\"" : "NIL";
  return ok("INPROGRESS (" + shown + " " + std::to_string(done) + " " + std::to_string(goal) + ")", "Still at it");
}

void append_reply(std::string& out, std::string_view tag, const Reply& reply) {
  out.append(tag).append(" ").append(word(reply.condition)).append(" ");
  if (!reply.code.empty()) out.append("[").append(reply.code).append("] ");
  out.append(reply.text).append("\r\n");
}

Reply reply_for(mailbox::StoreError error) {
  using enum mailbox::StoreError;
  switch (error) {
    case no_such_mailbox: return no("NONEXISTENT", "No such mailbox");
    case no_such_message: return no("EXPUNGEISSUED", "Some of the messages are gone");
    case already_exists: return no("ALREADYEXISTS", "Mailbox exists already");
    case over_quota: return no("OVERQUOTA", "Quota exceeded");
    case full: return no("UNAVAILABLE", "Mail system full, try again later");
    case too_many_keywords: return no("LIMIT", "Too many keywords in this mailbox");
    case invalid_name: return no("CANNOT", "This name cannot be used");
    case conflict: return no("NONEXISTENT", "The mailbox was replaced by another one");
    case cannot: return no("CANNOT", "This cannot be done to this mailbox");
    case outcome_unknown:
    case io: return no("UNAVAILABLE", "No answer from the mail store, or an error in it: look what was done");
    case unavailable:
      return no("UNAVAILABLE", "The mail store is away, or has no room for this now; try again later");
    case too_many_annotations: return no("METADATA TOOMANY", "Too many annotations");  // RFC 5464 §4.3
    case too_many_mailboxes: return no("LIMIT", "Too many mailboxes or subscriptions");
  }
  std::unreachable();
}

Reply annotation_too_long() {
  return no("METADATA MAXSIZE " + std::to_string(mailbox::kAnnotationMaxOctets), "Annotation too long");
}

Reply reply_for_target(mailbox::StoreError error) {
  if (error == mailbox::StoreError::no_such_mailbox) return no("TRYCREATE", "No such mailbox");
  return reply_for(error);
}

Reply reply_for(auth::AuthError error) {
  switch (error) {
    case auth::AuthError::wrong: return no("AUTHENTICATIONFAILED", "Authentication failed");
    case auth::AuthError::busy: return no("UNAVAILABLE", "Too many logins at once, try again later");
    case auth::AuthError::disabled: return no("AUTHORIZATIONFAILED", "This account may not log in");
    case auth::AuthError::out_of_scope: return no("AUTHORIZATIONFAILED", "This app password is not for IMAP");
    case auth::AuthError::unavailable: return no("UNAVAILABLE", "Accounts cannot be read, try again later");
  }
  std::unreachable();
}

Reply reply_for(auth::SaslError error) {
  switch (error) {
    case auth::SaslError::gone: return bad("Authentication was cut off");
    case auth::SaslError::cancelled: return bad("Authentication cancelled");
    case auth::SaslError::bad_base64: return bad("Not base64");
    case auth::SaslError::bad_message: return bad("Not a message of this mechanism");
    case auth::SaslError::impersonation: return no("AUTHORIZATIONFAILED", "Nobody may act for somebody else here");
    case auth::SaslError::other_channel:
      return no("AUTHENTICATIONFAILED", "Channel binding failed: somebody may stand between client and server");
  }
  std::unreachable();
}

Reply reply_for(imap::SyntaxErrorKind kind) {
  using enum imap::SyntaxErrorKind;
  switch (kind) {
    case syntax: return bad("Syntax error");
    case too_long: return bad("Too long");
    case unknown_command: return bad("Unknown command");
    case bad_mailbox_name: return no("CANNOT", "No mailbox can have this name");
    case bad_date: return bad("No such date");
    case bad_charset: return no(std::string{kBadCharset}, "Unknown charset, or text that is not in it");
    case bad_special_use: return no("USEATTR", "Unknown special use");
  }
  std::unreachable();
}

Reply login_lost() { return bye("EXPIRED", "The password or the account was changed, log in again"); }

Reply farewell(net::StreamError error) {
  using enum net::StreamError;
  switch (error) {
    case closed: return bye({}, "Connection lost");
    case timed_out: return bye("UNAVAILABLE", "Nothing heard for too long");
    case interrupted: return bye("UNAVAILABLE", "Server is stopping");
    case too_long: return bye("CLIENTBUG", "Command too long");
    case bare_line_ending: return bye("CLIENTBUG", "Lines end in CR LF");
    case tls_failed: return bye({}, "TLS failed");
    case plaintext_after_tls: return bye("CLIENTBUG", "Nothing may follow STARTTLS before TLS");
  }
  std::unreachable();
}

}  // namespace posthaste::imapd
