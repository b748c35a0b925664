// Content-Transfer-Encoding: how a body's octets are written (RFC 2045 §6).
#pragma once

#include <string>
#include <string_view>

namespace posthaste::mime {

enum class TransferEncoding {
  identity,  // 7bit, 8bit and binary, which change nothing
  quoted_printable,
  base64,
  unknown,
};

/// The encoding named `token`, in any case.
[[nodiscard]] TransferEncoding transfer_encoding(std::string_view token) noexcept;

/// RFC 2045 §6.7, leniently: an "=" that begins no code stands for itself, hexadecimal digits may be in lower case.
[[nodiscard]] std::string decode_quoted_printable(std::string_view text);

/// `octets` as text in quoted-printable (RFC 2045 §6.7): lines of at most 76 octets, in printable ASCII. A CRLF
/// stays a line end; a CR or LF that stands alone is an octet like others.
[[nodiscard]] std::string encode_quoted_printable(std::string_view octets);

/// RFC 2045 §6.8, leniently: octets outside the alphabet are skipped, padding may lack, and what follows padding is
/// read as a new run.
[[nodiscard]] std::string decode_base64(std::string_view text);

/// `body` decoded; as it is when `encoding` is unknown.
[[nodiscard]] std::string decode_transfer(TransferEncoding encoding, std::string_view body);

}  // namespace posthaste::mime
