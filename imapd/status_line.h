// The STATUS response, for STATUS itself and for LIST RETURN (STATUS ...) (RFC 9051 §7.3.4, RFC 5819).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/imap/status.h"
#include "common/store/message.h"

namespace posthaste::imapd {

/// Whether we offer all of `items`.
[[nodiscard]] bool can_answer(const std::vector<imap::StatusItem>& items);

/// Appends the line; can_answer() holds for `items`.
void append_status(std::string& out, const store::MailboxInfo& info, const std::vector<imap::StatusItem>& items,
                   std::uint64_t message_max_octets);

}  // namespace posthaste::imapd
