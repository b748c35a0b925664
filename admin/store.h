// `posthaste store`: whether the stored mail is sound, and its index made again.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "admin/index.h"
#include "admin/installation.h"
#include "admin/report.h"
#include "common/auth/directory.h"
#include "common/base/ids.h"
#include "common/config/config.h"
#include "common/store/check.h"

namespace posthaste::admin {

/// Reads the index, and with `depth` bodies every message, whether deliveryd runs or not. Changes nothing. The
/// report has success only when nothing was found. Errors: the store cannot be opened, or reading it ends the
/// reader.
[[nodiscard]] Outcome<Report> check_store(const config::Config& config, store::CheckDepth depth);

/// Makes the index again from the log, beside the old one, which is kept. What was broken off is begun anew.
/// Errors: deliveryd, imapd or pop3d runs; the log is damaged; no room.
[[nodiscard]] Outcome<Report> rebuild_store(const config::Config& config, Loss loss);

/// Gives up a store of which nothing is left: the next start begins an empty one. Errors: deliveryd, imapd or pop3d
/// runs; something is left.
[[nodiscard]] Outcome<Report> begin_empty_store(const config::Config& config);

/// The store with its index, as the commands see it.
[[nodiscard]] IndexedLog store_of(const config::Config& config);

/// The numbers of the users of whom the store has something. Errors: they cannot be read.
[[nodiscard]] Outcome<std::vector<UserId>> numbers_in_store(const config::Config& config);

/// Before a user is added: those of `numbers`, which the store has mail of, that the directory never gave are left
/// out. A sentence about them, or nothing when there are none.
[[nodiscard]] Outcome<std::string> keep_numbers(auth::Directory& directory, const std::vector<UserId>& numbers);

}  // namespace posthaste::admin
