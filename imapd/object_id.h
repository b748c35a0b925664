// The ids of RFC 8474: MAILBOXID and EMAILID.
#pragma once

#include <string>

#include "common/base/ids.h"

namespace posthaste::imapd {

/// "F12" and "M345": each kind has its letter, for no two objects of a user may share an id (RFC 8474 §7).
[[nodiscard]] inline std::string object_id(MailboxId mailbox) { return "F" + std::to_string(number(mailbox)); }
[[nodiscard]] inline std::string object_id(BlobId blob) { return "M" + std::to_string(number(blob)); }

}  // namespace posthaste::imapd
