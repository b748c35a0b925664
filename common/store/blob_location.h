// Where a blob's octets lie in the log.
#pragma once

#include <cstdint>

#include "common/base/ids.h"

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

}  // namespace posthaste::store
