// Names of mailboxes: UTF-8, levels parted by '/', INBOX in any case.
#pragma once

#include <string>
#include <string_view>

namespace posthaste::mailbox {

/// "INBOX" for it in any case, also as the first of several levels (RFC 9051 §5.1); otherwise the name itself.
[[nodiscard]] std::string canonical_name(std::string_view name);

/// UTF-8 without controls, levels that are not empty, at most kMailboxNameMaxOctets.
[[nodiscard]] bool is_mailbox_name(std::string_view name);

}  // namespace posthaste::mailbox
