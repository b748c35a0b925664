// The DNS servers that this machine is set up with.
#pragma once

#include <string_view>
#include <vector>

#include "common/net/network.h"

namespace posthaste::dns {

inline constexpr std::uint16_t kDnsPort = 53;

/// The servers of the nameserver lines in the text of a resolv.conf (resolv.conf(5)), in their order, at most
/// three. Lines that make no sense are passed over.
[[nodiscard]] std::vector<net::Endpoint> parse_resolv_conf(std::string_view text);

/// Those of /etc/resolv.conf; 127.0.0.1 if it names none or can't be read.
[[nodiscard]] std::vector<net::Endpoint> system_servers();

}  // namespace posthaste::dns
