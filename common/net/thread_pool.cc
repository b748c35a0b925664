#include "common/net/thread_pool.h"

#include <sys/resource.h>

#include <utility>

namespace posthaste::net {
namespace {

constexpr int kPatience = 10;  // of nice levels: a tenth of what others get where all processors are busy

/// This thread alone (setpriority(2)).
void be_patient() noexcept { setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + kPatience); }

}  // namespace

ThreadPool::ThreadPool(std::size_t threads, std::size_t waiting_max, Urgency urgency) : waiting_max_(waiting_max) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, urgency] {
      if (urgency == Urgency::patient) be_patient();
      work_until_stopped();
    });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
}

void ThreadPool::post(std::move_only_function<void()> work) {
  {
    const std::lock_guard lock{mutex_};
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
}

bool ThreadPool::has_room() const {
  const std::lock_guard lock{mutex_};
  return waiting_.size() < waiting_max_;
}

void ThreadPool::work_until_stopped() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace posthaste::net
