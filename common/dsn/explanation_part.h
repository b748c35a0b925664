// The first part: what has happened, for the person who wrote the message.
#pragma once

#include <string>

#include "common/dsn/part.h"
#include "common/dsn/report.h"

namespace posthaste::dsn {

/// What the Subject field says.
[[nodiscard]] std::string subject(const Report& report);

[[nodiscard]] Part explanation_part(const Report& report);

}  // namespace posthaste::dsn
