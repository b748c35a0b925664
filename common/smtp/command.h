// Commands of SMTP and LMTP, from a line and back (RFC 5321 §4.1.1, RFC 2033, RFC 3030, RFC 3207, RFC 4954).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/smtp/parameters.h"
#include "common/smtp/path.h"

namespace posthaste::smtp {

// Limits with CRLF. MAIL and RCPT have room for every parameter at its longest at once; a caller that cannot know
// the command before it has the line reads up to kAuthLineMaxOctets, and parse_command() refuses the rest.
inline constexpr std::size_t kCommandLineMaxOctets = 512;    // RFC 5321 §4.5.3.1.4
inline constexpr std::size_t kEnvelopeLineMaxOctets = 2560;  // MAIL and RCPT with their extensions
inline constexpr std::size_t kAuthLineMaxOctets = 12288;     // AUTH and each SASL response, RFC 4954 §4
inline constexpr std::size_t kTextLineMaxOctets = 1000;      // RFC 5321 §4.5.3.1.6

/// The argument of HELO, EHLO and LHLO is what the client calls itself. Phones and PCs have names with spaces and
/// letters beyond ASCII in any charset, so any text passes; is_domain() and is_address_literal() tell who keeps the
/// rules.
struct Helo {
  std::string client_name;
  bool operator==(const Helo&) const = default;
};
struct Ehlo {
  std::string client_name;
  bool operator==(const Ehlo&) const = default;
};
struct Lhlo {
  std::string client_name;
  bool operator==(const Lhlo&) const = default;
};
struct Mail {
  ReversePath reverse_path;
  MailParameters parameters;
  bool operator==(const Mail&) const = default;
};
struct Rcpt {
  ForwardPath forward_path;
  RcptParameters parameters;
  bool operator==(const Rcpt&) const = default;
};
struct Data {
  bool operator==(const Data&) const = default;
};
struct Bdat {
  std::uint64_t chunk_octets = 0;
  bool last = false;
  bool operator==(const Bdat&) const = default;
};
struct Rset {
  bool operator==(const Rset&) const = default;
};
struct Noop {
  bool operator==(const Noop&) const = default;
};
struct Vrfy {
  std::string text;
  bool smtp_utf8 = false;  // the reply may hold UTF-8, RFC 6531 §3.7.4.2
  bool operator==(const Vrfy&) const = default;
};
struct Expn {
  std::string text;
  bool smtp_utf8 = false;
  bool operator==(const Expn&) const = default;
};
struct Help {
  std::string text;  // empty when none was given
  bool operator==(const Help&) const = default;
};
struct Quit {
  bool operator==(const Quit&) const = default;
};
struct StartTls {
  bool operator==(const StartTls&) const = default;
};
struct Auth {
  std::string mechanism;                        // in upper case
  std::optional<std::string> initial_response;  // still base64; "=" is an empty one, RFC 4954 §4
  bool operator==(const Auth&) const = default;
};

using Command =
    std::variant<Helo, Ehlo, Lhlo, Mail, Rcpt, Data, Bdat, Rset, Noop, Vrfy, Expn, Help, Quit, StartTls, Auth>;

enum class CommandErrorKind {
  unknown_command,        // 500 5.5.2
  line_too_long,          // 500 5.5.6
  syntax,                 // 501 5.5.4: arguments that the command does not take, or lacks
  bad_sender_address,     // 501 5.1.7
  bad_recipient_address,  // 501 5.1.3
  utf8_not_announced,     // 553 5.6.7: an address beyond ASCII without SMTPUTF8, RFC 6531 §3.5
  bad_parameter,          // 501 5.5.4: a parameter malformed, too long or given twice
  unsupported_parameter,  // 555 5.5.4
  bad_chunk_size,         // 501 5.5.4: nobody knows how many octets of a message follow
  http_request,           // 500 5.5.2: what follows is not meant for us
};
/// Whether what follows cannot be read as commands any more: whoever goes on could run a message's octets.
[[nodiscard]] constexpr bool ends_dialogue(CommandErrorKind error) noexcept {
  return error == CommandErrorKind::bad_chunk_size || error == CommandErrorKind::http_request;
}

struct CommandError {
  CommandErrorKind kind = CommandErrorKind::syntax;
  std::size_t offset = 0;  // octets from the start of the line
  bool operator==(const CommandError&) const = default;
};

/// What the session allows at this moment.
struct CommandOptions {
  Utf8 recipient_utf8 = Utf8::refused;  // allowed once MAIL came with SMTPUTF8
  PrivateParameters private_parameters = PrivateParameters::refused;
};

/// Parses a line without CRLF. Verbs and keywords are known in any case, and spaces at the end are ignored
/// (RFC 5321 §4.1.1). One space is let through after "FROM:" and "TO:", as widely sent; a path without its brackets
/// is not. In which state a command is legal is the session's business.
[[nodiscard]] std::expected<Command, CommandError> parse_command(std::string_view line,
                                                                 CommandOptions options = {});

/// The line that a client sends, without CRLF.
[[nodiscard]] std::string to_line(const Command& command);

}  // namespace posthaste::smtp
