// A thread's loop over libuv: posted work, timers, the clock.
#pragma once

#include <uv.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <vector>

#include "common/net/clock.h"
#include "common/net/loop.h"

namespace posthaste::net {

/// Everything but post() is for the loop's own thread. What was made on the loop goes before it.
class UvLoop final : public Loop, public Clock {
 public:
  UvLoop();
  ~UvLoop() override;

  void post(std::move_only_function<void()> work) override;

  [[nodiscard]] Instant now() const override;
  [[nodiscard]] WallTime wall() const override;
  Task<void> sleep(std::chrono::milliseconds duration) override;
  [[nodiscard]] std::unique_ptr<Timer> start_timer(std::chrono::milliseconds duration,
                                                   std::move_only_function<void()> fire) override;

  /// Runs `main` on this thread, and the loop until it has ended.
  void run(Task<void> main);

  [[nodiscard]] uv_loop_t* handle() noexcept { return &loop_; }
  [[nodiscard]] static UvLoop& of(const uv_loop_t& handle) noexcept { return *static_cast<UvLoop*>(handle.data); }

  /// Octets that have come over this loop's connections and that nobody has asked for more behind yet. Each
  /// connection tells of a change.
  void count_unused(std::size_t before, std::size_t now) noexcept { unused_octets_ += now - before; }
  [[nodiscard]] std::size_t unused_octets() const noexcept { return unused_octets_; }

  /// What still has to be closed when the loop ends: connections whose stream is gone and whose last octets the
  /// peer may not have read yet.
  using Closer = std::move_only_function<void()>;
  std::list<Closer>::iterator add_lingering(Closer closer);
  void remove_lingering(std::list<Closer>::iterator place);

 private:
  void run_posted();

  uv_loop_t loop_{};
  // An eventfd of ours, not uv_async_t: to that, libuv's loop spins (up to 40 µs) for a sender who lost his processor
  // to it in waking it, as he does wherever the two share one.
  const int bell_;
  uv_poll_t bell_watch_{};
  std::mutex mutex_;
  std::vector<std::move_only_function<void()>> posted_;  // guarded by mutex_
  std::atomic<bool> rings_ = false;                      // the bell is rung, or about to be
  std::atomic<int> ringing_ = 0;                         // threads that may still use it
  std::list<Closer> lingering_;
  std::size_t unused_octets_ = 0;
};

}  // namespace posthaste::net
