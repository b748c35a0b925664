// Text as encoded words (RFC 2047), the other way round than decode_encoded_words().
#pragma once

#include <string>
#include <string_view>

namespace posthaste::mime {

/// All of `text`, unfolded and not empty, as encoded words of whole characters, in the letters that a phrase allows
/// (RFC 2047 §5 (3)), each on a line of its own from the second on. In "utf-8", or "unknown-8bit" when it is not
/// UTF-8 (RFC 1428 §3).
[[nodiscard]] std::string encode_words(std::string_view text);

}  // namespace posthaste::mime
