// Which numbers a command's message set holds (RFC 9051 §6.4.9).
#pragma once

namespace posthaste::imap {

enum class NumberedBy { sequence_number, uid };

}  // namespace posthaste::imap
