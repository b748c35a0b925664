#include "common/dns/resolver.h"

#include <arpa/inet.h>

#include <array>
#include <ranges>
#include <utility>

namespace posthaste::dns {

std::string_view name_of(Failure failure) noexcept {
  switch (failure) {
    case Failure::no_such_name: return "no_such_name";
    case Failure::no_data: return "no_data";
    case Failure::server_failure: return "server_failure";
    case Failure::timed_out: return "timed_out";
    case Failure::bad_name: return "bad_name";
  }
  std::unreachable();
}

std::optional<std::string> reverse_name(std::string_view address) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (address.contains('\0')) return std::nullopt;  // a C string would end there
  const std::string text{address};
  std::string name;
  if (std::array<std::uint8_t, 4> octets{}; inet_pton(AF_INET, text.c_str(), octets.data()) == 1) {
    for (const std::uint8_t octet : octets | std::views::reverse) name += std::to_string(octet) + '.';
    return name + "in-addr.arpa";
  }
  if (std::array<std::uint8_t, 16> octets{}; inet_pton(AF_INET6, text.c_str(), octets.data()) == 1) {
    for (const std::uint8_t octet : octets | std::views::reverse) {
      name += {kHex[octet & 15U], '.', kHex[octet >> 4U], '.'};
    }
    return name + "ip6.arpa";
  }
  return std::nullopt;
}

}  // namespace posthaste::dns
