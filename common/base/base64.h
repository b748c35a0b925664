// Base64 (RFC 4648 §4), as SASL and MIME use it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace posthaste {

[[nodiscard]] std::string base64_encode(std::string_view octets);

/// All of `text`, strictly: whole groups, padding where it belongs, no other octet. Nothing otherwise.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace posthaste
