// What an operator is told when something kept on disk does not open.
#pragma once

#include <string>

#include "common/base/open_error.h"

namespace posthaste {

/// A log with its index, as the operator knows it.
struct LogName {
  std::string name;    // "store": of the folder, and of `posthaste store`
  std::string writer;  // "deliveryd"
  std::string remedy;  // for a damaged log: what to do, a clause
};

/// What was read when an error came: where the log does not fit the index, either may be the damaged one.
enum class WasRead { index_and_log, log_alone };

/// The reason, and what helps.
[[nodiscard]] std::string open_words(const OpenError& error, const LogName& log,
                                     WasRead was_read = WasRead::index_and_log);

/// The system user that this process is, by name or number: who needs to own a file.
[[nodiscard]] std::string own_user_name();

}  // namespace posthaste
