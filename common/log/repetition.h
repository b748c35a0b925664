// What clients cause again and again is counted, so that nobody fills the disk with lines.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"

namespace posthaste::log {

inline constexpr auto kRepetitionWindow = std::chrono::seconds{60};
inline constexpr std::uint32_t kLinesOfClientMax = 10;   // of one event in a window; what is beyond is counted
inline constexpr std::uint32_t kLinesOfEventMax = 1000;  // likewise of all clients together
inline constexpr std::size_t kClientsMax = 4096;         // that are counted singly, all events together
inline constexpr auto kTellEvery = std::chrono::seconds{5};

/// From any thread.
class Repetition {
 public:
  /// What was counted and not written in a window that has ended.
  struct Summary {
    std::string event;
    std::string client;  // an IPv6 one by its /64; "*" for those who had no counter of their own
    std::uint64_t count = 0;
    std::chrono::seconds seconds{};
    bool operator==(const Summary&) const = default;
  };

  /// Whether one more such event is written. It is counted otherwise, and is in a summary one day.
  [[nodiscard]] bool admit(std::string_view event, std::string_view client, WallTime now);

  /// The summaries of all windows that have ended; each once. Nothing when that was asked a moment ago.
  [[nodiscard]] std::vector<Summary> ended(WallTime now);
  /// Of the others too: nothing is counted any more.
  [[nodiscard]] std::vector<Summary> all(WallTime now);

 private:
  struct Counter {
    WallTime since;
    std::uint64_t written = 0;
    std::uint64_t counted = 0;
  };
  using Counters = std::map<std::string, Counter, std::less<>>;

  static Counter& counter(Counters& counters, const std::string& key, WallTime now);
  void close(Counters::iterator entry, WallTime now);
  [[nodiscard]] std::vector<Summary> take_told() { return std::exchange(told_, {}); }

  std::mutex mutex_;
  Counters clients_;           // by event, NUL and client
  Counters events_;            // by event, for their lines alone
  std::vector<Summary> told_;  // closed, and not handed out yet
  WallTime looked_;
};

}  // namespace posthaste::log
