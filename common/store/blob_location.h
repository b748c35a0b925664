// Where a blob's octets lie in the log.
#pragma once

#include <cstdint>

#include "common/base/ids.h"
#include "common/mailbox/blob.h"

namespace posthaste::store {

/// How a blob's octets are written. The numbers are on disk.
enum class Codec : std::uint8_t { none = 0 };

/// Where a blob's octets lie. Valid until its segment goes; then look the blob up again.
struct BlobLocation {
  BlobId blob{};
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;          // of the octets, from the start of the segment's file
  std::uint64_t octets = 0;          // of the message
  std::uint32_t summary_octets = 0;  // of the encoded summary, which ends where the octets begin
  Codec codec = Codec::none;
  bool operator==(const BlobLocation&) const = default;
};

/// What readers hold of it, and back.
[[nodiscard]] inline mailbox::Blob to_blob(const BlobLocation& location) {
  const std::uint64_t segment = location.segment | static_cast<std::uint64_t>(location.codec) << 32U;
  return {location.blob, location.octets, location.summary_octets, {segment, location.offset}};
}
[[nodiscard]] inline BlobLocation location_of(const mailbox::Blob& blob) {
  const auto& [segment, offset] = blob.place();
  return {blob.id(),
          static_cast<std::uint32_t>(segment),
          offset,
          blob.octets(),
          blob.summary_octets(),
          static_cast<Codec>(segment >> 32U)};
}

}  // namespace posthaste::store
