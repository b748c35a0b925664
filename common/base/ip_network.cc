#include "common/base/ip_network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <span>

#include "common/base/octets.h"

namespace posthaste {
namespace {

constexpr unsigned kIpv4Bits = 32;
constexpr unsigned kIpv6Bits = 128;
constexpr unsigned kMappedBits = kIpv6Bits - kIpv4Bits;  // before an IPv4 address
constexpr std::size_t kMappedOctets = kMappedBits / 8;
constexpr std::array<unsigned char, kMappedOctets> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

constexpr unsigned kHouseholdBits = 64;
constexpr unsigned kNeighbourhoodBits = 48;
constexpr unsigned kIpv4NeighbourhoodBits = kMappedBits + 24;

}  // namespace

bool IpAddress::is_ipv4() const noexcept {
  return std::ranges::equal(kMapped, std::span{octets}.first(kMappedOctets));
}

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> zero_ended{};
  if (text.size() >= zero_ended.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::ranges::copy(text, zero_ended.begin());
  IpAddress address;
  if (inet_pton(AF_INET6, zero_ended.data(), address.octets.data()) == 1) return address;
  std::ranges::copy(kMapped, address.octets.begin());
  if (inet_pton(AF_INET, zero_ended.data(), &address.octets[kMappedOctets]) == 1) return address;
  return std::nullopt;
}

IpNetwork network_around(const IpAddress& address, unsigned bits) noexcept {
  IpNetwork network{address, bits};
  for (std::size_t i = 0; i < address.octets.size(); ++i) {
    const unsigned before = static_cast<unsigned>(i) * 8;
    const unsigned kept = bits > before ? std::min(bits - before, 8U) : 0;
    network.first.octets[i] &= static_cast<unsigned char>(0xff00U >> kept);
  }
  return network;
}

bool IpNetwork::contains(const IpAddress& address) const noexcept {
  return network_around(address, bits).first == first;
}

std::optional<IpNetwork> parse_ip_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_ip_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return IpNetwork{*address, kIpv6Bits};
  const bool short_form = text.substr(0, slash).find(':') == std::string_view::npos;
  const auto bits = parse_decimal(text.substr(slash + 1));
  if (!bits || *bits > (short_form ? kIpv4Bits : kIpv6Bits)) return std::nullopt;
  return network_around(*address, static_cast<unsigned>(*bits) + (short_form ? kMappedBits : 0));
}

std::string to_string(const IpNetwork& network) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool short_form = network.first.is_ipv4() && network.bits >= kMappedBits;
  if (short_form) {
    inet_ntop(AF_INET, &network.first.octets[kMappedOctets], text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, network.first.octets.data(), text.data(), text.size());
  }
  std::string result{text.data()};
  if (network.bits < kIpv6Bits) result += "/" + std::to_string(network.bits - (short_form ? kMappedBits : 0));
  return result;
}

IpNetwork household_of(const IpAddress& address) noexcept {
  return network_around(address, address.is_ipv4() ? kIpv6Bits : kHouseholdBits);
}

IpNetwork neighbourhood_of(const IpAddress& address) noexcept {
  return network_around(address, address.is_ipv4() ? kIpv4NeighbourhoodBits : kNeighbourhoodBits);
}

}  // namespace posthaste
