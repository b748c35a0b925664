// What a start or a rebuild would say of a log, without either.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <vector>

#include "common/base/open_error.h"
#include "common/store/index.h"
#include "common/store/recovery.h"

namespace posthaste::store {

/// What was read of a log.
struct ExaminedLog {
  std::uint64_t records = 0;
  std::vector<DamagedBlob> damaged;
};

enum class Extent {
  what_the_index_lacks,  // as recover() reads it
  all,                   // as rebuild_index() does
};

/// Reads the log as `extent` says. Changes nothing, and a writer may go on. Errors: what recover() or
/// rebuild_index() would say of the log; damaged, io of the index.
[[nodiscard]] std::expected<ExaminedLog, OpenError> examine_log(Environment& index,
                                                                const std::filesystem::path& log, Extent extent);

/// All of a log that has no index.
[[nodiscard]] std::expected<ExaminedLog, OpenError> examine_log(const std::filesystem::path& log);

}  // namespace posthaste::store
