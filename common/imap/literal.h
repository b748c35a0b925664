// The announcement of a literal at the end of a line (RFC 9051 §4.3, RFC 7888, RFC 3516).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/imap/syntax_error.h"

namespace posthaste::imap {

/// "{n}", "{n+}", "~{n}" or "~{n+}": as many octets follow the line's CRLF and belong to the same command.
struct LiteralAnnouncement {
  std::uint64_t octets = 0;
  bool synchronizing = true;  // the client waits for our "+" before it sends them
  bool binary = false;        // a literal8, which may hold NUL
  bool operator==(const LiteralAnnouncement&) const = default;
};

/// What the end of `line`, given without its CRLF, announces; nothing when the command ends with it. The caller
/// reads the octets, then the next line, and asks again; it hands parse_command() one string in which each
/// literal stands in place: "{n}" CRLF and its octets, then the rest of the line.
/// Errors: too_long, for a number beyond 63 bits (number64).
[[nodiscard]] Parsed<std::optional<LiteralAnnouncement>> literal_announcement(std::string_view line);

}  // namespace posthaste::imap
