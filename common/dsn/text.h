// Lines of a notification: octets of strangers made harmless, fields folded, sentences wrapped.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "common/smtp/path.h"

namespace posthaste::dsn {

inline constexpr std::size_t kLineMaxOctets = 998;   // without CRLF, RFC 5322 §2.1.1
inline constexpr std::size_t kFieldLineOctets = 78;  // where fields are folded, RFC 5322 §2.1.1
inline constexpr std::size_t kTextLineOctets = 72;

/// What becomes of white space and control characters: a space for a whole run of them, and none at the ends; or,
/// where every octet counts, spaces as they are and \xNN for the others.
enum class Spaces { joined, kept };

/// `text` as one line of UTF-8; octets that are no UTF-8, and C1 controls, become \xNN. What goes beyond
/// `max_octets` shows as "...".
[[nodiscard]] std::string one_line(std::string_view text, std::size_t max_octets, Spaces spaces = Spaces::joined);

/// Likewise in ASCII: all eight-bit octets become \xNN.
[[nodiscard]] std::string ascii_line(std::string_view text, std::size_t max_octets, Spaces spaces = Spaces::joined);

/// "name: value" with CRLF, folded at spaces where a line would pass `line_octets`, and within a word only where it
/// would pass kLineMaxOctets.
[[nodiscard]] std::string folded_field(std::string_view name, std::string_view value,
                                       std::size_t line_octets = kFieldLineOctets);

/// `sentences` in lines of at most kTextLineOctets with CRLF, each `indent` spaces in. A longer word has a line of
/// its own, of at most kLineMaxOctets.
[[nodiscard]] std::string wrapped(std::string_view sentences, std::size_t indent);

/// "Sun, 22 Nov 2026 10:53 UTC", for people.
[[nodiscard]] std::string spoken_date(std::chrono::sys_seconds when);

/// "<local-part@domain>"
[[nodiscard]] std::string in_brackets(const smtp::Mailbox& mailbox);

}  // namespace posthaste::dsn
