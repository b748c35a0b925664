// Replies of SMTP and LMTP (RFC 5321 §4.2) with enhanced status codes (RFC 2034, RFC 3463), to the wire and back.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/parse_error.h"

namespace posthaste::smtp {

inline constexpr std::size_t kReplyLineMaxOctets = 512;  // with code and CRLF, RFC 5321 §4.5.3.1.5
inline constexpr std::size_t kReplyMaxLines = 128;  // ours, for a client to give up on a server that never ends

/// class.subject.detail (RFC 3463 §2).
struct EnhancedCode {
  int status_class = 0;
  int subject = 0;
  int detail = 0;
  bool operator==(const EnhancedCode&) const = default;
};

/// A reply, at least one line of text. Further lines are added to `lines`.
struct Reply {
  int code = 0;
  std::optional<EnhancedCode> enhanced_code;
  std::vector<std::string> lines;

  Reply(int reply_code, std::string text);
  Reply(int reply_code, EnhancedCode enhanced, std::string text);
  bool operator==(const Reply&) const = default;
};

enum class ReplyClass { completion, intermediate, transient, permanent };  // 2yz, 3yz, 4yz, 5yz, RFC 5321 §4.2.1

/// The meaning of the first digit, which is all that a client may rely on. `code` is 200 to 599.
[[nodiscard]] ReplyClass reply_class(int code) noexcept;
[[nodiscard]] bool is_positive(const Reply& reply) noexcept;   // 2yz and 3yz
[[nodiscard]] bool is_transient(const Reply& reply) noexcept;  // 4yz
[[nodiscard]] bool is_permanent(const Reply& reply) noexcept;  // 5yz

/// All lines with CRLF, the enhanced code on each (RFC 2034 §4). Whatever a peer may have brought into the text, a
/// control character leaves as "?", and a line ends at the limit.
[[nodiscard]] std::string to_wire(const Reply& reply);

/// "5.1.1"
[[nodiscard]] std::string to_string(const EnhancedCode& code);

/// One line of a reply, as a client reads it. `text` still holds the enhanced code.
struct ReplyLine {
  int code = 0;
  bool last = true;
  std::string text;
  bool operator==(const ReplyLine&) const = default;
};

/// Parses a line without its end. RFC 5321 §4.2 has three digits from 200 to 599, then nothing, or a space or "-"
/// and text. A client may rely on the first digit alone (§4.2.1), so what else hosts send is taken too: no space
/// behind the code ("250OK"), and fewer digits ("2.0.0 OK"), which stand for 200 to 500. Errors: syntax, when the
/// first octet is no digit from 2 to 5.
[[nodiscard]] std::expected<ReplyLine, ParseError> parse_reply_line(std::string_view line);

/// Joins the lines of one reply. Its code is the last line's, whatever the others say. An enhanced code that agrees
/// with it is taken from the first line that has one, and from each that repeats it. Nothing when the only last
/// line is not at the end.
[[nodiscard]] std::optional<Reply> join_reply(std::span<const ReplyLine> lines);

}  // namespace posthaste::smtp
