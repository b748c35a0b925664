// APPEND of one or more messages (RFC 9051 §6.3.12, RFC 3502).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/imap/date.h"
#include "common/imap/flags.h"
#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

inline constexpr std::size_t kAppendMessagesMax = 1'000;

struct AppendMessage {
  Flags flags;
  std::optional<DateTime> internal_date;
  std::string octets;   // copied once, out of the command; move it on
  bool binary = false;  // came as a literal8, which may hold NUL (RFC 3516 §4.4)
  bool operator==(const AppendMessage&) const = default;
};

struct Append {
  std::string mailbox;
  std::vector<AppendMessage> messages;  // one at least; all or none are to be stored
  bool operator==(const Append&) const = default;
};

/// What follows "APPEND". Errors: syntax; bad_mailbox_name; bad_date; too_long, beyond kAppendMessagesMax.
Parsed<Append> append(Cursor& cursor);

}  // namespace posthaste::imap
