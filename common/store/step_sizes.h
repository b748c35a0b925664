// How much is done in one transaction of what is made in steps.
#pragma once

#include <cstddef>
#include <cstdint>

namespace posthaste::store {

inline constexpr std::size_t kCopiedAtOnce = 8'192;     // messages of a COPY that are copied in one transaction
inline constexpr std::uint32_t kClearedAtOnce = 1'024;  // rows of what was deleted that go in one transaction

struct StepSizes {
  std::size_t copied_at_once = kCopiedAtOnce;      // messages
  std::uint32_t cleared_at_once = kClearedAtOnce;  // rows
  /// UIDs for what comes into a mailbox while a COPY is on its way: its messages get theirs at its beginning, and
  /// at its end they must be above all others.
  std::uint32_t uids_kept = 1U << 18U;
};

}  // namespace posthaste::store
