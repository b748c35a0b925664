#include "common/base/idna.h"

#include <idn2.h>

#include <algorithm>

#include "common/base/octets.h"

namespace posthaste {
namespace {

constexpr std::size_t kNameMaxOctets = 4 * 255;  // RFC 1035 §2.3.4, in UTF-8
constexpr std::size_t kLabelMaxOctets = 63;      // RFC 1035 §2.3.4
constexpr std::string_view kALabelPrefix = "xn--";

/// The letters of `a_labels`; nothing where a label has no other form.
std::optional<std::string> to_u_labels(const std::string& a_labels) {
  char* converted = nullptr;
  if (idn2_to_unicode_8z8z(a_labels.c_str(), &converted, 0) != IDN2_OK) return std::nullopt;
  std::string name{converted};
  idn2_free(converted);
  return name;
}

bool has_long_label(std::string_view domain) {
  while (!domain.empty()) {
    const std::size_t octets = std::min(domain.find('.'), domain.size());
    if (octets > kLabelMaxOctets) return true;
    domain.remove_prefix(std::min(octets + 1, domain.size()));
  }
  return false;
}

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

std::string fold_domain(std::string_view domain) {
  std::string folded = lower(domain);
  if (!has_eight_bit(folded) && !folded.contains(kALabelPrefix)) return folded;
  if (folded.size() > kNameMaxOctets || folded.contains('\0')) return folded;
  const auto a_labels = to_a_labels(folded);
  if (!a_labels) return folded;
  const auto u_labels = to_u_labels(*a_labels);
  if (!u_labels || to_a_labels(*u_labels) != a_labels) return folded;
  return has_long_label(*u_labels) ? *a_labels : *u_labels;
}

}  // namespace posthaste
