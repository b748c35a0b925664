// One installation as the operator's command sees it: its configuration and its directory.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "common/auth/directory.h"
#include "common/config/config.h"

namespace posthaste::admin {

/// What went wrong, as a sentence that tells the operator what to do.
using Failure = std::unexpected<std::string>;
template <typename T>
using Outcome = std::expected<T, std::string>;

/// The configuration in `folder`. Errors: every fault of the file, a line each.
[[nodiscard]] Outcome<config::Config> load_config(const std::filesystem::path& folder);

/// For good: whoever the daemons run as, when this is root. What they own, root opens only as one of them: LMDB
/// follows links, and believes what it finds in a lock file. Errors: a sentence for the operator.
[[nodiscard]] Outcome<void> become_the_daemons_user(const config::Config& config);

/// Whether there is a directory. Errors: a sentence for the operator.
[[nodiscard]] Outcome<void> expect_directory(const config::Config& config);

/// The directory, for reading and changing.
[[nodiscard]] Outcome<auth::Directory> open_directory(const config::Config& config);

/// What the directory's answer means for `address`; of a local part alone, what the whole address would be.
[[nodiscard]] std::string sentence_for_address(const auth::Directory& directory, auth::DirectoryError error,
                                               const std::string& address);

/// What the directory's answer means for `subject`, an address or a domain.
[[nodiscard]] std::string sentence(auth::DirectoryError error, const std::string& subject);

}  // namespace posthaste::admin
