// The STATUS response, for STATUS itself and for LIST RETURN (STATUS ...) (RFC 9051 §7.3.4, RFC 5819).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/imap/status.h"
#include "common/store/store.h"

namespace posthaste::imapd {

/// Whether deleted_octets() must be asked before append_status() can answer.
[[nodiscard]] bool wants_deleted_octets(const std::vector<imap::StatusItem>& items, const store::MailboxInfo& info);
/// Octets of the messages with \Deleted (RFC 9208 §4.1.4). Reads all rows: never on a loop.
/// Errors: unavailable, io.
[[nodiscard]] std::expected<std::uint64_t, store::StoreError> deleted_octets(const store::Store& store, UserId user,
                                                                             const store::MailboxInfo& info);

/// Appends the line.
void append_status(std::string& out, const store::MailboxInfo& info, const std::vector<imap::StatusItem>& items,
                   std::uint64_t message_max_octets, std::uint64_t deleted_octets);

}  // namespace posthaste::imapd
