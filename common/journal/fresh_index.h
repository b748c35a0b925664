// An index that is made from its log comes whole or not at all.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>

#include "common/base/open_error.h"

namespace posthaste::journal {

/// Whether `directory` lacks its index while its log holds something.
[[nodiscard]] bool has_lost_its_index(const std::filesystem::path& directory);

/// Has `build` fill DIR/index.new, then puts that in the place of DIR/index, which has no database. What an earlier
/// one left is removed first; on an error nothing is left. Errors: those of `build`; io.
[[nodiscard]] std::expected<void, OpenError> make_index(
    const std::filesystem::path& directory,
    const std::function<std::expected<void, OpenError>(const std::filesystem::path& fresh)>& build);

}  // namespace posthaste::journal
