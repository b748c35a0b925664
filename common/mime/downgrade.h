// Header fields for those who read ASCII alone (RFC 6857 §3).
#pragma once

#include <string>
#include <string_view>

#include "common/mime/header.h"

namespace posthaste::mime {

/// `field`, its line ends included, in ASCII. By its name (RFC 6857 §3.2):
/// - addresses: names become encoded words, domains A-labels, and an address whose local part is not ASCII an empty
///   group named so (§3.1.8), with which mail goes nowhere;
/// - Message-ID and its kin: Downgraded-Message-ID and so on, when an identifier is not ASCII (§3.1.10);
/// - Content-Type and Content-Disposition: parameters by RFC 2231;
/// - Received: A-labels, and FOR and ID go when they are not ASCII;
/// - Date, MIME-Version and the like: encoded words in comments;
/// - all others are words between white space, which become encoded words.
///
/// What cannot be said in any of these ways becomes "?". No encoded word stands in a quoted string, an address or a
/// parameter (RFC 2047 §5). A field that is rewritten is folded at its white space. ASCII stays as it is.
[[nodiscard]] std::string downgrade_field(const Field& field);

/// Whether `field` is none, so that to many readers the body begins with it although there is no empty line before.
/// Not so the line with which each message of an mbox file begins, when it comes `first`.
[[nodiscard]] bool begins_body(const Field& field, bool first) noexcept;

/// `text` with "?" for each octet that is not ASCII.
[[nodiscard]] std::string question_marks(std::string_view text);

}  // namespace posthaste::mime
