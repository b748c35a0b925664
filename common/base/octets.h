// Octets as protocols see them: US-ASCII classes and case, independent of any locale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste {

inline constexpr std::string_view kCrlf = "\r\n";

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_alpha(char c) noexcept { return is_upper(c) || is_lower(c); }
constexpr bool is_alnum(char c) noexcept { return is_alpha(c) || is_digit(c); }
constexpr bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr bool is_wsp(char c) noexcept { return c == ' ' || c == '\t'; }        // RFC 5234 §B.1
constexpr bool is_printable(char c) noexcept { return c > ' ' && c < '\x7f'; }  // VCHAR, RFC 5234 §B.1
constexpr bool is_eight_bit(char c) noexcept { return static_cast<unsigned char>(c) >= 0x80; }
constexpr char to_lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr char to_upper(char c) noexcept { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }

/// Equal when ASCII letters are compared without case.
[[nodiscard]] bool iequals(std::string_view a, std::string_view b) noexcept;
[[nodiscard]] bool istarts_with(std::string_view text, std::string_view prefix) noexcept;
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] std::string upper(std::string_view text);

/// `text` without SP and HTAB at both ends.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

/// All of `text` as a decimal number without sign. Nothing for anything else, or beyond 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept;

/// Valid UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;
[[nodiscard]] bool has_eight_bit(std::string_view text) noexcept;
/// How many octets stand before the first that is not US-ASCII.
[[nodiscard]] std::size_t ascii_octets(std::string_view text) noexcept;

/// Puts 0x80 in the place of each NUL behind the first `start` octets: no literal may hold it (RFC 9051 §4.3), and
/// old clients hang at it.
void replace_nul(std::string& octets, std::size_t start = 0) noexcept;

/// `octets` fit for a log or an error text: printable ASCII as it is, all else as \xNN; at most `max_octets` of it.
[[nodiscard]] std::string escaped(std::string_view octets, std::size_t max_octets = 256);

}  // namespace posthaste
