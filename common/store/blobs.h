// Message octets from the log's segments: none go out before their checksum was compared.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/journal/log.h"
#include "common/store/blob_location.h"
#include "common/store/values.h"

namespace posthaste::store {

/// Used by any number of threads; never on a loop. A blob is compared as a whole when it is read as a whole, and
/// before the first part of it is read. That costs a pass over its record, of message_max_octets at most: some 10
/// ms. So which large ones were sound is remembered of the last kLargeRemembered, and of small ones as it happens.
class Blobs {
 public:
  explicit Blobs(std::shared_ptr<journal::SegmentFiles> files) : files_(std::move(files)) {}

  /// Called once for each damaged blob, by whoever came upon it. Set before the first read.
  void on_damage(std::function<void(const BlobLocation&)> tell) { tell_ = std::move(tell); }

  /// As Store::read_blob().
  [[nodiscard]] std::expected<std::string, StoreError> read(const BlobLocation& location, std::uint64_t offset,
                                                            std::uint64_t length);
  /// Octets of the encoded summary, fewer at its end. It is compared together with its record, when that has at
  /// most kComparedForSummaryMax.
  [[nodiscard]] std::expected<std::string, StoreError> read_summary(const BlobLocation& location,
                                                                    std::uint64_t offset, std::uint64_t length);

  /// Compares the record's checksums, unless it is known that they match. Errors: as verify().
  [[nodiscard]] std::expected<void, StoreError> make_sure(const BlobLocation& location);
  /// Compares the record's checksums. Errors: no_such_message, when its segment is gone; unavailable, when no
  /// descriptor is left; io, when they differ.
  [[nodiscard]] std::expected<void, StoreError> verify(const BlobLocation& location) const;

  static constexpr std::uint64_t kComparedForSummaryMax = std::uint64_t{256} << 10;

 private:
  friend class BlobRun;
  [[nodiscard]] std::expected<std::string, StoreError> read_whole(const BlobLocation& location);
  [[nodiscard]] std::expected<std::string, StoreError> read_small(const BlobLocation& location) const;
  [[nodiscard]] std::expected<std::string, StoreError> read_large(const BlobLocation& location) const;
  /// Notes what comparing a blob came to.
  void note(const BlobLocation& location, const StoreError* error);
  [[nodiscard]] bool is_known_sound(const BlobLocation& location) const;
  void tell_once(const BlobLocation& location);

  void remember(const BlobLocation& location);

  static constexpr std::size_t kSmallRemembered = 16'384;
  static constexpr std::size_t kLargeRemembered = 16'384;  // more than there are clients who read at once
  static constexpr std::size_t kToldMax = 1'024;
  const std::shared_ptr<journal::SegmentFiles> files_;
  std::function<void(const BlobLocation&)> tell_ = [](const BlobLocation&) {};
  // Fingerprints of those that were sound. Small ones by blob, 0: none; where two meet, they are compared again.
  std::array<std::atomic<std::uint64_t>, kSmallRemembered> small_sound_{};
  mutable std::mutex large_mutex_;
  std::unordered_set<std::uint64_t> large_sound_;  // guarded by large_mutex_
  std::deque<std::uint64_t> large_in_order_;       // likewise: the same, the first that was remembered first
  std::mutex told_mutex_;
  std::set<BlobId> told_;  // guarded by told_mutex_
};

/// Reads whole messages one after another: small ones that lie close together in the log come with one read. Used
/// by one thread at a time; never on a loop.
class BlobRun {
 public:
  /// `locations` of what will most likely be read, in this order. Nothing is read yet.
  BlobRun(std::shared_ptr<Blobs> blobs, std::vector<BlobLocation> locations)
      : blobs_(std::move(blobs)), locations_(std::move(locations)) {}

  /// As Store::read_blob() of all that the message has. The view lives until the next call.
  [[nodiscard]] std::expected<std::string_view, StoreError> read(const BlobLocation& location);

 private:
  [[nodiscard]] std::expected<std::string_view, StoreError> read_small(const BlobLocation& location);
  /// Reads its record, and those close behind it.
  [[nodiscard]] std::expected<void, StoreError> fill(const BlobLocation& location);
  [[nodiscard]] bool holds(const BlobLocation& location) const;
  [[nodiscard]] std::uint64_t end_of_neighbours(const BlobLocation& location);

  const std::shared_ptr<Blobs> blobs_;
  const std::vector<BlobLocation> locations_;
  std::size_t next_ = 0;  // of locations_: the first that was not looked at
  std::string octets_;    // the large message read last, or records of segment_ from offset_ on
  std::optional<journal::SegmentHeader> segment_;
  std::uint64_t offset_ = 0;
};

}  // namespace posthaste::store
