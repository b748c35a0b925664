// `posthaste start`, `stop` and `status`: the four daemons of one installation.
#pragma once

#include <filesystem>
#include <string_view>

#include "admin/installation.h"
#include "admin/report.h"

namespace posthaste::admin {

/// Starts what does not run yet, from the folder of this program, and returns when every port answers. Errors: what
/// the daemon that failed said; those started by this call are stopped again.
[[nodiscard]] Outcome<Report> start(const std::filesystem::path& folder, const config::Config& config);

/// Ends what runs, deliveryd last, and returns when all are gone.
[[nodiscard]] Outcome<Report> stop(const config::Config& config);

/// Which daemons run and which of their ports answer, and which databases can't be read. Not a success unless all
/// do.
[[nodiscard]] Outcome<Report> status(const config::Config& config);

/// Whether somebody holds that daemon's pid file: its parent, or a child that outlives it.
[[nodiscard]] bool is_running(std::string_view daemon, const config::Config& config);

}  // namespace posthaste::admin
