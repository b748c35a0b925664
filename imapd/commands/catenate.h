// Puts a message together out of texts and of pieces of the user's own messages (RFC 4469).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "common/daemon/memory_budget.h"
#include "common/imap/append.h"
#include "common/mailbox/reader.h"
#include "imapd/replies.h"

namespace posthaste::imapd {

/// Reads messages: never on a loop, each of them whole but once, and within `memory`. `selected` is the mailbox
/// that a URL without one means. Errors: NO with BADURL, for the first URL that names nothing, or TOOBIG, beyond
/// `message_max_octets`, or UNAVAILABLE, beyond `memory`; that of a store that cannot be read.
[[nodiscard]] std::expected<std::string, Reply> catenate(const mailbox::Reader& store, UserId user,
                                                         std::optional<MailboxId> selected,
                                                         std::vector<imap::CatenatePart> parts,
                                                         std::uint64_t message_max_octets,
                                                         daemon::MemoryBudget& memory);

}  // namespace posthaste::imapd
