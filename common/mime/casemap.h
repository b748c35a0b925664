// Text without case: the collation i;unicode-casemap (RFC 5051), by which IMAP searches and sorts.
#pragma once

#include <string>
#include <string_view>

namespace posthaste::mime {

/// `text`, which should be UTF-8, with every character in title case and then decomposed (RFC 5051 §2): two texts are
/// equal, one holds the other, or one sorts before the other, as their octets do after this. Octets that are not UTF-8
/// stay.
[[nodiscard]] std::string casemap(std::string_view text);

}  // namespace posthaste::mime
