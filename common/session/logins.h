// What the log says of logins, the same in every daemon; and what their memory is keyed with.
#pragma once

#include <string>
#include <string_view>

#include "common/auth/authenticator.h"
#include "common/log/log.h"
#include "common/net/stream.h"

namespace posthaste::session {

/// login.succeeded. `mechanism` is how the client did it.
void tell_login(const log::Log& log, const auth::Identity& identity, const net::Stream& stream,
                std::string_view mechanism);
/// login.failed. `login` is what the client called itself, `reason` what it hears.
void tell_refused_login(const log::Log& log, std::string_view login, const net::Stream& stream,
                        std::string_view reason);
/// login.too_many: the password was right, but the user has all connections that one may have.
void tell_too_many(const log::Log& log, const auth::Identity& identity, const net::Stream& stream);
/// login.ended: it counts no more.
void tell_lost_login(const log::Log& log, std::string_view address, const net::Stream& stream);

/// Of 32 random octets, for an auth::LoginMemory.
[[nodiscard]] std::string make_secret();

}  // namespace posthaste::session
