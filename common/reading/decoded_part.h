// The content of a part without its transfer encoding, a slice at a time (RFC 3516 §4.2).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "common/mime/structure.h"
#include "common/mime/transfer.h"

namespace posthaste::reading {

/// Some octets of the content, in their order.
class DecodedPart {
 public:
  /// It lies at `place` in this encoding. At most `octets` of what it decodes to are wanted, from `offset` on.
  DecodedPart(mime::Extent place, mime::TransferEncoding encoding, std::uint64_t offset = 0,
              std::uint64_t octets = std::numeric_limits<std::uint64_t>::max());

  /// Where the next slice lies in the message, of at most kSliceOctets.
  [[nodiscard]] mime::Extent next() const;
  /// What it holds of the octets wanted. `slice` is what lies at next().
  [[nodiscard]] std::string feed(std::string_view slice);
  [[nodiscard]] bool done() const { return rest_.octets == 0 || wanted_ == 0; }

 private:
  mime::Extent rest_;  // as it stands in the message
  mime::TransferDecoder decoder_;
  std::uint64_t skipped_;  // octets decoded that are still to come before those wanted
  std::uint64_t wanted_;
};

}  // namespace posthaste::reading
