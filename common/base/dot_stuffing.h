// Dot-stuffing of a message for DATA (RFC 5321 §4.5.2) and for POP3's multi-line replies (RFC 1939 §3).
#pragma once

#include <string>
#include <string_view>

namespace posthaste {

/// Turns a message, fed in pieces of any size, into what stands on the wire.
/// A bare CR or LF leaves as CRLF: it must not be sent (RFC 5321 §2.3.8), and a receiver that takes it for a line
/// ending would find our "." after it unstuffed.
class DotStuffer {
 public:
  /// Appends `octets` to `wire`, with a dot before each dot that starts a line.
  void feed(std::string_view octets, std::string& wire);

  /// Appends CRLF if the last line has none, then the line with the single dot. The next feed() starts a message.
  void finish(std::string& wire);

 private:
  bool at_line_start_ = true;
  bool after_cr_ = false;  // a CR is held back until the next octet tells whether it is bare
};

/// A whole message, stuffed and ended.
[[nodiscard]] std::string dot_stuffed(std::string_view message);

}  // namespace posthaste
