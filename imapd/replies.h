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

[[nodiscard]] Reply ok(std::string text);
[[nodiscard]] Reply ok(std::string code, std::string text);
[[nodiscard]] Reply no(std::string code, std::string text);
[[nodiscard]] Reply bad(std::string text);
[[nodiscard]] Reply bye(std::string code, std::string text);

/// After a search, or what is like it: whether it has left out messages that are gone (RFC 5530 §3, EXPUNGEISSUED).
[[nodiscard]] Reply looked_through(std::string text, bool some_are_gone);

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
