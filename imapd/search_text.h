// Finding text as SEARCH means it: decoded, in UTF-8, and whatever its case (RFC 9051 §6.4.4).
#pragma once

#include <string>
#include <string_view>

#include "common/mime/structure.h"

namespace posthaste::imapd {

/// `text` with Latin, Greek and Cyrillic letters in lower case; `text` should be UTF-8.
[[nodiscard]] std::string fold_case(std::string_view text);

// In these `folded` went through fold_case(), and an empty one is found everywhere.

/// Whether a field called `field_name` holds it, encoded words decoded.
[[nodiscard]] bool field_contains(std::string_view header, std::string_view field_name, std::string_view folded);
/// Whether any line of the header does, names included.
[[nodiscard]] bool header_contains(std::string_view header, std::string_view folded);
/// Whether a text part does, transfer encoding and charset undone, or the header of an embedded message.
[[nodiscard]] bool body_contains(std::string_view message, const mime::Part& root, std::string_view folded);

}  // namespace posthaste::imapd
