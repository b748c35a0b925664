// Commands of POP3 from a line (RFC 1939, RFC 2449, RFC 2595, RFC 5034, RFC 6856).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace posthaste::pop3 {

// Limits with CRLF. A caller that cannot know the command before it has the line reads up to kAuthLineMaxOctets,
// and parse_command() refuses the rest.
inline constexpr std::size_t kCommandLineMaxOctets = 255;  // RFC 2449 §4
inline constexpr std::size_t kAuthLineMaxOctets = 12288;   // AUTH and each SASL response, as in SMTP (RFC 4954 §4)

enum class MessageNumber : std::uint32_t {};  // RFC 1939 §5; from 1, valid in one session

struct User {
  std::string name;  // UTF-8, spaces included
  bool operator==(const User&) const = default;
};
struct Pass {
  std::string password;  // UTF-8, all that follows the first space (RFC 1939 §7)
  bool operator==(const Pass&) const = default;
};
struct Apop {
  std::string name;
  std::string digest;  // 32 hexadecimal digits in lower case
  bool operator==(const Apop&) const = default;
};
struct Auth {
  std::optional<std::string> mechanism;         // in upper case; nothing asks for the list, as before RFC 5034
  std::optional<std::string> initial_response;  // still base64; "=" is an empty one, RFC 5034 §4
  bool operator==(const Auth&) const = default;
};
struct Capa {
  bool operator==(const Capa&) const = default;
};
struct Stls {
  bool operator==(const Stls&) const = default;
};
struct Stat {
  bool operator==(const Stat&) const = default;
};
struct List {
  std::optional<MessageNumber> message;
  bool operator==(const List&) const = default;
};
struct Uidl {
  std::optional<MessageNumber> message;
  bool operator==(const Uidl&) const = default;
};
struct Retr {
  MessageNumber message{};
  bool operator==(const Retr&) const = default;
};
struct Top {
  MessageNumber message{};
  std::uint64_t body_lines = 0;
  bool operator==(const Top&) const = default;
};
struct Dele {
  MessageNumber message{};
  bool operator==(const Dele&) const = default;
};
struct Noop {
  bool operator==(const Noop&) const = default;
};
struct Rset {
  bool operator==(const Rset&) const = default;
};
struct Quit {
  bool operator==(const Quit&) const = default;
};
struct Utf8 {
  bool operator==(const Utf8&) const = default;
};
struct Lang {
  std::optional<std::string> range;  // a basic language range or "*"; nothing asks for the list (RFC 6856 §3)
  bool operator==(const Lang&) const = default;
};

using Command = std::variant<User, Pass, Apop, Auth, Capa, Stls, Stat, List, Uidl, Retr, Top, Dele, Noop, Rset,
                             Quit, Utf8, Lang>;

enum class CommandError {
  unknown_command,
  line_too_long,
  syntax,              // arguments that the command does not take, or lacks
  bad_message_number,  // not a number from 1, or beyond 32 bits
  not_utf8,            // a name or password that is not UTF-8 (RFC 6856 §2.2)
};

/// Parses a line without CRLF. Keywords are known in any case; spaces at the end are ignored, save in a password.
[[nodiscard]] std::expected<Command, CommandError> parse_command(std::string_view line);

/// The line that a client sends, without CRLF.
[[nodiscard]] std::string to_line(const Command& command);

}  // namespace posthaste::pop3
