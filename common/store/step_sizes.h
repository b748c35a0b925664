// How much is done in one transaction of what is made in steps.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/store/operations.h"

namespace posthaste::store {

struct StepSizes {
  std::size_t copied_at_once = kCopiedAtOnce;      // messages
  std::uint32_t cleared_at_once = kClearedAtOnce;  // rows
  /// UIDs for what comes into a mailbox while a COPY is on its way: its messages get theirs at its beginning, and
  /// at its end they must be above all others.
  std::uint32_t uids_kept = 1U << 18U;
};

}  // namespace posthaste::store
