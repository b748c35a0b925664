// What the grammar says about octets that fit none of its rules.
#pragma once

#include <cstddef>
#include <expected>

namespace posthaste::imap {

enum class SyntaxErrorKind {
  syntax,            // an octet that no rule allows, or input that ends too soon
  too_long,          // a limit is passed: octets, ranges, nesting, or a number's width
  unknown_command,   // well formed, but no command of ours
  bad_mailbox_name,  // an astring that names no mailbox (RFC 9051 §5.1)
  bad_date,          // a day or time that does not exist
  bad_charset,       // SEARCH in a charset that we do not know, or text that is not in it (RFC 9051 §6.4.4)
  bad_special_use,   // CREATE with a special use that we do not know (RFC 6154 §3)
};

struct SyntaxError {
  SyntaxErrorKind kind = SyntaxErrorKind::syntax;
  std::size_t offset = 0;  // octets from the start of the input
  bool operator==(const SyntaxError&) const = default;
};

/// What a rule of the grammar makes of the octets at the cursor.
template <typename T>
using Parsed = std::expected<T, SyntaxError>;

}  // namespace posthaste::imap
