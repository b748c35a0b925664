// Notifications of what became of a message, as entries for the queue (RFC 3461 §6, RFC 3464).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/dsn/report.h"
#include "common/net/random.h"
#include "common/smtp/path.h"
#include "smtpd/queue/change.h"
#include "smtpd/queue/entry.h"

namespace posthaste::smtpd {

/// Who is told, about what.
struct Notice {
  queue::Envelope about;
  std::vector<dsn::RecipientReport> reports;
  std::string_view original;  // the message's octets, or its beginning with the whole header
  /// The message's sender; for a notification that failed, which has none (RFC 5321 §4.5.5), the postmaster.
  smtp::Mailbox to;
  std::vector<smtp::Mailbox> targets;  // whom mail to `to` reaches, as targets_of() says
};

/// As much of the message as a notification can return, and enough to see that it is more.
[[nodiscard]] std::string beginning_of(const std::vector<queue::SharedOctets>& message);

/// The notification, with a trace id of its own. Nothing when there is nothing to tell.
[[nodiscard]] std::optional<queue::Add> notification(const std::string& hostname, Notice notice, WallTime now,
                                                     net::Random& random);

}  // namespace posthaste::smtpd
