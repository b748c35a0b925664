// MAILBOXID of RFC 8474. EMAILID is the mailbox's: common/mailbox/email_ids.h.
#pragma once

#include <string>

#include "common/base/ids.h"

namespace posthaste::imapd {

/// "F12": each kind has its letter, for no two objects of a user may share an id (RFC 8474 §7). The number counts
/// this user's mailboxes, and says nothing of others.
[[nodiscard]] inline std::string object_id(MailboxId mailbox) { return "F" + std::to_string(number(mailbox)); }

}  // namespace posthaste::imapd
