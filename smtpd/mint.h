// Names for messages: for their trace through all daemons, and for exactly once inside.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/net/random.h"
#include "common/smtp/delivery_id.h"

namespace posthaste::smtpd {

/// 64 random bits in hexadecimal digits.
[[nodiscard]] std::string mint_trace_id(net::Random& random);

/// Milliseconds, then random bits: ids that grow with time keep deliveryd's table of them compact.
[[nodiscard]] smtp::DeliveryId mint_delivery_id(net::Random& random, WallTime now);

}  // namespace posthaste::smtpd
