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

/// Parses a line without CRLF: three digits from 200 to 599, then nothing, or a space or "-" and text.
/// Errors: syntax, at the first octet that fits no rule.
[[nodiscard]] std::expected<ReplyLine, ParseError> parse_reply_line(std::string_view line);

/// Joins the lines of one reply. An enhanced code that agrees with the reply code is taken from the first line, and
/// from each that repeats it. Nothing when the codes differ, or the only last line is not at the end.
[[nodiscard]] std::optional<Reply> join_reply(std::span<const ReplyLine> lines);

}  // namespace posthaste::smtp
