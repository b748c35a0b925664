// UDP over libuv.
#pragma once

#include <expected>
#include <memory>

#include "common/net/network.h"
#include "common/net/uv_loop.h"

namespace posthaste::net {

/// As Network::open_datagrams(). `loop` outlives it.
[[nodiscard]] std::expected<std::unique_ptr<Datagrams>, ConnectError> open_uv_datagrams(UvLoop& loop,
                                                                                        const Endpoint& server);

}  // namespace posthaste::net
