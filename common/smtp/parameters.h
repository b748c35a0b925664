// Parameters of MAIL and RCPT (RFC 5321 §4.1.1.11) as SIZE, 8BITMIME, BINARYMIME, DSN, AUTH and SMTPUTF8 define
// them.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "common/smtp/delivery_id.h"
#include "common/smtp/path.h"

namespace posthaste::smtp {

inline constexpr std::size_t kEnvidMaxOctets = 100;  // as written, in xtext, RFC 3461 §4.4
inline constexpr std::size_t kOrcptMaxOctets = 500;  // as written, RFC 3461 §4.2

enum class Body { seven_bit, eight_bit_mime, binary_mime };  // RFC 6152 §3, RFC 3030 §3

/// RET: what of the message a failure notification returns (RFC 3461 §4.3).
enum class Return { full, headers };

struct MailParameters {
  std::optional<std::uint64_t> size{};      // octets that the client means to send, RFC 1870 §6
  std::optional<Body> body{};               // RFC 6152 §3
  bool smtp_utf8 = false;                   // RFC 6531 §3.4
  std::optional<Return> ret{};              // RFC 3461 §4.3
  std::optional<std::string> envid{};       // decoded, printable ASCII and spaces, RFC 3461 §4.4
  std::optional<ReversePath> auth{};        // who submitted it; "<>" when that is not known, RFC 4954 §5
  std::optional<DeliveryId> delivery_id{};  // XDELIVERYID, ours alone
  std::optional<std::string> trace_id{};    // XTRACE, ours alone
  bool operator==(const MailParameters&) const = default;
};

/// NOTIFY: none of the three is NEVER (RFC 3461 §4.1).
struct Notify {
  bool success = false;
  bool failure = false;
  bool delay = false;
  bool operator==(const Notify&) const = default;
};

/// ORCPT: the recipient as the sender first named it (RFC 3461 §4.2). `address` is decoded: printable ASCII and
/// spaces, or UTF-8 when the type is "utf-8" (RFC 6533 §3).
struct OriginalRecipient {
  std::string address_type;
  std::string address;
  bool operator==(const OriginalRecipient&) const = default;
};

struct RcptParameters {
  std::optional<Notify> notify{};
  std::optional<OriginalRecipient> orcpt{};
  bool operator==(const RcptParameters&) const = default;
};

/// Whether XDELIVERYID and XTRACE are parameters here: on the socket between our own daemons, nowhere else.
enum class PrivateParameters { refused, allowed };

/// Errors: unsupported, at a keyword that we do not know; syntax, at a parameter that is malformed or stands twice;
/// too_long, at a parameter beyond its own limit. Several spaces between parameters pass for one.
[[nodiscard]] std::expected<MailParameters, ParseError> parse_mail_parameters(
    std::string_view text, PrivateParameters private_parameters = PrivateParameters::refused);
[[nodiscard]] std::expected<RcptParameters, ParseError> parse_rcpt_parameters(std::string_view text,
                                                                              Utf8 utf8 = Utf8::refused);

/// Each parameter with a space before it, so that the result is appended to a path.
[[nodiscard]] std::string to_string(const MailParameters& parameters);
[[nodiscard]] std::string to_string(const RcptParameters& parameters);

}  // namespace posthaste::smtp
