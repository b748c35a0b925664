// Delivery status notifications (RFC 3464) as whole messages: a multipart/report (RFC 6522), in the forms of RFC
// 6533 where an address needs them.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/smtp/parameters.h"
#include "common/smtp/path.h"
#include "common/smtp/reply.h"

namespace posthaste::dsn {

/// A message is returned whole up to this size; a longer one returns its header, as RFC 3461 §4.3 allows.
inline constexpr std::size_t kReturnedMessageMaxOctets = 65'536;
/// Of a header this much is returned, in whole lines.
inline constexpr std::size_t kReturnedHeaderMaxOctets = 65'536;
/// Of what another server said this much is told, in words and in the Diagnostic-Code field.
inline constexpr std::size_t kDiagnosticMaxOctets = 2'000;

/// What has become of the message for one recipient (RFC 3464 §2.3.3).
enum class Action {
  failed,     // not delivered, and given up
  delayed,    // not delivered yet, and still tried
  delivered,  // in the mailbox
  relayed,    // handed to a server that sends no notifications of its own
  expanded,   // delivered to an address that forwards it to several others
};

struct RecipientReport {
  smtp::Mailbox final_recipient;
  std::optional<smtp::OriginalRecipient> original_recipient;  // what ORCPT said
  Action action = Action::failed;
  smtp::EnhancedCode status;
  std::string remote_mta;   // the host that answered, or that was tried; empty: none
  std::string diagnostic;   // its reply as one line, "550 5.1.1 No such user"; empty: none
  std::string explanation;  // without a reply, what we saw ourselves: "Connection timed out"; empty: nothing
  std::optional<std::chrono::sys_seconds> last_attempt;
  std::optional<std::chrono::sys_seconds> will_retry_until;  // told of a delayed message alone
};

/// Everything that a notification says. `original` outlives the call of compose(), and nothing else.
struct Report {
  std::string reporting_mta;                     // our own host name
  smtp::Mailbox to;                              // the reverse-path of the message that is reported on
  std::optional<std::string> envelope_id;        // ENVID, decoded
  std::optional<std::string> received_from_mta;  // the name that the client gave at EHLO
  std::optional<std::chrono::sys_seconds> arrival;
  std::chrono::sys_seconds now{};
  std::string trace_id;  // of the message that is reported on, for `posthaste trace`; empty: none
  std::string unique;    // letters and digits, fresh and hard to guess: Message-ID and boundary are made from it
  std::vector<RecipientReport> recipients;  // at least one
  std::string_view original;                // the message as it was accepted; its header alone will do as well
  bool return_whole = false;  // RET=FULL; holds when a recipient failed, and for a message not too long
  bool smtp_utf8 = false;     // the message came with SMTPUTF8, so its sender can take UTF-8
};

/// A notification, ready to be sent with the null reverse-path to `Report::to`.
struct Notification {
  std::string octets;      // lines of at most 998 octets that end in CRLF; neither NUL nor a bare CR or LF
  bool eight_bit = false;  // to be sent with BODY=8BITMIME
  bool smtp_utf8 = false;  // to be sent with SMTPUTF8
};

/// The whole message. Where the way back takes no 8BITMIME or SMTPUTF8, a second one, composed with `return_whole`
/// and `smtp_utf8` false, is ASCII alone, unless `to` is not. Pure: the same report gives the same octets.
[[nodiscard]] Notification compose(const Report& report);

}  // namespace posthaste::dsn
