#include "smtpd/mint.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace posthaste::smtpd {

std::string mint_trace_id(net::Random& random) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (std::uint64_t bits = random.next(); id.size() < 16; bits >>= 4) id += kDigits[bits & 15];
  return id;
}

smtp::DeliveryId mint_delivery_id(net::Random& random, WallTime now) {
  constexpr std::size_t kTimeOctets = 6;
  smtp::DeliveryId id;
  random.fill(id.octets);
  auto milliseconds = static_cast<std::uint64_t>(now.time_since_epoch().count());
  for (std::size_t i = kTimeOctets; i-- > 0; milliseconds >>= 8)
    id.octets[i] = static_cast<std::byte>(milliseconds);
  return id;
}

}  // namespace posthaste::smtpd
