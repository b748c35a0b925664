// Redo from the log: what the index lacks after a crash, or all of it.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <vector>

#include "common/base/open_error.h"
#include "common/journal/log.h"
#include "common/journal/replay.h"
#include "common/store/index.h"
#include "common/store/rebuilt_index.h"
#include "common/store/rows.h"
#include "common/store/store.h"

namespace posthaste::store {

/// What an index knows of its log.
struct KnownLog {
  MetaRow meta;
  std::vector<journal::KnownSegment> segments;
};
/// Errors: damaged, io.
[[nodiscard]] std::expected<KnownLog, OpenError> known_log(const View& view);

/// Brings the index up to the end of the log, in transactions of a `share` each, and returns the log's tail: what
/// lies behind it was never synced as a whole. The log's octets stay as they are; those of the last segment that
/// the index lacks are written over themselves and synced first. Errors: log_damaged, when a segment is missing,
/// shorter than the index knows, or holds what was synced once and does not read now; damaged; full; io.
[[nodiscard]] std::expected<journal::LogPosition, OpenError> recover(Environment& environment,
                                                                     journal::SegmentFiles& files,
                                                                     journal::ReplayShare share = {});

/// Makes a new index in `index`, a directory that is empty or absent, from all of the log in `log`. Nobody may
/// write to either meanwhile. Errors: as recover(); log_damaged, too, when a message that lives has a damaged body.
[[nodiscard]] std::expected<RebuiltIndex, OpenError> rebuild_index(const std::filesystem::path& log,
                                                                   const std::filesystem::path& index,
                                                                   std::uint64_t map_octets = kIndexMapOctets);

}  // namespace posthaste::store
