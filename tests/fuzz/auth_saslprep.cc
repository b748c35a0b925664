// Names and passwords of a stranger: what SASLprep makes of them is UTF-8, and its own SASLprep where it may be
// stored.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/auth/saslprep.h"
#include "common/base/octets.h"

using posthaste::auth::saslprep;
using posthaste::auth::StringKind;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto query = saslprep(text, StringKind::query);
  if (query && (query->empty() || !posthaste::is_utf8(*query))) std::abort();
  const auto stored = saslprep(text, StringKind::stored);
  if (stored && (stored != query || saslprep(*stored, StringKind::stored) != stored)) std::abort();
  return 0;
}
