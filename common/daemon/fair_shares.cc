#include "common/daemon/fair_shares.h"

#include <utility>

namespace posthaste::daemon {

class FairShares::Turns final : public net::Executor {
 public:
  Turns(FairShares& shares, UserId user, net::Executor& executor)
      : shares_(shares), user_(user), executor_(executor) {}
  void post(std::move_only_function<void()> work) override { shares_.post(user_, executor_, std::move(work)); }
  [[nodiscard]] bool has_room() const override { return executor_.has_room(); }

 private:
  FairShares& shares_;
  const UserId user_;
  net::Executor& executor_;
};

std::unique_ptr<net::Executor> FairShares::of(UserId user, net::Executor& executor) {
  return std::make_unique<Turns>(*this, user, executor);
}

void FairShares::post(UserId user, net::Executor& executor, std::move_only_function<void()> work) {
  {
    const std::lock_guard lock{mutex_};
    Share& share = shares_[user];
    if (share.posted >= per_user_max_) {
      share.waiting.push_back(std::move(work));
      return;
    }
    ++share.posted;
  }
  hand_over(user, executor, std::move(work));
}

void FairShares::hand_over(UserId user, net::Executor& executor, std::move_only_function<void()> work) {
  executor.post([this, user, &executor, work = std::move(work)]() mutable {
    work();
    work = nullptr;
    note_done(user, executor);
  });
}

void FairShares::note_done(UserId user, net::Executor& executor) {
  std::move_only_function<void()> next;
  {
    const std::lock_guard lock{mutex_};
    const auto share = shares_.find(user);
    if (share->second.waiting.empty()) {
      if (--share->second.posted == 0) shares_.erase(share);
      return;
    }
    next = std::move(share->second.waiting.front());
    share->second.waiting.pop_front();
  }
  hand_over(user, executor, std::move(next));
}

}  // namespace posthaste::daemon
