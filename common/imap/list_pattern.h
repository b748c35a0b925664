// Matching mailbox names against LIST's wildcards (RFC 9051 §6.3.9).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace posthaste::imap {

inline constexpr std::size_t kPatternMaxOctets = 1'000;  // in UTF-8

/// The pattern that LIST's two arguments make together: the pattern alone when it begins with the delimiter,
/// else the reference followed by it. INBOX as the first level is put in capitals.
[[nodiscard]] std::string interpret_pattern(std::string_view reference, std::string_view pattern);

/// Whether `name`, canonical and in UTF-8, matches: "*" stands for anything, "%" for anything without the
/// delimiter. Takes at most octets of name times octets of pattern steps.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view name);

}  // namespace posthaste::imap
