#include "common/dns/idna.h"

#include <idn2.h>

#include "common/base/octets.h"

namespace posthaste::dns {

std::optional<std::string> to_a_labels(std::string_view domain) {
  if (!has_eight_bit(domain)) return std::string{domain};
  char* converted = nullptr;
  const int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;  // UTS #46 maps case and width, as browsers do
  if (idn2_to_ascii_8z(std::string{domain}.c_str(), &converted, flags) != IDN2_OK) return std::nullopt;
  std::string name{converted};
  idn2_free(converted);
  return name;
}

}  // namespace posthaste::dns
