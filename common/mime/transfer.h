// Content-Transfer-Encoding: how a body's octets are written (RFC 2045 §6).
#pragma once

#include <cstdint>
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
/// Of white space at a line's end no more than 1,000 octets go: a line has no more (RFC 5322 §2.1.1).
[[nodiscard]] std::string decode_quoted_printable(std::string_view text);

/// `octets` as text in quoted-printable (RFC 2045 §6.7): lines of at most 76 octets, in printable ASCII. A CRLF
/// stays a line end; a CR or LF that stands alone is an octet like others.
[[nodiscard]] std::string encode_quoted_printable(std::string_view octets);

/// RFC 2045 §6.8, leniently: octets outside the alphabet are skipped, padding may lack, and what follows padding is
/// read as a new run.
[[nodiscard]] std::string decode_base64(std::string_view text);

/// `body` decoded; as it is when `encoding` is unknown.
[[nodiscard]] std::string decode_transfer(TransferEncoding encoding, std::string_view body);

/// decode_transfer() of a body that comes in slices, with the same octets however it is cut. It holds back less
/// than 4 KB between two slices.
class TransferDecoder {
 public:
  explicit TransferDecoder(TransferEncoding encoding) : encoding_(encoding) {}

  /// What the next slice adds.
  [[nodiscard]] std::string feed(std::string_view slice);
  /// What is held back at the body's end. The next feed() begins another body.
  [[nodiscard]] std::string finish();

 private:
  [[nodiscard]] std::string feed_base64(std::string_view slice);
  [[nodiscard]] std::string feed_quoted_printable(std::string_view slice);

  TransferEncoding encoding_;
  std::uint32_t bits_ = 0;  // base64: the group being read,
  unsigned digits_ = 0;     // which has so many digits
  std::string line_;        // quoted-printable: the end of a line that goes on in the next slice
};

}  // namespace posthaste::mime
