// Who holds how much, and who does how much, among more clients than there is memory for: two tables of fixed size,
// shared by all workers without a lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "common/net/clock.h"

namespace posthaste::daemon {

/// A client, a network or an account as a hash under the daemon's secret key (Clients). Each name has a cell in
/// every row, found by other bits of the hash. Cells are shared by chance, so a name may seem to have more than it
/// has, when all its cells are another's too: nobody can choose that without the key, and with 16,384 cells a row
/// some hundreds of crowded names meet in one of a hundred million others.
enum class Name : std::uint64_t {};

inline constexpr std::size_t kCrowdRows = 4;
inline constexpr std::size_t kCrowdCellBits = 14;
inline constexpr std::size_t kCrowdCells = std::size_t{1} << kCrowdCellBits;

[[nodiscard]] constexpr std::size_t crowd_cell(Name name, std::size_t row) noexcept {
  return static_cast<std::uint64_t>(name) >> (row * kCrowdCellBits) & (kCrowdCells - 1);
}

/// Counts what names hold. From any thread.
class Crowd {
 public:
  /// What one name holds, given back when it goes. Does not outlive the crowd.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept { swap(other); }
    Hold& operator=(Hold&& other) noexcept {
      swap(other);
      return *this;
    }
    ~Hold() { give_back(); }

    /// False, and nothing changes, when the name would hold more than `max`. A hold that is nobody's takes all.
    [[nodiscard]] bool take(std::uint32_t count, std::uint32_t max) noexcept {
      if (crowd_ == nullptr || count == 0) return true;
      if (!crowd_->take(name_, count, max)) return false;
      count_ += count;
      return true;
    }
    void give_back(std::uint32_t count) noexcept {
      if (crowd_ == nullptr || count == 0) return;
      crowd_->give_back(name_, count);
      count_ -= count;
    }
    void give_back() noexcept { give_back(count_); }
    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

   private:
    friend class Crowd;
    Hold(Crowd& crowd, Name name) noexcept : crowd_(&crowd), name_(name) {}
    void swap(Hold& other) noexcept {
      std::swap(crowd_, other.crowd_);
      std::swap(name_, other.name_);
      std::swap(count_, other.count_);
    }
    Crowd* crowd_ = nullptr;
    Name name_{};
    std::uint32_t count_ = 0;
  };

  Crowd() = default;
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  /// Holds nothing yet.
  [[nodiscard]] Hold of(Name name) noexcept { return Hold{*this, name}; }

 private:
  bool take(Name name, std::uint32_t count, std::uint32_t max) noexcept;
  void give_back(Name name, std::uint32_t count) noexcept;

  std::array<std::array<std::atomic<std::uint32_t>, kCrowdCells>, kCrowdRows> rows_{};
};

/// Counts what names do lately: each event adds one, and time takes away. From any thread.
class Rates {
 public:
  /// One event is forgotten in `forgotten_every`.
  explicit Rates(std::chrono::milliseconds forgotten_every) noexcept : forgotten_every_(forgotten_every) {}

  /// How many events there are now, with this one.
  std::uint32_t note(Name name, net::Instant now) noexcept;

 private:
  /// The events that are not forgotten, and when that was so: milliseconds since the clock's beginning, cut off.
  struct Level {
    std::uint32_t events = 0;
    std::uint32_t at_ms = 0;
  };
  const std::chrono::milliseconds forgotten_every_;
  std::array<std::array<std::atomic<Level>, kCrowdCells>, kCrowdRows> rows_{};
};

}  // namespace posthaste::daemon
