// `posthaste config check`: what is wrong in posthaste.toml that its grammar does not tell.
#pragma once

#include <filesystem>

#include "admin/installation.h"
#include "admin/report.h"
#include "common/config/config.h"

namespace posthaste::admin {

/// The user and the files that `config`, read of `file`, names, as the daemons will find them. Changes nothing, but
/// for whoever is root: that becomes the daemons' user. The report has success only when nothing is wrong.
[[nodiscard]] Outcome<Report> check_config(const std::filesystem::path& file, const config::Config& config);

}  // namespace posthaste::admin
