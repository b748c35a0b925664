// How many connections a daemon serves at once, counted over all its workers.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace posthaste::daemon {

class Admission {
 public:
  explicit Admission(std::size_t max) noexcept : max_(max) {}

  /// One connection's place, given back when it goes.
  class Place {
   public:
    Place(Place&& other) noexcept : admission_(std::exchange(other.admission_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (admission_ != nullptr) admission_->taken_.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    friend class Admission;
    explicit Place(Admission& admission) noexcept : admission_(&admission) {}
    Admission* admission_;
  };

  /// Nothing when all places are taken.
  [[nodiscard]] std::optional<Place> enter() noexcept {
    if (taken_.fetch_add(1, std::memory_order_relaxed) >= max_) {
      taken_.fetch_sub(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return Place{*this};
  }

 private:
  const std::size_t max_;
  std::atomic<std::size_t> taken_ = 0;
};

}  // namespace posthaste::daemon
