// reverse-path and forward-path of the envelope (RFC 5321 §4.1.2), with UTF-8 where SMTPUTF8 allows it (RFC 6531).
// Addresses that break the syntax and are in use all the same are taken, and passed on as they came: docs/smtp.md.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/parse_error.h"

namespace posthaste::smtp {

/// As written, quotes included. RFC 5321 §4.5.3.1.1 has 64; VERP and SRS wrap a whole address into a local part.
inline constexpr std::size_t kLocalPartMaxOctets = 255;
inline constexpr std::size_t kDomainMaxOctets = 255;  // RFC 5321 §4.5.3.1.2
inline constexpr std::size_t kLabelMaxOctets = 63;    // RFC 1035 §2.3.4
/// Brackets and source route included. RFC 5321 §4.5.3.1.3 has 256, which a long local part exceeds.
inline constexpr std::size_t kPathMaxOctets = 514;

/// Whether non-ASCII may stand in an address: only after MAIL with SMTPUTF8 (RFC 6531 §3.3).
enum class Utf8 { refused, allowed };

/// A mailbox as named in the envelope. `local_part` is unquoted; to_string() quotes it when it must, and when it
/// came so. `domain` is a domain name or an address literal with its brackets, in the case in which it came.
struct Mailbox {
  std::string local_part;
  std::string domain;
  bool quoted = false;
  bool operator==(const Mailbox& other) const { return local_part == other.local_part && domain == other.domain; }
};

/// A mailbox, or nothing for the null reverse-path "<>" of a notification (RFC 5321 §4.5.5).
using ReversePath = std::optional<Mailbox>;

/// "<Postmaster>": the postmaster of this host, whatever its domain (RFC 5321 §4.1.1.3).
struct LocalPostmaster {
  bool operator==(const LocalPostmaster&) const = default;
};

using ForwardPath = std::variant<Mailbox, LocalPostmaster>;

/// Parses all of `text`, brackets included, or without either of them. A source route is accepted and forgotten
/// (RFC 5321 §C), and so is a dot at the end of the domain. Local parts may have dots anywhere, and labels of the
/// domain "_".
/// Errors: syntax, at the first octet that fits no rule; too_long, at the first octet beyond a limit.
[[nodiscard]] std::expected<ReversePath, ParseError> parse_reverse_path(std::string_view text,
                                                                        Utf8 utf8 = Utf8::refused);

/// Likewise, without the null path, and with "<Postmaster>" in any case.
[[nodiscard]] std::expected<ForwardPath, ParseError> parse_forward_path(std::string_view text,
                                                                        Utf8 utf8 = Utf8::refused);

/// Parses all of `text` as local-part "@" domain or address literal, without brackets. Errors as above.
[[nodiscard]] std::expected<Mailbox, ParseError> parse_mailbox(std::string_view text, Utf8 utf8 = Utf8::refused);

/// A domain name in the RFC's own syntax, at least one label, within the limits. Whether it exists is another
/// matter.
[[nodiscard]] bool is_domain(std::string_view text, Utf8 utf8 = Utf8::refused) noexcept;

/// "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 §4.1.3). No other tag is registered, so none is known here, and
/// a number with a leading zero is refused, since readers differ on whether it is octal.
[[nodiscard]] bool is_address_literal(std::string_view text) noexcept;

/// The address in an address literal, as inet_ntop(3) writes it. Nothing for what is none.
[[nodiscard]] std::optional<std::string> address_in_literal(std::string_view text);

/// The mailbox that a forward-path names on a host whose own domain is `own_domain`.
[[nodiscard]] Mailbox mailbox_of(const ForwardPath& path, std::string_view own_domain);

/// local-part "@" domain, quoted no more than needed.
[[nodiscard]] std::string to_string(const Mailbox& mailbox);

/// The path with its brackets.
[[nodiscard]] std::string to_string(const ReversePath& path);
[[nodiscard]] std::string to_string(const ForwardPath& path);

}  // namespace posthaste::smtp
