// What the directory takes as an address, printed, is taken again as the same one.
#include "common/auth/address.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto address = posthaste::auth::parse_alias_address(text);
  if (!address) {
    if (address.error().offset > size) std::abort();
    return 0;
  }
  if (posthaste::auth::parse_alias_address(to_string(*address)) != address) std::abort();
  const auto parts = posthaste::auth::split_subaddress(address->local_part, '+');
  if (parts.user.empty() && !address->local_part.empty()) std::abort();
  return 0;
}
