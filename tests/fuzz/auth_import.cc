// An import line is refused, or holds an address the directory takes and a password or hash fit to be kept.
#include <cstdint>
#include <cstdlib>

#include "common/auth/address.h"
#include "common/auth/password.h"

using posthaste::auth::HashedPassword;
using posthaste::auth::PlainPassword;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto line = posthaste::auth::parse_import_line({reinterpret_cast<const char*>(data), size});
  if (!line) return 0;
  const auto address = posthaste::auth::parse_address(line->address);
  if (!address || to_string(*address) != line->address) std::abort();
  if (const auto* plain = std::get_if<PlainPassword>(&line->password)) {
    if (plain->text.empty() || plain->text.size() > posthaste::auth::kPasswordMaxOctets) std::abort();
  } else if (!posthaste::auth::check_hash(std::get<HashedPassword>(line->password).hash)) {
    std::abort();
  }
  return 0;
}
