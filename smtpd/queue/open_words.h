// What an operator is told when the queue does not open.
#pragma once

#include <string>

#include "common/base/open_error.h"
#include "common/base/open_words.h"

namespace posthaste::queue {

/// The reason, and which command helps.
[[nodiscard]] std::string open_words(const OpenError& error, WasRead was_read = WasRead::index_and_log);

}  // namespace posthaste::queue
