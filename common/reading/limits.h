// How much is read and held at once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace posthaste::reading {

inline constexpr std::size_t kSliceOctets = 262'144;  // of one piece of work off the loop
inline constexpr std::size_t kSliceRows = 2'048;
inline constexpr std::uint64_t kHeaderOctetsAtOnce = 4'194'304;   // in one snapshot, counted once for each key
inline constexpr std::size_t kSortTextMaxOctets = 1'024;          // what is compared of a subject or a name
inline constexpr std::size_t kSortMemoryMaxOctets = 268'435'456;  // of what is sorted or threaded at once

}  // namespace posthaste::reading
