// The store as its readers open it: the local engine behind mailbox::Reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "common/base/ids.h"
#include "common/base/open_error.h"
#include "common/mailbox/reader.h"
#include "common/store/blob_location.h"
#include "common/store/values.h"

namespace posthaste::journal {
class SegmentFiles;
}

namespace posthaste::lmdb {
class Environment;
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
class Blobs;

/// A message whose octets are not what was written.
struct Damage {
  BlobLocation location;
  std::vector<UserId> users;  // whose mail it is: the first kDamageUsersMax
};
inline constexpr std::size_t kDamageUsersMax = 10;

class Store final : public mailbox::Reader {
 public:
  /// Opens DIR/index and DIR/log for reading. Open it after the process's last fork; opened twice in one process,
  /// both share one environment. `map_octets` should be the writer's.
  [[nodiscard]] static std::expected<std::unique_ptr<Store>, OpenError> open(
      const std::filesystem::path& directory, std::uint64_t map_octets = kIndexMapOctets);
  ~Store() override;

  /// Errors: unavailable, also when all reader slots are taken; io.
  [[nodiscard]] std::expected<mailbox::Snapshot, StoreError> read(UserId user) const override;

  /// The blob's checksum is compared when all of it is read, and before the first part is. When its segment has
  /// gone since, the blob is looked up again.
  using Reader::read_blob;
  [[nodiscard]] std::expected<std::string, StoreError> read_blob(UserId user, const mailbox::Blob& blob,
                                                                 std::uint64_t offset,
                                                                 std::uint64_t length) const override;
  [[nodiscard]] std::unique_ptr<mailbox::BlobRun> read_in_order(UserId user,
                                                                std::vector<mailbox::Blob> blobs) const override;
  [[nodiscard]] std::expected<PlacedSummary, StoreError> read_summary(UserId user,
                                                                      const mailbox::Blob& blob) const override;
  [[nodiscard]] std::expected<std::string, StoreError> read_summary(UserId user, const mailbox::Blob& blob,
                                                                    std::uint64_t offset,
                                                                    std::uint64_t length) const override;
  /// Compares the blob's checksums, unless they were seen to match before.
  [[nodiscard]] std::expected<void, StoreError> make_sure(UserId user, const mailbox::Blob& blob) const override;

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
  [[nodiscard]] bool answers_at_once() const override { return true; }
  template <typename Read>
  [[nodiscard]] std::invoke_result_t<Read&, const BlobLocation&> find_and(UserId user, const mailbox::Blob& blob,
                                                                          Read read) const;
  [[nodiscard]] std::expected<BlobLocation, StoreError> locate(UserId user, BlobId blob) const;
  Store(std::shared_ptr<lmdb::Environment> environment, std::shared_ptr<journal::SegmentFiles> files);

  class Run;

  std::shared_ptr<lmdb::Environment> environment_;
  std::shared_ptr<Blobs> blobs_;
};

}  // namespace posthaste::store
