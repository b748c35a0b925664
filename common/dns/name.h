// Domain names as this room keeps and compares them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace posthaste::dns {

/// How many aliases are followed from one name; longer chains count as endless.
inline constexpr std::size_t kAliasesMax = 8;

/// `name` in lower case and without its final dot. "" is the root.
[[nodiscard]] std::string canonical(std::string_view name);

}  // namespace posthaste::dns
