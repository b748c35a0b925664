// What a certificate's file says of its time.
#pragma once

#include <optional>
#include <string>

#include "common/base/clock.h"

namespace posthaste::net {

/// When the first certificate of a file in PEM form ends (RFC 5280 §4.1.2.5). Nothing when that cannot be read.
[[nodiscard]] std::optional<WallTime> certificate_expiry(const std::string& path);

}  // namespace posthaste::net
