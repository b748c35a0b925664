// A stored message's octets, as whoever has found them holds on to them.
#pragma once

#include <array>
#include <cstdint>

#include "common/base/ids.h"

namespace posthaste::mailbox {

/// Given by a snapshot, and good for longer than that: what was expunged meanwhile can most often be read to its
/// end. Cheap to copy.
class Blob {
 public:
  /// Where an engine has last seen it: its own affair. An engine that finds it there no more looks again.
  using Place = std::array<std::uint64_t, 2>;

  Blob() = default;  // of no message: it has no octets
  Blob(BlobId id, std::uint64_t octets, std::uint32_t summary_octets, Place place)
      : id_(id), octets_(octets), summary_octets_(summary_octets), place_(place) {}

  [[nodiscard]] BlobId id() const { return id_; }
  /// Of the message.
  [[nodiscard]] std::uint64_t octets() const { return octets_; }
  /// Of its summary as it is stored.
  [[nodiscard]] std::uint32_t summary_octets() const { return summary_octets_; }
  /// For engines.
  [[nodiscard]] const Place& place() const { return place_; }

  bool operator==(const Blob&) const = default;

 private:
  BlobId id_{};
  std::uint64_t octets_ = 0;
  std::uint32_t summary_octets_ = 0;
  Place place_{};
};

}  // namespace posthaste::mailbox
