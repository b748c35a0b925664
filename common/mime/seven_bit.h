// A message in 8 bits for a host that takes 7 alone (RFC 6152 §3).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace posthaste::mime {

/// `message` in ASCII lines, saying the same: each body that is more than that, or has lines of more than 998 octets,
/// is written in quoted-printable or in base64, whichever is shorter, and the fields of its part say so; one that has
/// such an encoding keeps it and all of its ASCII. Headers become surrogates as AsciiHeader writes them. A body
/// without Content-Type is told to be text, in UTF-8 or "unknown-8bit" (RFC 1428 §3), and so is a multipart without
/// parts. All else keeps its octets; those around the parts that nobody reads become "*". The same message always
/// leaves in the same octets. A body grows by half, or by 1,000 octets, at most.
///
/// Nothing where that cannot be: something signed or encrypted has such octets (RFC 1847 §2.1), or something that
/// must not be encoded (RFC 2045 §6.4) and is no multipart or message that can be read, or whose encoding is
/// unknown or has little to do with its octets, or a header from its first line on that is no field; a line of a header or between parts ends in LF or
/// CR alone; or the message has 10,000 parts, or parts 100 levels deep.
[[nodiscard]] std::optional<std::string> to_seven_bit(std::string_view message);

/// Whether `text` is ASCII in lines that end in CRLF, but perhaps the last, without NUL.
[[nodiscard]] bool is_seven_bit(std::string_view text) noexcept;

}  // namespace posthaste::mime
