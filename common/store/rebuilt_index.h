// What came of making an index again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/ids.h"

namespace posthaste::store {

/// A blob whose record's body is damaged.
struct DamagedBlob {
  BlobId blob{};
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;  // of the record's body
};

/// "blob 7 in segment 1 at octet 4711"
[[nodiscard]] std::string to_string(const DamagedBlob& damaged);

struct RebuiltIndex {
  std::uint64_t users = 0;
  std::uint64_t messages = 0;
  std::vector<DamagedBlob> passed_over;  // of messages that live no more: nothing is lost with them
};

}  // namespace posthaste::store
