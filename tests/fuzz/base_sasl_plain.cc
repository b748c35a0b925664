// PLAIN messages of a stranger: refused, or taken apart without loss.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/base/octets.h"
#include "common/base/sasl_plain.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto credentials = posthaste::parse_sasl_plain(text);
  if (!credentials) return 0;
  if (credentials->authzid + '\0' + credentials->authcid + '\0' + credentials->password != text) std::abort();
  if (credentials->authcid.empty() || credentials->password.empty() || !posthaste::is_utf8(text)) std::abort();
  return 0;
}
