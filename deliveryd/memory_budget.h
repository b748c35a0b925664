// How many octets of messages all sessions together hold in memory while they arrive.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace posthaste::deliveryd {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t max_octets) noexcept : max_octets_(max_octets) {}

  /// One message's share, given back when it goes.
  class Share {
   public:
    explicit Share(MemoryBudget& budget) noexcept : budget_(&budget) {}
    Share(Share&& other) noexcept : budget_(other.budget_), octets_(std::exchange(other.octets_, 0)) {}
    Share& operator=(Share&&) = delete;
    ~Share() { budget_->taken_.fetch_sub(octets_, std::memory_order_relaxed); }

    /// Makes the share at least `octets` large. False, and nothing changes, when the budget has not so much left.
    [[nodiscard]] bool grow_to(std::size_t octets) noexcept {
      if (octets <= octets_) return true;
      const std::size_t more = octets - octets_;
      if (budget_->taken_.fetch_add(more, std::memory_order_relaxed) + more > budget_->max_octets_) {
        budget_->taken_.fetch_sub(more, std::memory_order_relaxed);
        return false;
      }
      octets_ = octets;
      return true;
    }

   private:
    MemoryBudget* budget_;
    std::size_t octets_ = 0;
  };

 private:
  const std::size_t max_octets_;
  std::atomic<std::size_t> taken_ = 0;
};

}  // namespace posthaste::deliveryd
