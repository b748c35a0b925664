// How many sessions a user has at once, counted over all workers.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "common/base/ids.h"

namespace posthaste::daemon {

class UserConnections {
 public:
  explicit UserConnections(std::uint32_t per_user_max) noexcept : per_user_max_(per_user_max) {}
  UserConnections(const UserConnections&) = delete;
  UserConnections& operator=(const UserConnections&) = delete;

  /// One session's place, given back when it goes. Does not outlive the table.
  class Place {
   public:
    Place(Place&& other) noexcept : table_(std::exchange(other.table_, nullptr)), user_(other.user_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(table_, other.table_);
      std::swap(user_, other.user_);
      return *this;
    }
    ~Place() {
      if (table_ != nullptr) table_->leave(user_);
    }

   private:
    friend class UserConnections;
    Place(UserConnections& table, UserId user) noexcept : table_(&table), user_(user) {}
    UserConnections* table_;
    UserId user_;
  };

  /// Nothing when the user has all sessions they may have. From any thread.
  [[nodiscard]] std::optional<Place> enter(UserId user) {
    const std::lock_guard lock{mutex_};
    std::uint32_t& count = counts_[user];
    if (count >= per_user_max_) return std::nullopt;
    ++count;
    return Place{*this, user};
  }

 private:
  void leave(UserId user) {
    const std::lock_guard lock{mutex_};
    const auto entry = counts_.find(user);
    if (--entry->second == 0) counts_.erase(entry);
  }

  const std::uint32_t per_user_max_;
  std::mutex mutex_;
  std::unordered_map<UserId, std::uint32_t> counts_;  // guarded by mutex_; never zero between calls
};

}  // namespace posthaste::daemon
