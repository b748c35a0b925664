// The store as its readers open it: snapshots and message octets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/open_error.h"
#include "common/store/snapshot.h"
#include "common/store/values.h"

namespace posthaste::journal {
class SegmentFiles;
}

namespace posthaste::store {

#ifdef POSTHASTE_SANITIZED
inline constexpr std::uint64_t kIndexMapOctets = std::uint64_t{64} << 30;  // shadow memory has its limits
#else
inline constexpr std::uint64_t kIndexMapOctets = std::uint64_t{1} << 40;
#endif

using posthaste::OpenError;

enum class CheckDepth;
struct CheckReport;
class BlobRun;
class Blobs;

/// A message whose octets are not what was written.
struct Damage {
  BlobLocation location;
  std::vector<UserId> users;  // whose mail it is: the first kDamageUsersMax
};
inline constexpr std::size_t kDamageUsersMax = 10;

class Store {
 public:
  /// Opens DIR/index and DIR/log for reading. Open it after the process's last fork; opened twice in one process,
  /// both share one environment. `map_octets` should be the writer's.
  [[nodiscard]] static std::expected<std::unique_ptr<Store>, OpenError> open(
      const std::filesystem::path& directory, std::uint64_t map_octets = kIndexMapOctets);
  ~Store();

  /// The newest published state, as `user` sees it. An ordinary call: it cannot suspend.
  /// Errors: unavailable, when all reader slots are taken; io.
  [[nodiscard]] std::expected<Snapshot, StoreError> read(UserId user) const;

  /// `length` octets of a message from `offset`, fewer at its end, none beyond it. Needs no snapshot. The blob's
  /// checksum is compared when all of it is read, and before the first part is: never on a loop.
  /// Errors: no_such_message, when the segment is gone: look the blob up again; unavailable, when no
  /// descriptor is left; io, also when the checksum differs.
  [[nodiscard]] std::expected<std::string, StoreError> read_blob(const BlobLocation& location, std::uint64_t offset,
                                                                 std::uint64_t length) const;

  /// To read whole messages one after another, most likely those at `locations`, in this order. The store outlives
  /// it.
  [[nodiscard]] BlobRun read_in_order(std::vector<BlobLocation> locations) const;

  /// A blob's summary, which may be as long as the message is large. Needs no snapshot: never on a loop. Errors: as
  /// read_blob().
  [[nodiscard]] std::expected<PlacedSummary, StoreError> read_summary(const BlobLocation& location) const;
  /// `length` octets from `offset` of the summary as it is stored, fewer at its end: no more than that is read.
  /// Errors: likewise.
  [[nodiscard]] std::expected<std::string, StoreError> read_summary(const BlobLocation& location,
                                                                    std::uint64_t offset,
                                                                    std::uint64_t length) const;

  /// Before parts of a message are promised to somebody: compares the blob's checksums, unless they were seen to
  /// match before. Errors: as verify_blob().
  [[nodiscard]] std::expected<void, StoreError> make_sure(const BlobLocation& location) const;

  /// Reads all of a blob's record and compares its checksums. Errors: no_such_message, when its segment is gone;
  /// unavailable, when no descriptor is left; io, when they differ.
  [[nodiscard]] std::expected<void, StoreError> verify_blob(const BlobLocation& location) const;

  /// Calls `tell` once for each blob that is found damaged, on the thread that finds it. Set before the first read.
  void on_damage(std::function<void(const Damage&)> tell);

  /// Frees the reader slots of processes that died. Returns how many there were.
  int clear_dead_readers() const;

 private:
  friend class Writer;
  friend CheckReport check(const Store& store, CheckDepth depth);
  Store(std::shared_ptr<lmdb::Environment> environment, std::shared_ptr<journal::SegmentFiles> files);

  std::shared_ptr<lmdb::Environment> environment_;
  std::shared_ptr<Blobs> blobs_;
};

}  // namespace posthaste::store
