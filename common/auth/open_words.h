// What an operator is told when the directory does not open.
#pragma once

#include <filesystem>
#include <string>

#include "common/auth/directory.h"

namespace posthaste::auth {

/// The reason, and what helps. `path` is the directory's folder.
[[nodiscard]] std::string open_words(const std::filesystem::path& path, DirectoryError error);

}  // namespace posthaste::auth
