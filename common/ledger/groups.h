// How much goes into a group, and how many have gone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace posthaste::ledger {

inline constexpr std::size_t kGroupMaxRequests = 128;
inline constexpr std::size_t kGroupMaxOctets = std::size_t{8} << 20;  // but for one request that has more
inline constexpr int kGroupsPutOff = 16;                              // that may wait to be published

struct Counters {
  std::uint64_t groups = 0;
  std::uint64_t log_syncs = 0;
  std::uint64_t index_commits = 0;
  std::uint64_t log_octets = 0;
};

}  // namespace posthaste::ledger
