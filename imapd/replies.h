// What imapd answers: conditions, response codes and texts (RFC 9051 §7.1, RFC 5530), and how errors sound.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/auth/sasl.h"
#include "common/imap/command.h"
#include "common/mailbox/store_error.h"
#include "common/net/network.h"

namespace posthaste::imapd {

enum class Condition { ok, no, bad, bye };

/// A status response without its tag.
struct Reply {
  Condition condition = Condition::ok;
  std::string code;  // without its brackets; empty: none
  std::string text;
  bool operator==(const Reply&) const = default;
};

/// What was done, or is told in an untagged OK.
enum class Done {
  all_told,
  nothing_done,
  logged_out,
  pleased,
  begin_tls,
  logged_in,
  not_logged_in,
  compressing,
  opened,
  left,
  on_disk,
  created,
  deleted,
  renamed,
  subscribed,
  unsubscribed,
  no_such_name,
  delimiter_told,
  message_stored,
  replacement_stored,
  replaced,
  flags_stored,
  some_had_changed,
  no_such_messages,
  nothing_to_expunge,
  expunged,
  nothing_to_copy,
  copied,
  nothing_to_move,
  some_moved,
  moved,
  searched,
  sorted,
  threaded,
  metadata_set,
  shorter_told,
  notifies,
  notifies_not,
  notifies_no_more,
  idled,
  idled_without_mailbox,
  told_up_to,
  expunges_wait,
};

/// Why a command is refused, or the session ends, where no error of another room says it.
enum class Refusal {
  log_in_first,
  logged_in_already,
  select_first,
  uids_only,
  not_offered,
  no_qresync,
  not_for_sort,
  no_such_number,
  long_command,
  many_literals,
  tls_active,
  compression_active,
  pipelined_after_compress,
  idle_cut_off,
  not_done,
  tls_needed,
  unknown_mechanism,
  many_sessions,
  no_compression_memory,
  read_only,
  mailbox_gone,
  messages_gone,
  all_messages_gone,
  no_such_message,
  damaged,
  unreadable,
  unknown_encoding,
  many_sections,
  many_texts,
  many_to_sort,
  cut_off,
  large_message,
  many_in_command,
  many_at_once,
  empty_message,
  many_large_headers,
  many_special_uses,
  special_use_taken,
  no_such_root,
  quota_not_yours,
  shared_metadata,
  unknown_event,
  many_notified,
  goodbye,
  http,
  many_before_login,
  many_bad_commands,
  many_failed_logins,
  many_connections,
  connect_anew,
  selected_deleted,
  selected_unreadable,
};

/// OK; `code` comes without its brackets.
[[nodiscard]] Reply reply_for(Done done, std::string code = {});
/// NO, BAD or BYE.
[[nodiscard]] Reply reply_for(Refusal refusal);

/// The first words (RFC 9051 §7.1.1).
[[nodiscard]] Reply greeting(std::string_view hostname, const std::string& capabilities);
/// CATENATE's `url` names nothing (RFC 4469 §4).
[[nodiscard]] Reply bad_url(std::string_view url);

/// After a search, or what is like it: whether it has left out messages that are gone (RFC 5530 §3, EXPUNGEISSUED).
[[nodiscard]] Reply looked_through(Done done, bool some_are_gone);

/// How far the command called `tag` is (RFC 9585 §4); `goal` is above zero.
[[nodiscard]] Reply in_progress(std::string_view tag, std::uint64_t done, std::uint64_t goal);

/// Appends the line; `tag` is "*" for an untagged one.
void append_reply(std::string& out, std::string_view tag, const Reply& reply);

[[nodiscard]] Reply reply_for(mailbox::StoreError error);
/// The same where the mailbox named is one that the client could create: COPY, MOVE, APPEND (RFC 9051 §6.3.12).
[[nodiscard]] Reply reply_for_target(mailbox::StoreError error);
/// A value is longer than an annotation's may be (RFC 5464 §4.3).
[[nodiscard]] Reply annotation_too_long();
[[nodiscard]] Reply reply_for(auth::AuthError error);
[[nodiscard]] Reply reply_for(auth::SaslError error);
[[nodiscard]] Reply reply_for(imap::SyntaxErrorKind kind);
/// The last words to a session whose login counts no more.
[[nodiscard]] Reply login_lost();
/// The last words before a stream that failed is closed; to a peer who is gone nobody speaks.
[[nodiscard]] Reply farewell(net::StreamError error);

}  // namespace posthaste::imapd
