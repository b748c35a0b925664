// The third part: the message that is reported on, or its header.
#pragma once

#include <optional>
#include <string_view>

#include "common/dsn/part.h"
#include "common/dsn/report.h"

namespace posthaste::dsn {

/// The header of the report's message in whole lines, without the empty line, at most kReturnedHeaderMaxOctets.
[[nodiscard]] std::string_view returned_header(const Report& report);

/// Whether a person who reads the report finds the message itself in it.
[[nodiscard]] bool returns_whole(const Report& report);

/// Nothing when there is not even a header.
[[nodiscard]] std::optional<Part> returned_part(const Report& report);

}  // namespace posthaste::dsn
