// Redo from the log: what the index lacks after a crash, or all of it.
#pragma once

#include <expected>
#include <filesystem>

#include "common/base/open_error.h"
#include "common/journal/log.h"
#include "common/journal/replay.h"
#include "smtpd/queue/index.h"
#include "smtpd/queue/reader.h"
#include "smtpd/queue/rebuilt_index.h"

namespace posthaste::queue {

/// Brings the index up to the end of the log, in transactions of a `share` each, and returns the log's tail: what
/// lies behind it was never synced as a whole. An index that knows nothing is made anew from all segments that are
/// there. Unlinks segments that the index had given up already. Errors: log_damaged, when a segment is missing,
/// shorter than the index knows, or holds what was synced once and does not read now; damaged; full; io.
[[nodiscard]] std::expected<journal::LogPosition, OpenError> recover(Environment& environment,
                                                                     const std::filesystem::path& log,
                                                                     journal::ReplayShare share = {});

/// Makes a new index in `index`, a directory that is empty or absent, from all of the log in `log`. Nobody may
/// write to either meanwhile. Errors: as recover().
[[nodiscard]] std::expected<RebuiltIndex, OpenError> rebuild_index(const std::filesystem::path& log,
                                                                   const std::filesystem::path& index,
                                                                   std::uint64_t map_octets = kIndexMapOctets);

enum class Extent {
  what_the_index_lacks,  // as recover() reads it
  all,                   // as rebuild_index() does
};

/// Whether the log would be read to its end, as `extent` says, beside the index or, when that is nullptr, without
/// one. Changes nothing, and a writer may go on. Returns how many records there are. Errors: those of recover().
[[nodiscard]] std::expected<std::uint64_t, OpenError> examine_log(Environment* index,
                                                                  const std::filesystem::path& log,
                                                                  Extent extent = Extent::all);

}  // namespace posthaste::queue
