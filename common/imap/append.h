// APPEND of one or more messages, and REPLACE (RFC 9051 §6.3.12, RFC 3502, RFC 4469, RFC 8508).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/imap/date.h"
#include "common/imap/flags.h"
#include "common/imap/numbering.h"
#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

inline constexpr std::size_t kAppendMessagesMax = 1'000;
inline constexpr std::size_t kCatenatePartsMax = 1'000;

/// A part of a message to put together: octets, or the URL of some.
struct CatenateText {
  std::string octets;  // copied once, out of the command; move it on
  bool operator==(const CatenateText&) const = default;
};
struct CatenateUrl {
  std::string url;
  bool operator==(const CatenateUrl&) const = default;
};
using CatenatePart = std::variant<CatenateText, CatenateUrl>;

struct AppendMessage {
  Flags flags;
  std::optional<DateTime> internal_date;
  std::vector<CatenatePart> parts;  // one text, but for CATENATE
  bool binary = false;              // came as a literal8, which may hold NUL (RFC 3516 §4.4)
  bool operator==(const AppendMessage&) const = default;
};

struct Append {
  std::string mailbox;
  std::vector<AppendMessage> messages;  // one at least; all or none are to be stored
  bool operator==(const Append&) const = default;
};

/// REPLACE and UID REPLACE.
struct Replace {
  NumberedBy numbered_by = NumberedBy::sequence_number;
  std::optional<std::uint32_t> number;  // nothing for "*"
  std::string mailbox;
  AppendMessage message;
  bool operator==(const Replace&) const = default;
};

/// What follows "APPEND". Errors: syntax; bad_mailbox_name; bad_date; too_long, beyond the limits above.
Parsed<Append> append(Cursor& cursor);
/// What follows "REPLACE". Errors: as above.
Parsed<Replace> replace(Cursor& cursor, NumberedBy numbered_by);

}  // namespace posthaste::imap
