#include "imapd/replies.h"

#include <algorithm>
#include <utility>

#include "common/base/octets.h"
#include "common/mailbox/operations.h"

namespace posthaste::imapd {
namespace {

constexpr std::string_view kBadEvent =
    "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange"
    " ServerMetadataChange)";

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

Reply ok(std::string code, std::string text) { return {Condition::ok, std::move(code), std::move(text)}; }
Reply no(std::string code, std::string text) { return {Condition::no, std::move(code), std::move(text)}; }
Reply bad(std::string text) { return {Condition::bad, {}, std::move(text)}; }
Reply bye(std::string code, std::string text) { return {Condition::bye, std::move(code), std::move(text)}; }

std::string_view text_of(Done done) {
  using enum Done;
  switch (done) {
    case all_told: return "That is all";
    case nothing_done: return "Nothing done";
    case logged_out: return "Logged out";
    case pleased: return "Pleased to meet you";
    case begin_tls: return "Begin TLS negotiation now";
    case logged_in: return "Logged in";
    case not_logged_in: return "Not logged in any more";
    case compressing: return "DEFLATE active";
    case opened: return "Mailbox opened";
    case left: return "Mailbox left";
    case on_disk: return "All is on disk";
    case created: return "Mailbox created";
    case deleted: return "Mailbox deleted";
    case renamed: return "Mailbox renamed";
    case subscribed: return "Subscribed";
    case unsubscribed: return "Unsubscribed";
    case no_such_name: return "No name is like that";
    case delimiter_told: return "That is the delimiter";
    case message_stored: return "Message stored";
    case replacement_stored: return "Replacement is stored";
    case replaced: return "Message replaced";
    case flags_stored: return "Flags stored";
    case some_had_changed: return "Some have changed since";
    case no_such_messages: return "No such messages";
    case nothing_to_expunge: return "Nothing to expunge";
    case expunged: return "Expunged";
    case nothing_to_copy: return "No messages to copy";
    case copied: return "Messages copied";
    case nothing_to_move: return "No messages to move";
    case some_moved: return "Messages moved";
    case moved: return "Moved";
    case searched: return "Search completed";
    case sorted: return "Sort completed";
    case threaded: return "Thread completed";
    case metadata_set: return "Metadata set";
    case shorter_told: return "That is all but what is longer";
    case notifies: return "Changes will be told";
    case notifies_not: return "Nothing is told unasked";
    case notifies_no_more: return "Changes are told no more";
    case idled: return "Idled";
    case idled_without_mailbox: return "The mailbox is gone";
    case told_up_to: return "Of what was told";
    case expunges_wait: return "Expunges wait";
  }
  std::unreachable();
}

}  // namespace

Reply reply_for(Done done, std::string code) { return ok(std::move(code), std::string{text_of(done)}); }

Reply reply_for(Refusal refusal) {
  using enum Refusal;
  switch (refusal) {
    case log_in_first: return bad("Log in first");
    case logged_in_already: return bad("Logged in already");
    case select_first: return bad("Select a mailbox first");
    case uids_only: return {Condition::bad, "UIDREQUIRED", "UIDs only"};
    case not_offered: return bad("Something asked for is not offered");
    case no_qresync: return bad("ENABLE QRESYNC first");
    case not_for_sort: return bad("SAVE and PARTIAL are not offered here");
    case no_such_number: return bad("No such message");
    case long_command: return bad("Command too long");
    case many_literals: return bad("Too many literals");
    case tls_active: return bad("TLS is active already");
    case compression_active: return {Condition::bad, "COMPRESSIONACTIVE", "DEFLATE is active already"};
    case pipelined_after_compress: return bad("Nothing may follow COMPRESS before it is answered");
    case idle_cut_off: return bad("Idling was cut off");
    case not_done: return bad("DONE ends IDLE");
    case tls_needed: return no("PRIVACYREQUIRED", "Start TLS first");
    case unknown_mechanism: return no("CANNOT", "Unknown mechanism");
    case many_sessions: return no("LIMIT", "Too many connections of this user");
    case no_compression_memory: return no("UNAVAILABLE", "No memory for compression now");
    case read_only: return no("READ-ONLY", "Mailbox is open for reading");
    case mailbox_gone: return no("NONEXISTENT", "The mailbox is gone");
    case messages_gone: return no("EXPUNGEISSUED", "Some of the messages are gone");
    case all_messages_gone: return no("EXPUNGEISSUED", "These messages are gone");
    case no_such_message: return no("NONEXISTENT", "No such message");
    case damaged: return no("CORRUPTION", "Some messages are damaged");
    case unreadable: return no("UNAVAILABLE", "Some messages could not be read");
    case unknown_encoding: return no("UNKNOWN-CTE", "Some parts have an encoding that is not known here");
    case many_sections: return no("LIMIT", "Too many sections at once");
    case many_texts: return no("LIMIT", "Too many texts to look for");
    case many_to_sort: return no("LIMIT", "Too many messages for this, look for fewer");
    case cut_off: return no("UNAVAILABLE", "The command was cut off");
    case large_message: return no("TOOBIG", "Message too large");
    case many_in_command: return no("LIMIT", "Too many messages in one command");
    case many_at_once: return no("UNAVAILABLE", "Too many messages at once, try again later");
    case empty_message: return no("CANNOT", "An empty message cannot be stored");
    case many_large_headers: return no("LIMIT", "Too many fields of large headers");
    case many_special_uses: return no("USEATTR", "A mailbox has one special use at most");
    case special_use_taken: return no("USEATTR", "Another mailbox has this special use");
    case no_such_root: return no("NONEXISTENT", "No such quota root");
    case quota_not_yours: return no("NOPERM", "The administrator sets quotas");
    case shared_metadata: return no("NOPERM", "The administrator sets what all users see");
    case unknown_event: return no(std::string{kBadEvent}, "Unknown event");
    case many_notified: return no("NOTIFICATIONOVERFLOW", "Too many mailboxes");
    case goodbye: return bye({}, "Goodbye");
    case http: return bye("CLIENTBUG", "This is IMAP, not HTTP");
    case many_before_login: return bye("LIMIT", "Too many commands without a login");
    case many_bad_commands: return bye("CLIENTBUG", "Too many bad commands");
    case many_failed_logins: return bye("CLIENTBUG", "Too many failed logins");
    case many_connections: return bye("LIMIT", "Too many connections");
    case connect_anew: return bye({}, "Connect anew, without compression");
    case selected_deleted: return bye("NONEXISTENT", "The selected mailbox was deleted");
    case selected_unreadable: return bye("UNAVAILABLE", "The selected mailbox cannot be read");
  }
  std::unreachable();
}

Reply greeting(std::string_view hostname, const std::string& capabilities) {
  return ok("CAPABILITY " + capabilities, std::string{hostname} + " Posthaste ready");
}

/// The code's text may hold neither CR, LF nor "]", nor may it be long.
Reply bad_url(std::string_view url) {
  constexpr std::size_t kShownMaxOctets = 512;
  std::string shown{url.substr(0, kShownMaxOctets)};
  std::ranges::replace_if(
      shown, [](char c) { return !is_printable(c) || c == ']'; }, '?');
  return no("BADURL " + shown, "No message or part of one is there");
}

Reply looked_through(Done done, bool some_are_gone) {
  return reply_for(done, some_are_gone ? "EXPUNGEISSUED" : "");
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
