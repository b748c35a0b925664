// Opening a ledger to write: its folder, its lock, its index, what the index lacks, and the end of its log.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "common/base/open_error.h"
#include "common/journal/log.h"
#include "common/lmdb/environment.h"

namespace posthaste::ledger {

struct Options {
  std::filesystem::path directory;
  std::uint64_t map_octets = 0;      // of the index
  std::uint64_t segment_octets = 0;  // a new one is begun when the last has as many
  /// Free octets below which nothing is added. Nothing: 64 MB, or an eighth of a smaller file system.
  std::optional<std::uint64_t> reserve_octets;
};

/// What its owner says of a ledger, and does for it while it is opened.
struct Owner {
  std::span<const char* const> tables;
  journal::SegmentMagic magic;
  /// Makes the index again in `fresh`, from all of the log.
  std::function<std::expected<void, OpenError>(const std::filesystem::path& fresh)> rebuild;
  /// Called when the index that was made again has taken its place.
  std::function<void()> rebuilt = [] {};
  /// Brings the index up to the log, and returns the log's tail.
  std::function<std::expected<journal::LogPosition, OpenError>(lmdb::Environment& index,
                                                               journal::SegmentFiles& files)>
      recover;
};

/// A ledger that is open, recovered and nobody else's.
struct Opened {
  journal::FileDescriptor lock;
  std::shared_ptr<lmdb::Environment> index;
  std::shared_ptr<journal::SegmentFiles> files;
  journal::LogWriter log;
  std::optional<std::uint64_t> reserve_octets;
};

/// Opens DIR/log and DIR/index, or makes them; takes DIR/writer.lock. An index that is gone while the log holds
/// something is made again, whole or not at all. What lies behind the log's tail is cut off. Errors: unavailable,
/// when the directory cannot be reached or another writer has it; denied; those of `owner`; damaged; full; io.
[[nodiscard]] std::expected<Opened, OpenError> open(const Options& options, const Owner& owner);

}  // namespace posthaste::ledger
