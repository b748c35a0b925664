// The STATUS response, for STATUS itself and for LIST RETURN (STATUS ...) (RFC 9051 §7.3.4, RFC 5819).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/imap/mailbox_name.h"
#include "common/imap/status.h"
#include "common/mailbox/reader.h"

namespace posthaste::imapd {

/// Whether deleted_octets() must be asked before append_status() can answer.
[[nodiscard]] bool wants_deleted_octets(const std::vector<imap::StatusItem>& items,
                                        const mailbox::MailboxInfo& info);
/// Octets of the messages with \Deleted (RFC 9208 §4.1.4). Reads all rows: never on a loop.
/// Errors: unavailable, io.
[[nodiscard]] std::expected<std::uint64_t, mailbox::StoreError> deleted_octets(const mailbox::Reader& store,
                                                                               UserId user,
                                                                               const mailbox::MailboxInfo& info);

/// What a mailbox does not know of itself; of the counts only those that are asked for.
struct StatusContext {
  std::uint64_t message_max_octets = 0;
  imap::MailboxEncoding encoding = imap::MailboxEncoding::modified_utf7;
  std::uint64_t deleted_octets = 0;
  std::uint32_t recent = 0;  // messages
};

/// Appends the line.
void append_status(std::string& out, const mailbox::MailboxInfo& info, const std::vector<imap::StatusItem>& items,
                   const StatusContext& context);

}  // namespace posthaste::imapd
