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
  /// A part of `whole`, which outlives it: what is taken from it is taken from both.
  MemoryBudget(std::size_t max_octets, MemoryBudget& whole) noexcept : max_octets_(max_octets), whole_(&whole) {}
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
      if (!budget_->take_more(octets - octets_)) return false;
      octets_ = octets;
      return true;
    }

    /// Gives back what is beyond `octets`.
    void shrink_to(std::size_t octets) noexcept {
      if (octets >= octets_) return;
      budget_->give_back(std::exchange(octets_, octets) - octets);
    }

    void give_back() noexcept { shrink_to(0); }
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
  [[nodiscard]] bool take_more(std::size_t octets) noexcept {
    if (taken_.fetch_add(octets, std::memory_order_relaxed) + octets <= max_octets_ &&
        (whole_ == nullptr || whole_->take_more(octets))) {
      return true;
    }
    taken_.fetch_sub(octets, std::memory_order_relaxed);
    return false;
  }
  void give_back(std::size_t octets) noexcept {
    taken_.fetch_sub(octets, std::memory_order_relaxed);
    if (whole_ != nullptr) whole_->give_back(octets);
  }

  const std::size_t max_octets_;
  MemoryBudget* const whole_ = nullptr;
  std::atomic<std::size_t> taken_ = 0;
};

}  // namespace posthaste::daemon
