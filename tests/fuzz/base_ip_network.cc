// A network, written out, is read as the same network, and has its own first address.
#include <cstdint>
#include <cstdlib>

#include "common/base/ip_network.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto network = posthaste::parse_ip_network(text);
  if (!network) return 0;
  if (!network->contains(network->first) || network->bits > 128) std::abort();
  if (posthaste::parse_ip_network(to_string(*network)) != network) std::abort();
  return 0;
}
