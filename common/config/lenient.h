// A configuration that is wrong: enough of it to end what runs by it, and its faults in words.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/config/config.h"

namespace posthaste::config {

/// What can be read of a file's text, and defaults for the rest.
[[nodiscard]] Config parse_leniently(std::string_view text);

/// What can be read of the file, and defaults for the rest.
[[nodiscard]] Config load_leniently(const std::filesystem::path& path);

/// "DIR/posthaste.toml:7: text"; of a fault that has no line, the text alone, which names the file.
[[nodiscard]] std::string in_words(const std::filesystem::path& file, const ConfigError& error);

}  // namespace posthaste::config
