// What an operator is told when the queue does not open.
#pragma once

#include <string>

#include "common/base/open_error.h"

namespace posthaste::queue {

/// The reason, and which command helps.
[[nodiscard]] std::string open_words(const OpenError& error);

}  // namespace posthaste::queue
