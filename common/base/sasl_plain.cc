#include "common/base/sasl_plain.h"

#include "common/base/octets.h"

namespace posthaste {

std::optional<PlainCredentials> parse_sasl_plain(std::string_view message) {
  const std::size_t first = message.find('\0');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = message.find('\0', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto authzid = message.substr(0, first);
  const auto authcid = message.substr(first + 1, second - first - 1);
  const auto password = message.substr(second + 1);
  if (authcid.empty() || password.empty() || password.find('\0') != std::string_view::npos) return std::nullopt;
  for (const auto part : {authzid, authcid, password}) {
    if (part.size() > kSaslNameMaxOctets || !is_utf8(part)) return std::nullopt;
  }
  return PlainCredentials{std::string{authzid}, std::string{authcid}, std::string{password}};
}

}  // namespace posthaste
