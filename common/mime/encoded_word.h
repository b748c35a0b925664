// Encoded words in header fields (RFC 2047).
#pragma once

#include <string>
#include <string_view>

namespace posthaste::mime {

/// `text` with its encoded words decoded, as valid UTF-8. White space between adjacent encoded words goes (§6.2),
/// and neighbours in the same charset are joined before they are read, for a character may be cut in two. What is
/// not quite an encoded word stays as it is. `text` should be unfolded.
[[nodiscard]] std::string decode_encoded_words(std::string_view text);

}  // namespace posthaste::mime
