// How many files a daemon may have open, and how many connections that leaves room for.
#pragma once

#include <cstdint>
#include <optional>

namespace posthaste::daemon {

/// Kept for those who are connected: segments of the logs (256 of each are kept open), the
/// indexes, the directory, logs, certificates, name servers, and the sockets between the daemons.
inline constexpr std::uint64_t kDescriptorsReserve = 1'024;

/// What a configuration asks for.
struct DescriptorNeeds {
  std::uint64_t connections = 0;     // at once, on each port
  std::uint64_t for_each = 1;        // descriptors that one more connection on every port takes
  std::uint64_t beside_clients = 0;  // such as connections to other hosts
};

/// Descriptors for all of it, with the reserve.
[[nodiscard]] std::uint64_t descriptors_for(const DescriptorNeeds& needs);

/// As many connections as asked for, or as there is room for in `limit` descriptors. Nothing when there is room for
/// none.
[[nodiscard]] std::optional<std::uint64_t> connections_within(const DescriptorNeeds& needs, std::uint64_t limit);

/// Raises this process's limit to `wanted`, or as far as it may go, and never lowers it; root raises the hard limit
/// too. Returns the limit that holds.
std::uint64_t raise_descriptor_limit(std::uint64_t wanted);

}  // namespace posthaste::daemon
