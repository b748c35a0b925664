// Which hosts take mail for a domain, and in which order they are to be tried (RFC 5321 §5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/dns/resolver.h"
#include "common/net/network.h"
#include "common/net/random.h"
#include "common/net/task.h"
#include "smtpd/relay/verdict.h"

namespace posthaste::relay {

inline constexpr std::size_t kHostsMax = 10;      // that one attempt looks at; RFC 5321 §5.1 asks for two at least
inline constexpr std::size_t kAddressesMax = 20;  // that one attempt tries

/// The names and addresses by which this host is known (RFC 5321 §5.1).
struct OwnHost {
  std::vector<std::string> names;  // in any case
  std::vector<net::Endpoint> addresses;

  [[nodiscard]] bool has_name(std::string_view name) const noexcept;
  [[nodiscard]] bool has_address(const net::Endpoint& endpoint) const noexcept;
};

/// Hosts of one preference, in the order in which they are to be tried.
using HostGroup = std::vector<std::string>;

/// The hosts behind `records`, most preferred group first, random among equals, without ourselves and all that is
/// not preferred to us; at most kHostsMax. A host named twice stays where it is most preferred.
[[nodiscard]] std::vector<HostGroup> in_order(std::vector<dns::Mx> records, const OwnHost& own,
                                              net::Random& random);

/// "No mail here" (RFC 7505 §3): the only record names the root.
[[nodiscard]] bool is_null_mx(const std::vector<dns::Mx>& records) noexcept;

/// The address inside an address literal: "192.0.2.1" of "[192.0.2.1]", "2001:db8::1" of "[IPv6:2001:db8::1]"
/// (RFC 5321 §4.1.3). Nothing if `domain` is none.
[[nodiscard]] std::optional<std::string> literal_address(std::string_view domain);
/// Whether `host` is an IP address and not a name.
[[nodiscard]] bool is_ip_address(std::string_view host);

/// The hosts of `domain`, which is not a literal: by its MX records, or itself when it has none.
/// Errors: no such domain, null MX, all is ourselves: failed; trouble with DNS: deferred.
net::Task<std::expected<std::vector<HostGroup>, Verdict>> find_hosts(dns::Resolver& resolver, net::Random& random,
                                                                     std::string domain, OwnHost own);

struct HostAddress {
  std::string host;  // its name; of a literal or a socket, the address again
  net::Endpoint endpoint;
  bool operator==(const HostAddress&) const = default;
};

/// What DNS knows of a group's addresses.
struct GroupAddresses {
  std::vector<HostAddress> found;  // those of one host together, in the group's order
  bool unsure = false;             // DNS had trouble with one of the names, told in `failure`
  dns::Failure failure = dns::Failure::no_data;
};

enum class Family { ipv4, ipv6 };

/// All A and AAAA records of the group's hosts, asked for at once; `first` comes first.
net::Task<GroupAddresses> find_addresses(dns::Resolver& resolver, HostGroup group, std::uint16_t port,
                                         Family first);

}  // namespace posthaste::relay
