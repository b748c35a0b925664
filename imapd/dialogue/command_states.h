// In which states each command is legal (RFC 9051 §6), and when EXPUNGE may be told in answer to it.
#pragma once

#include "common/imap/command.h"

namespace posthaste::imapd {

enum class State { not_authenticated, authenticated, selected };

[[nodiscard]] State first_state(const imap::CommandBody& body);
[[nodiscard]] State last_state(const imap::CommandBody& body);

/// False for SELECT and EXAMINE: what has changed since the mailbox was opened is told with the next command.
[[nodiscard]] bool may_tell_news(const imap::CommandBody& body);
/// False while sequence numbers in the answer must stay what they are (RFC 9051 §7.5.1, RFC 7162 §3.2.10.2).
[[nodiscard]] bool may_tell_expunges(const imap::CommandBody& body);
/// Whether it names messages by sequence number, or is answered so (RFC 9586 §3).
[[nodiscard]] bool uses_sequence_numbers(const imap::CommandBody& body);
/// Whether messages that it finds in the mailbox may be its own doing (RFC 5465 §5.2).
[[nodiscard]] bool may_make_messages(const imap::CommandBody& body);
/// Whether FETCH responses caused by it must hold the UID (RFC 9051 §6.4.9).
[[nodiscard]] bool is_uid_command(const imap::CommandBody& body);

}  // namespace posthaste::imapd
