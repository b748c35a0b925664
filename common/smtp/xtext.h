// Encodings of text inside MAIL and RCPT parameters: xtext (RFC 3461 §4) and unitext (RFC 6533 §3).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace posthaste::smtp {

/// Any octets as xtext: "+", "=" and all that is not printable ASCII become "+XX".
[[nodiscard]] std::string xtext_encode(std::string_view octets);

/// The octets behind `text`. Nothing when an octet is not xtext, or "+" is not followed by two upper case digits.
[[nodiscard]] std::optional<std::string> xtext_decode(std::string_view text);

/// UTF-8 text as the 7-bit form of a utf-8 address: "\x{XX}" for all that cannot stand for itself.
[[nodiscard]] std::string unitext_encode(std::string_view text);

/// The UTF-8 text behind `text`, whose non-ASCII characters may stand for themselves. Nothing when it fits no rule.
[[nodiscard]] std::optional<std::string> unitext_decode(std::string_view text);

}  // namespace posthaste::smtp
