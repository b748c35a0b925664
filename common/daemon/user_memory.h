// Memory for what users bring, a share for each of them, counted over all workers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "common/base/ids.h"
#include "common/daemon/memory_budget.h"

namespace posthaste::daemon {

class UserMemory {
 public:
  UserMemory(std::size_t all_max_octets, std::size_t user_max_octets) noexcept
      : all_(all_max_octets), user_max_octets_(user_max_octets) {}
  UserMemory(const UserMemory&) = delete;
  UserMemory& operator=(const UserMemory&) = delete;

  /// What `user` may have in all their sessions together, for as long as one of those holds it. Does not outlive
  /// this.
  [[nodiscard]] std::shared_ptr<MemoryBudget> of(UserId user) {
    const std::scoped_lock lock{mutex_};
    if (auto known = users_[user].lock()) return known;
    if (users_.size() > sweep_at_) {
      std::erase_if(users_, [](const auto& entry) { return entry.second.expired(); });
      sweep_at_ = std::max(kSweepMin, 2 * users_.size());
    }
    auto memory = std::make_shared<MemoryBudget>(user_max_octets_, all_);
    users_[user] = memory;
    return memory;
  }

  /// Of nobody's share.
  [[nodiscard]] MemoryBudget& all() noexcept { return all_; }

 private:
  static constexpr std::size_t kSweepMin = 1'000;

  MemoryBudget all_;
  const std::size_t user_max_octets_;
  std::mutex mutex_;
  std::unordered_map<UserId, std::weak_ptr<MemoryBudget>> users_;  // guarded by mutex_
  std::size_t sweep_at_ = kSweepMin;                               // so many entries; likewise
};

}  // namespace posthaste::daemon
