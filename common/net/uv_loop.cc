#include "common/net/uv_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <coroutine>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "common/net/scope.h"

namespace posthaste::net {

UvLoop::UvLoop() : bell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (bell_ < 0) throw std::system_error{errno, std::generic_category(), "eventfd"};
  uv_loop_init(&loop_);
  loop_.data = this;
  bell_watch_.data = this;
  uv_poll_init(&loop_, &bell_watch_, bell_);
  uv_poll_start(&bell_watch_, UV_READABLE, [](uv_poll_t* watch, int /*status*/, int /*events*/) {
    static_cast<UvLoop*>(watch->data)->run_posted();
  });
}

UvLoop::~UvLoop() {
  while (!lingering_.empty()) lingering_.front()();
  while (ringing_ > 0) std::this_thread::yield();
  uv_close(reinterpret_cast<uv_handle_t*>(&bell_watch_), nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  [[maybe_unused]] const int closed = uv_loop_close(&loop_);
  assert(closed == 0);  // a handle outlived its owner
  ::close(bell_);
}

void UvLoop::post(std::move_only_function<void()> work) {
  {
    const std::lock_guard lock{mutex_};
    posted_.push_back(std::move(work));
    ++ringing_;
  }
  // Without the lock: the loop that wakes takes it, and may have our processor before we go on.
  if (!rings_.exchange(true)) eventfd_write(bell_, 1);
  --ringing_;
}

void UvLoop::run_posted() {
  eventfd_t rung = 0;
  eventfd_read(bell_, &rung);
  rings_ = false;  // before the work is taken: who posts behind that rings anew
  std::vector<std::move_only_function<void()>> work;
  {
    const std::lock_guard lock{mutex_};
    work.swap(posted_);
  }
  for (auto& piece : work) run_in_turn(piece);
}

Instant UvLoop::now() const { return Instant{std::chrono::milliseconds{uv_now(&loop_)}}; }

WallTime UvLoop::wall() const { return wall_clock(); }

namespace {

struct Sleep {
  uv_timer_t timer{};
  std::coroutine_handle<> sleeper;
};

struct SleepAwait {
  uv_loop_t* loop;
  std::chrono::milliseconds duration;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> sleeper) const {
    auto* sleep = new Sleep;  // freed by the timer's close callback
    sleep->sleeper = sleeper;
    sleep->timer.data = sleep;
    uv_timer_init(loop, &sleep->timer);
    uv_timer_start(
        &sleep->timer,
        [](uv_timer_t* timer) {
          const auto woken = static_cast<Sleep*>(timer->data)->sleeper;
          uv_close(reinterpret_cast<uv_handle_t*>(timer),
                   [](uv_handle_t* handle) { delete static_cast<Sleep*>(handle->data); });
          resume(woken);
        },
        static_cast<std::uint64_t>(duration.count()), 0);
  }
  void await_resume() const noexcept {}
};

}  // namespace

namespace {

/// Behind what the loop hears of next. A timer without duration would fire before that: those who take turns with
/// each other by such timers would never let the loop look at its sockets.
struct TurnAwait {
  UvLoop& loop;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) const {
    loop.post([waiting] { resume(waiting); });
  }
  void await_resume() const noexcept {}
};

}  // namespace

Task<void> UvLoop::sleep(std::chrono::milliseconds duration) {
  if (duration.count() <= 0) {
    co_await TurnAwait{*this};
    co_return;
  }
  uv_update_time(&loop_);
  co_await SleepAwait{&loop_, duration};
}

namespace {

class UvTimer final : public Timer {
 public:
  UvTimer(uv_loop_t* loop, std::chrono::milliseconds duration, std::move_only_function<void()> fire)
      : handle_(new uv_timer_t{}), fire_(std::move(fire)) {
    uv_timer_init(loop, handle_);
    handle_->data = this;
    uv_timer_start(
        handle_,
        [](uv_timer_t* handle) {
          // What it calls may destroy the timer, and with it the function.
          auto fire_once = std::move(static_cast<UvTimer*>(handle->data)->fire_);
          run_in_turn(fire_once);
        },
        static_cast<std::uint64_t>(duration.count()), 0);
  }
  ~UvTimer() override {
    uv_close(reinterpret_cast<uv_handle_t*>(handle_),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
  }

 private:
  uv_timer_t* handle_;  // freed by its close callback
  std::move_only_function<void()> fire_;
};

}  // namespace

std::unique_ptr<Timer> UvLoop::start_timer(std::chrono::milliseconds duration,
                                           std::move_only_function<void()> fire) {
  uv_update_time(&loop_);
  return std::make_unique<UvTimer>(&loop_, duration, std::move(fire));
}

namespace {

Task<void> then_stop(Task<void> main, uv_loop_t* loop) {
  co_await main;
  uv_stop(loop);
}

}  // namespace

void UvLoop::run(Task<void> main) {
  TaskScope scope;
  post([this, &scope, main = std::move(main)]() mutable { scope.spawn(then_stop(std::move(main), &loop_)); });
  while (true) {
    uv_run(&loop_, UV_RUN_DEFAULT);
    if (scope.active() == 0) return;
  }
}

std::list<UvLoop::Closer>::iterator UvLoop::add_lingering(Closer closer) {
  return lingering_.insert(lingering_.end(), std::move(closer));
}

void UvLoop::remove_lingering(std::list<Closer>::iterator place) { lingering_.erase(place); }

}  // namespace posthaste::net
