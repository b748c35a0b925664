// What TOP shows of a message (RFC 1939 §7).
#pragma once

#include <cstdint>
#include <string_view>

namespace posthaste::pop3 {

/// The part of `message` that holds its header, the blank line, and `body_lines` lines of its body; a view into
/// `message`. Lines end with LF, with or without CR. Without a blank line all is header.
[[nodiscard]] std::string_view top(std::string_view message, std::uint64_t body_lines) noexcept;

}  // namespace posthaste::pop3
