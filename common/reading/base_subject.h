// The base subject of a message, by which messages are sorted and threaded (RFC 5256 §2.1).
#pragma once

#include <string>
#include <string_view>

namespace posthaste::reading {

struct BaseSubject {
  std::string text;  // UTF-8
  /// Whether extraction took away a "Re:" or "Fwd:" in one of their forms (RFC 5256 §3, REFERENCES).
  bool is_reply_or_forward = false;
  bool operator==(const BaseSubject&) const = default;
};

/// Reads the body of a Subject field, folded or not, in time linear in its length.
[[nodiscard]] BaseSubject base_subject(std::string_view subject);

}  // namespace posthaste::reading
