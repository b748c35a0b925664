// The queue as its readers see it: in the daemon, and in the operator's command while the daemon runs or not.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "common/base/open_error.h"
#include "smtpd/queue/change.h"
#include "smtpd/queue/entry.h"

namespace posthaste::lmdb {
class Environment;
}

namespace posthaste::journal {
class SegmentFiles;
}

namespace posthaste::queue {

#ifdef POSTHASTE_SANITIZED
inline constexpr std::uint64_t kIndexMapOctets = std::uint64_t{4} << 30;  // shadow memory has its limits
#else
inline constexpr std::uint64_t kIndexMapOctets = std::uint64_t{64} << 30;
#endif

/// Used by any number of threads. Everything it does may wait for the disk: not on a loop.
class Reader {
 public:
  /// Opens DIR for reading. Open it after the process's last fork. Errors: unavailable, when there is no queue yet
  /// or it is not ours to read; damaged; io.
  [[nodiscard]] static std::expected<std::unique_ptr<Reader>, OpenError> open(
      const std::filesystem::path& directory, std::uint64_t map_octets = kIndexMapOctets);
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader();

  /// The newest published state of one entry. Errors: not_found, io, unavailable.
  [[nodiscard]] std::expected<Entry, QueueError> read(EntryId entry) const;

  /// Calls `visit` for the entries above `after`, by ascending id, until it returns false. It goes in slices, and
  /// no snapshot is held while `visit` runs: an entry that comes or goes meanwhile may be seen or not, none is seen
  /// twice. Errors: io, unavailable.
  [[nodiscard]] std::expected<void, QueueError> walk(const std::function<bool(const Summary&)>& visit,
                                                     EntryId after = EntryId{0}) const;

  /// All of a message, once its checksum was compared. Errors: damaged, when it differs or octets are missing;
  /// not_found, when the segment is gone: read the entry again; unavailable, io.
  [[nodiscard]] std::expected<std::string, QueueError> read_message(const OctetsLocation& message) const;

  /// `count` octets of a message from `offset`, fewer at its end, none beyond it. They are not compared
  /// with the checksum: for looking, never for sending. Errors: not_found, when the segment is gone: read the entry again; unavailable, io.
  [[nodiscard]] std::expected<std::string, QueueError> read_octets(const OctetsLocation& message,
                                                                   std::uint64_t offset, std::uint64_t count) const;

 private:
  friend class Writer;
  friend class Checker;
  Reader(std::shared_ptr<lmdb::Environment> environment, std::shared_ptr<journal::SegmentFiles> files);

  std::shared_ptr<lmdb::Environment> environment_;
  std::shared_ptr<journal::SegmentFiles> files_;
};

}  // namespace posthaste::queue
