// A message in a few words, for a list of messages (RFC 8970).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace posthaste::mime {

inline constexpr std::size_t kPreviewMaxCharacters = 200;  // RFC 8970 §3.3

/// The beginning of what the first text part says that says anything, without markup, quoted lines and superfluous
/// white space, in UTF-8. Empty when there is no text, or when it is hidden: of an encrypted message. `beginning`
/// is a message, or as much of it as somebody was ready to read.
[[nodiscard]] std::string preview(std::string_view beginning);

}  // namespace posthaste::mime
