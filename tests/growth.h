// Whether work grows no faster than what it is given: CPU time at doubled sizes, and no clock on the wall.
#pragma once

#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <ostream>
#include <string>

namespace posthaste {

/// One kind of work. At size n, everything that a client chooses is in proportion to n: the command's length, the
/// number of its parts, the message it touches.
struct Growing {
  const char* name;
  std::size_t size;  // the smallest that is measured; the largest is 8 times that
  /// Makes the input, unmeasured, and returns the work.
  std::function<std::function<void()>(std::size_t size)> prepare;
};

inline std::ostream& operator<<(std::ostream& out, const Growing& growing) { return out << growing.name; }

/// What this thread has used of a processor.
inline double cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

inline double cpu_seconds_of(const std::function<void()>& work) {
  const double before = cpu_seconds();
  work();
  return cpu_seconds() - before;
}

/// Fails when 8 times the size costs more than 20 times the time: n log n would be 10 times, n squared 64. A
/// millisecond is the least that counts. Three measurements agree before it is a failure.
inline void expect_n_log_n(const Growing& growing) {
  constexpr std::size_t kFactor = 8;
  constexpr double kMost = 20;
  constexpr double kLeast = 0.001;
  double small = 0;
  double large = std::numeric_limits<double>::max();
  const auto small_work = growing.prepare(growing.size);
  const auto large_work = growing.prepare(kFactor * growing.size);
  for (int attempt = 0; attempt < 3; ++attempt) {
    small = std::max({small, kLeast, cpu_seconds_of(small_work)});
    large = std::min(large, cpu_seconds_of(large_work));
    if (large <= kMost * small) return;
  }
  ADD_FAILURE() << growing.name << ": " << small << " s at " << growing.size << ", " << large << " s at "
                << kFactor * growing.size;
}

}  // namespace posthaste
