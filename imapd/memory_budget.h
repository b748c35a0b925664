// Memory that the clients of all workers share: whoever wants much of it asks first.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace posthaste::imapd {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t octets) noexcept : left_(static_cast<std::int64_t>(octets)) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// A part of the budget, given back when it goes. Does not outlive the budget.
  class Share {
   public:
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), octets_(std::exchange(other.octets_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(octets_, other.octets_);
      return *this;
    }
    ~Share() {
      if (budget_ != nullptr) budget_->left_.fetch_add(octets_, std::memory_order_relaxed);
    }

   private:
    friend class MemoryBudget;
    Share(MemoryBudget& budget, std::int64_t octets) noexcept : budget_(&budget), octets_(octets) {}
    MemoryBudget* budget_;
    std::int64_t octets_;
  };

  /// Nothing when so much is not left. From any thread.
  [[nodiscard]] std::optional<Share> take(std::uint64_t octets) noexcept {
    const auto wanted = static_cast<std::int64_t>(octets);
    if (left_.fetch_sub(wanted, std::memory_order_relaxed) >= wanted) return Share{*this, wanted};
    left_.fetch_add(wanted, std::memory_order_relaxed);
    return std::nullopt;
  }

 private:
  std::atomic<std::int64_t> left_;
};

}  // namespace posthaste::imapd
