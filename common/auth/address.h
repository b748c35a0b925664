// Addresses as the directory keeps them: case-folded, with an optional detail behind a delimiter (RFC 5233).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/parse_error.h"

namespace posthaste::auth {

inline constexpr std::size_t kLocalPartMaxOctets = 64;  // RFC 5321 §4.5.3.1.1
inline constexpr std::size_t kDomainMaxOctets = 255;    // RFC 5321 §4.5.3.1.2

/// A mailbox's name, folded to lower case in both parts. RFC 5321 §2.4 leaves the local part's case to the host
/// that owns it; here "Alice" and "alice" are one. Of the local part only ASCII letters fold; the domain is as
/// fold_domain() says, so that "bücher.example" and "xn--bcher-kva.example" are one.
struct Address {
  std::string local_part;  // empty: the catch-all of the domain
  std::string domain;
  bool operator==(const Address&) const = default;
};

/// "local@domain", as the directory's keys are written.
[[nodiscard]] std::string to_string(const Address& address);

/// An address for the directory: a Dot-string (RFC 5321 §4.1.2, with RFC 6531's UTF-8) at a domain name.
/// Quoted local parts and address literals name nobody here. Errors: syntax; too_long.
[[nodiscard]] std::expected<Address, ParseError> parse_address(std::string_view text);

/// What addresses are compared by: `text` folded as the directory would have it, whether or not it is an address.
[[nodiscard]] std::string fold_address(std::string_view text);

/// parse_address(), or "@domain" for everything in a domain that nothing else names.
[[nodiscard]] std::expected<Address, ParseError> parse_alias_address(std::string_view text);

/// A domain name of letters, digits, hyphens and UTF-8, at least one label, as fold_domain() says.
/// Errors: syntax; too_long, beyond 63 octets in a label or 255 in all.
[[nodiscard]] std::expected<std::string, ParseError> parse_domain(std::string_view text);

/// A local part cut at the first delimiter that is not its first octet (RFC 5233 §2).
struct Subaddress {
  std::string_view user;
  std::optional<std::string_view> detail;
};
[[nodiscard]] Subaddress split_subaddress(std::string_view local_part, std::optional<char> delimiter) noexcept;

}  // namespace posthaste::auth
