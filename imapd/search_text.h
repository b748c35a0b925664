// Finding text as SEARCH means it: decoded, in UTF-8, and by i;unicode-casemap (RFC 9051 §6.4.4, RFC 5051).
#pragma once

#include <string_view>

#include "common/mime/structure.h"

namespace posthaste::imapd {

// In these `folded` went through mime::casemap(), and an empty one is found everywhere.

/// Whether a field called `field_name` holds it, encoded words decoded.
[[nodiscard]] bool field_contains(std::string_view header, std::string_view field_name, std::string_view folded);
/// Whether any line of the header does, names included.
[[nodiscard]] bool header_contains(std::string_view header, std::string_view folded);
/// Whether a text part does, transfer encoding and charset undone and HTML read as the text it shows, or the header
/// of an embedded message.
[[nodiscard]] bool body_contains(std::string_view message, const mime::Part& root, std::string_view folded);

}  // namespace posthaste::imapd
