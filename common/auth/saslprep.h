// SASLprep (RFC 4013): one spelling for what people type as a name or a password.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace posthaste::auth {

/// What RFC 3454 §7 does with code points that Unicode 3.2 did not know: a stored string may hold none.
enum class StringKind { query, stored };

/// `text` prepared. Nothing when it is not UTF-8, holds what SASLprep prohibits (controls above all), or nothing is
/// left of it.
[[nodiscard]] std::optional<std::string> saslprep(std::string_view text, StringKind kind);

}  // namespace posthaste::auth
