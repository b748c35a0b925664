// What a message's octets ask of the host that is to take them.
#pragma once

#include <span>
#include <string_view>

namespace posthaste::relay {

struct ContentTraits {
  bool eight_bit = false;         // octets above 127 (RFC 6152)
  bool header_eight_bit = false;  // likewise before the first empty line: an internationalized header (RFC 6532)
  bool binary = false;            // NUL, bare CR or bare LF: no lines of text, and so nothing for DATA
                                  // (RFC 5321 §2.3.8, RFC 3030 §3)
  bool operator==(const ContentTraits&) const = default;
};

/// Looks at every octet of `pieces`, which follow one another.
[[nodiscard]] ContentTraits traits_of(std::span<const std::string_view> pieces) noexcept;

}  // namespace posthaste::relay
