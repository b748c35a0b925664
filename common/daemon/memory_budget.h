// Memory that the clients of all workers share: whoever wants much of it asks first.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace posthaste::daemon {

/// Any thread may ask.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t max_octets) noexcept : max_octets_(max_octets) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// One part of the budget, given back when it goes. Does not outlive the budget.
  class Share {
   public:
    explicit Share(MemoryBudget& budget) noexcept : budget_(&budget) {}
    Share(Share&& other) noexcept : budget_(other.budget_), octets_(std::exchange(other.octets_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(octets_, other.octets_);
      return *this;
    }
    ~Share() { give_back(); }

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

    /// Gives back what is beyond `octets`.
    void shrink_to(std::size_t octets) noexcept {
      if (octets >= octets_) return;
      budget_->taken_.fetch_sub(std::exchange(octets_, octets) - octets, std::memory_order_relaxed);
    }

    void give_back() noexcept { budget_->taken_.fetch_sub(std::exchange(octets_, 0), std::memory_order_relaxed); }
    [[nodiscard]] std::size_t octets() const noexcept { return octets_; }

   private:
    MemoryBudget* budget_;
    std::size_t octets_ = 0;
  };

  /// Nothing when so much is not left.
  [[nodiscard]] std::optional<Share> take(std::size_t octets) noexcept {
    Share share{*this};
    if (!share.grow_to(octets)) return std::nullopt;
    return share;
  }

  [[nodiscard]] std::size_t taken() const noexcept { return taken_.load(std::memory_order_relaxed); }

 private:
  const std::size_t max_octets_;
  std::atomic<std::size_t> taken_ = 0;
};

}  // namespace posthaste::daemon
