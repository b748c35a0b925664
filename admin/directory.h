// `posthaste directory`: whether who has mail here is sound; and a short look at all databases, for `status`.
#pragma once

#include "admin/installation.h"
#include "admin/report.h"
#include "common/config/config.h"

namespace posthaste::admin {

/// Reads all of the directory, whether the daemons run or not. Changes nothing. The report has success only when
/// nothing was found. Errors: it cannot be opened, or reading it ends the reader.
[[nodiscard]] Outcome<Report> check_directory(const config::Config& config);

/// Whether the directory, the store's index and the queue's can be read, as far as a second each tells. A line for
/// each that is not right, and then no success.
[[nodiscard]] Report look_at_databases(const config::Config& config);

}  // namespace posthaste::admin
