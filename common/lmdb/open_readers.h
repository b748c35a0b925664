// The read transactions that are open in this process, for whoever watches them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace posthaste::lmdb {

/// While it is open a read transaction keeps every page freed since: longer than this is worth a word.
inline constexpr std::chrono::milliseconds kReaderHeldMax{100};

/// A read transaction begins or ends, known by an address of its own. From any thread; cheap.
void note_reader_begins(const void* reader) noexcept;
void note_reader_ends(const void* reader) noexcept;

/// What is seen in one look at all of them.
struct ReadersSeen {
  std::uint32_t ended_late = 0;         // since the last look, after more than kReaderHeldMax
  std::chrono::milliseconds latest{0};  // the longest of these
  std::uint32_t oldest_looks = 0;       // how many looks in a row the one that is open longest was there
  std::optional<std::chrono::milliseconds> oldest_held;  // it, if any is open
};

/// Counts looks, not the clock: a process that was stopped or did not get to run finds its readers no older than
/// they were. Used by one thread.
class ReaderLooks {
 public:
  ReaderLooks();
  [[nodiscard]] ReadersSeen look();

 private:
  struct Seen {
    std::uint64_t begun = 0;
    std::uint32_t looks = 0;
  };
  std::vector<Seen> seen_;  // by slot
};

}  // namespace posthaste::lmdb
