// The Received field that every hop adds (RFC 5321 §4.4).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/smtp/path.h"

namespace posthaste::smtp {

enum class Greeting { helo, ehlo, lhlo };

/// How the message came, as the "with" clause says it: ESMTPSA, UTF8SMTPS, LMTP... (RFC 3848, RFC 6531 §4.3).
struct Protocol {
  Greeting greeting = Greeting::ehlo;
  bool tls = false;
  bool authenticated = false;
  bool smtp_utf8 = false;
  bool operator==(const Protocol&) const = default;
};

[[nodiscard]] std::string to_string(const Protocol& protocol);

struct Received {
  std::string client_name;     // from HELO, EHLO or LHLO
  std::string client_address;  // as an address literal, with brackets
  std::string by;              // our own host name
  Protocol protocol;
  std::string trace_id;              // an Atom, see is_trace_id()
  std::optional<Mailbox> recipient;  // when there is just one, so that nobody learns of blind copies (§7.2)
  std::chrono::sys_seconds when{};
};

/// The field, folded, with CRLF. A client name that is neither domain nor address literal moves into a comment, and
/// a recipient beyond ASCII is left out of a message that came without SMTPUTF8.
[[nodiscard]] std::string to_field(const Received& received);

/// `address`, as inet_ntop() writes it, as an address literal (RFC 5321 §4.1.3).
[[nodiscard]] std::string address_literal(std::string_view address);

}  // namespace posthaste::smtp
