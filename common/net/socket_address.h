// Endpoints as the kernel has them.
#pragma once

#include <sys/socket.h>

#include <optional>

#include "common/net/network.h"

namespace posthaste::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// Nothing if the address is neither an IP literal nor a path that fits.
[[nodiscard]] std::optional<SocketAddress> socket_address(const Endpoint& endpoint);

/// The unnamed end of a Unix socket is "/".
[[nodiscard]] Endpoint endpoint_of(const sockaddr_storage& storage);

/// What `descriptor` is bound to.
[[nodiscard]] Endpoint local_endpoint(int descriptor);

}  // namespace posthaste::net
