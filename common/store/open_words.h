// What an operator is told when the store does not open.
#pragma once

#include <string>

#include "common/base/open_error.h"

namespace posthaste::store {

/// The reason, and which command helps.
[[nodiscard]] std::string open_words(const OpenError& error);

}  // namespace posthaste::store
