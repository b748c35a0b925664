#include "smtpd/relay/content.h"

#include "common/base/octets.h"

namespace posthaste::relay {
namespace {

bool header_has_eight_bit(std::span<const std::string_view> pieces) noexcept {
  bool line_is_empty = true;
  for (const auto piece : pieces) {
    for (const char octet : piece) {
      if (is_eight_bit(octet)) return true;
      if (octet == '\n' && line_is_empty) return false;
      if (octet != '\r') line_is_empty = octet == '\n';
    }
  }
  return false;
}

}  // namespace

ContentTraits traits_of(std::span<const std::string_view> pieces) noexcept {
  unsigned char eight_bit = 0;
  unsigned char binary = 0;
  char before = '\0';
  for (const auto piece : pieces) {
    for (const char octet : piece) {  // without a branch: messages are long
      const auto bare = static_cast<unsigned char>((octet == '\n') ^ (before == '\r'));
      const auto nul = static_cast<unsigned char>(octet == '\0');
      eight_bit = static_cast<unsigned char>(eight_bit | static_cast<unsigned char>(octet));
      binary = static_cast<unsigned char>(binary | bare | nul);
      before = octet;
    }
  }
  const bool has_eight_bit = (eight_bit & 0x80U) != 0;
  return {has_eight_bit, has_eight_bit && header_has_eight_bit(pieces), binary != 0 || before == '\r'};
}

}  // namespace posthaste::relay
