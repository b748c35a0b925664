// IP addresses, and networks as "192.0.2.0/24" and "2001:db8::/32" (RFC 4632 §3.1, RFC 4291 §2.3).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste {

/// In the form of IPv6; an IPv4 address lies in ::ffff:0:0/96 (RFC 4291 §2.5.5.2).
struct IpAddress {
  std::array<unsigned char, 16> octets{};

  [[nodiscard]] bool is_ipv4() const noexcept;
  [[nodiscard]] std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
  }
  bool operator==(const IpAddress&) const = default;
};

/// Nothing for what is no address in the usual notation of either family.
[[nodiscard]] std::optional<IpAddress> parse_ip_address(std::string_view text);

/// All addresses that share the first `bits`; the rest of `first` is zero.
struct IpNetwork {
  IpAddress first;
  unsigned bits = 0;  // of the 128
  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
  bool operator==(const IpNetwork&) const = default;
};

/// The network of `bits` that has the address.
[[nodiscard]] IpNetwork network_around(const IpAddress& address, unsigned bits) noexcept;

/// An address with a length of prefix, or alone, which is a network of one. Octets behind the prefix may be set.
[[nodiscard]] std::optional<IpNetwork> parse_ip_network(std::string_view text);

/// As parse_ip_network() takes it; a network of one has no prefix.
[[nodiscard]] std::string to_string(const IpNetwork& network);

/// The smallest network that one stranger fills: an IPv4 address, an IPv6 /64.
[[nodiscard]] IpNetwork household_of(const IpAddress& address) noexcept;
/// What one owner has often: an IPv4 /24, an IPv6 /48.
[[nodiscard]] IpNetwork neighbourhood_of(const IpAddress& address) noexcept;

}  // namespace posthaste
