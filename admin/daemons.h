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

/// Whether posthaste.toml is right, or only some of it can be read.
enum class Configuration { right, wrong };

/// Which daemons run and which of their ports answer, which databases and certificates can't be used, and which
/// disks are full. Not a success unless all is well. Of a configuration that is wrong, only which daemons run.
[[nodiscard]] Outcome<Report> status(const config::Config& config, Configuration is_right);

/// Whether somebody holds that daemon's pid file: its parent, or a child that outlives it.
[[nodiscard]] bool is_running(std::string_view daemon, const config::Config& config);

}  // namespace posthaste::admin
