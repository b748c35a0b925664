// Messages with parts in binary, which IMAP's base protocol cannot show (RFC 3516 §6).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace posthaste::mime {

/// `message` with each part that is announced as binary and holds NUL written in base64 instead. All other octets
/// stay; nothing when there is no such part.
[[nodiscard]] std::optional<std::string> without_binary_parts(std::string_view message);

}  // namespace posthaste::mime
