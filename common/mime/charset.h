// From the charsets that mail is written in to UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace posthaste::mime {

/// Whether text in `charset` is UTF-8 as it stands: UTF-8 itself, and US-ASCII, which in mail is most often UTF-8
/// when it is not what it says.
[[nodiscard]] bool is_part_of_utf8(std::string_view charset);

/// Whether to_utf8() can read `charset`, an IANA name or alias in any case, or a name of the wild.
[[nodiscard]] bool knows_charset(std::string_view charset);

/// `octets` as valid UTF-8. What cannot be read becomes U+FFFD; an unknown charset is read as UTF-8. A charset that
/// mail uses for a larger one is read as that: ISO-8859-1 as windows-1252, KS C 5601 as CP949, GB 2312 as GB 18030.
[[nodiscard]] std::string to_utf8(std::string_view charset, std::string_view octets);

}  // namespace posthaste::mime
