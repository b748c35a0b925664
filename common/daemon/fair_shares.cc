#include "common/daemon/fair_shares.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace posthaste::daemon {
namespace {

using std::chrono::nanoseconds;

constexpr std::chrono::milliseconds kShort{1};

nanoseconds thread_time() noexcept {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + nanoseconds{time.tv_nsec};
}

nanoseconds steady_time() noexcept { return std::chrono::steady_clock::now().time_since_epoch(); }

}  // namespace

WorkClock system_work_clock() noexcept { return {thread_time, steady_time}; }

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

void FairShares::post(UserId user, net::Executor& executor, Work work) {
  bool patiently = false;
  {
    const std::lock_guard lock{mutex_};
    if (shares_.size() >= forget_at_) forget_some();
    Share& share = shares_[user];
    if (share.posted >= per_user_max_) {
      share.waiting.push_back(std::move(work));
      return;
    }
    ++share.posted;
    patiently = must_be_patient(share);
  }
  hand_over(user, executor, patiently, std::move(work));
}

void FairShares::hand_over(UserId user, net::Executor& executor, bool patiently, Work work) {
  net::Executor& chosen = patiently ? *patient_ : executor;
  chosen.post([this, user, &executor, work = std::move(work)]() mutable {
    const nanoseconds worked = measured(std::move(work));
    note_done(user, executor, worked);
  });
}

/// The thread's processor time is dear to ask for: for short work the time that passed will do.
nanoseconds FairShares::measured(Work work) const {
  if (patient_ == nullptr) {
    work();
    return nanoseconds{0};
  }
  thread_local nanoseconds seen{0};  // of the thread's processor time
  const nanoseconds begun = clock_.now();
  work();
  work = nullptr;
  const nanoseconds passed = clock_.now() - begun;
  if (passed < kShort) {
    seen += passed;
    return passed;
  }
  const nanoseconds worked = clock_.worked();
  return std::clamp(worked - std::exchange(seen, worked), nanoseconds{0}, passed);
}

void FairShares::note_done(UserId user, net::Executor& executor, nanoseconds worked) {
  Work next;
  bool patiently = false;
  {
    const std::lock_guard lock{mutex_};
    const auto found = shares_.find(user);
    Share& share = found->second;
    if (patient_ != nullptr) {
      share.owed = std::min<nanoseconds>(owed_by(share) + worked, kCountedMax);
      share.owed_at = clock_.now();
    }
    if (share.waiting.empty()) {
      if (--share.posted == 0 && share.owed == nanoseconds{0}) shares_.erase(found);
      return;
    }
    next = std::move(share.waiting.front());
    share.waiting.pop_front();
    patiently = must_be_patient(share);
  }
  hand_over(user, executor, patiently, std::move(next));
}

nanoseconds FairShares::owed_by(const Share& share) const {
  if (share.owed == nanoseconds{0}) return share.owed;
  return std::max(share.owed - (clock_.now() - share.owed_at) / kForgivenPart, nanoseconds{0});
}

bool FairShares::must_be_patient(const Share& share) const {
  return patient_ != nullptr && share.owed > kOwedMax && owed_by(share) > kOwedMax;
}

void FairShares::forget_some() {
  std::erase_if(shares_, [this](const auto& entry) {
    return entry.second.posted == 0 && owed_by(entry.second) == nanoseconds{0};
  });
  forget_at_ = std::max(kForgetMin, 2 * shares_.size());
}

}  // namespace posthaste::daemon
