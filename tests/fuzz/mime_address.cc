// Address lists: every entry is an address or a mark of a group, groups are closed, and the limit holds.
#include "common/mime/address.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t limit = 50;
  const auto addresses = posthaste::mime::parse_address_list({reinterpret_cast<const char*>(data), size}, limit);
  if (addresses.size() > limit) std::abort();
  bool in_group = false;
  for (const auto& address : addresses) {
    if (address.host && !address.mailbox) std::abort();
    if (address.display_name && address.display_name->empty()) std::abort();
    if (!address.host && (address.display_name || address.route)) std::abort();
    if (address.starts_group()) {
      if (in_group) std::abort();
      in_group = true;
    }
    if (address.ends_group()) {
      if (!in_group) std::abort();
      in_group = false;
    }
  }
  if (in_group) std::abort();
  return 0;
}
