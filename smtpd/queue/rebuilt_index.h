// What came of making an index again.
#pragma once

#include <cstdint>

namespace posthaste::queue {

struct RebuiltIndex {
  std::uint64_t entries = 0;
  std::uint64_t recipients = 0;
};

}  // namespace posthaste::queue
