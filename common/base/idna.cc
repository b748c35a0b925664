#include "common/base/idna.h"

#include <idn2.h>

#include "common/base/octets.h"

namespace posthaste {
namespace {

constexpr std::size_t kNameMaxOctets = 4 * 255;  // RFC 1035 §2.3.4, in UTF-8

}  // namespace

std::optional<std::string> to_a_labels(std::string_view domain) {
  if (!has_eight_bit(domain)) return std::string{domain};
  if (domain.size() > kNameMaxOctets || domain.contains('\0')) return std::nullopt;
  char* converted = nullptr;
  const int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;  // UTS #46 maps case and width, as browsers do
  if (idn2_to_ascii_8z(std::string{domain}.c_str(), &converted, flags) != IDN2_OK) return std::nullopt;
  std::string name{converted};
  idn2_free(converted);
  return name;
}

}  // namespace posthaste
