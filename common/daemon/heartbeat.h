// Whether a child's loops still turn, as its parent sees it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace posthaste::daemon {

/// Counters in memory that parent and child share. The child's main thread asks each loop to beat; a loop that
/// never comes back, and a main thread that never asks, leave a counter where it is.
class Heartbeat {
 public:
  /// Before the fork. Without memory to share there is no heartbeat, and no child is ever called hung.
  explicit Heartbeat(std::size_t loops);
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;
  ~Heartbeat();

  // The child, from any thread.
  void beat(std::size_t loop) noexcept;
  /// From the first beats on, until the child ends by itself: neither recovery nor draining is a hang.
  void expect_beats(bool expected) noexcept;

  // The parent.
  /// Before a new child.
  void reset() noexcept;
  /// One count for each loop; none while no beats are to be expected.
  [[nodiscard]] std::vector<std::uint64_t> counts() const;

 private:
  std::span<std::atomic<std::uint64_t>>
      shared_;  // first whether beats are to be expected, then the loops' counters
};

/// Looks at counts, again and again, and says which loop stands still.
class HangWatch {
 public:
  /// Looks that must find a counter unchanged. A parent that slept as well, on a machine that stood still, has
  /// looked once, however long that was.
  static constexpr int kLooks = 6;

  /// The first loop that has not moved in kLooks looks after the one that saw its count. No counts: nothing is
  /// expected, and all begins anew.
  [[nodiscard]] std::optional<std::size_t> look(const std::vector<std::uint64_t>& counts);

 private:
  struct Seen {
    std::uint64_t count = 0;
    int unchanged = 0;
  };
  std::vector<Seen> seen_;
};

/// Whether a thread of `process` waits for a disk, in a way that no signal ends ("D"): slow, and not hung.
[[nodiscard]] bool waits_for_disk(pid_t process);

}  // namespace posthaste::daemon
