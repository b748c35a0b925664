// One question put to one server, once.
#pragma once

#include <expected>

#include "common/dns/cache.h"
#include "common/dns/message.h"
#include "common/net/scope.h"
#include "common/net/world.h"

namespace posthaste::dns {

/// Nothing that answers the question came before the time was over, the server's host said that there is no server,
/// or the daemon is stopping.
struct NoResponse {};

/// Asks over UDP, and again over TCP when the answer was truncated or its spelling is doubtful. `scope` ends it
/// when it is stopped. Packets that are not the answer are let go by.
net::Task<std::expected<Response, NoResponse>> ask_server(net::World& world, net::TaskScope& scope,
                                                          net::Endpoint server, Question question,
                                                          net::Instant until);

}  // namespace posthaste::dns
