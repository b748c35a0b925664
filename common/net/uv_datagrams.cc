#include "common/net/uv_datagrams.h"

#include <uv.h>

#include <algorithm>
#include <array>
#include <coroutine>
#include <deque>
#include <string>
#include <utility>

#include "common/net/event.h"
#include "common/net/socket_address.h"

namespace posthaste::net {
namespace {

constexpr std::size_t kWaitingMax = 16;  // datagrams; a flood loses what comes beyond

/// The libuv side, freed by the last close callback.
struct Handles {
  uv_udp_t udp;
  uv_timer_t timer;
  int open_handles = 2;

  void close() {
    udp.data = this;
    timer.data = this;
    uv_udp_recv_stop(&udp);
    uv_close(reinterpret_cast<uv_handle_t*>(&udp), closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer), closed);
  }

  static void closed(uv_handle_t* handle) {
    auto* handles = static_cast<Handles*>(handle->data);
    if (--handles->open_handles == 0) delete handles;
  }

  /// One buffer a thread: what arrives is copied out of it at once.
  static void allocate(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
    thread_local std::array<char, 65536> shared;
    *buffer = uv_buf_init(shared.data(), shared.size());
  }
};

class UvDatagrams final : public Datagrams {
 public:
  explicit UvDatagrams(Handles* handles) : handles_(handles) {
    handles_->udp.data = this;
    handles_->timer.data = this;
    uv_udp_recv_start(&handles_->udp, Handles::allocate,
                      [](uv_udp_t* udp, ssize_t count, const uv_buf_t* buffer, const sockaddr* from, unsigned) {
                        if (count == 0 && from == nullptr) return;  // nothing more to read now
                        static_cast<UvDatagrams*>(udp->data)->arrive(count, buffer->base);
                      });
  }
  ~UvDatagrams() override { UvDatagrams::close(); }

  std::expected<void, StreamError> send(std::string_view octets) override {
    if (handles_ == nullptr || unreachable_) return std::unexpected(StreamError::closed);
    const uv_buf_t buffer = uv_buf_init(const_cast<char*>(octets.data()), static_cast<unsigned>(octets.size()));
    const int sent = uv_udp_try_send(&handles_->udp, &buffer, 1, nullptr);
    if (sent < 0 && sent != UV_EAGAIN && sent != UV_ENOBUFS) return std::unexpected(StreamError::closed);
    return {};
  }

  Task<std::expected<std::string, StreamError>> receive(std::chrono::milliseconds timeout) override {
    start_timer(timeout);
    while (arrived_.empty() && !interrupted_ && !ended() && !timed_out_) co_await changed_.wait();
    stop_timer();
    if (!arrived_.empty()) {
      std::string octets = std::move(arrived_.front());
      arrived_.pop_front();
      co_return octets;
    }
    if (interrupted_) co_return std::unexpected(StreamError::interrupted);
    co_return std::unexpected(ended() ? StreamError::closed : StreamError::timed_out);
  }

  void interrupt() override {
    interrupted_ = true;
    changed_.notify_all();
  }

  void close() override {
    if (handles_ == nullptr) return;
    std::exchange(handles_, nullptr)->close();
    changed_.notify_all();
  }

 private:
  [[nodiscard]] bool ended() const noexcept { return handles_ == nullptr || unreachable_; }

  void arrive(ssize_t count, const char* octets) {
    if (count < 0) {
      unreachable_ = true;
      uv_udp_recv_stop(&handles_->udp);
    } else if (arrived_.size() < kWaitingMax) {
      arrived_.emplace_back(octets, static_cast<std::size_t>(count));
    }
    changed_.notify_all();
  }

  void start_timer(std::chrono::milliseconds timeout) {
    timed_out_ = false;
    if (handles_ == nullptr) return;
    uv_update_time(handles_->timer.loop);
    uv_timer_start(
        &handles_->timer,
        [](uv_timer_t* timer) {
          auto& datagrams = *static_cast<UvDatagrams*>(timer->data);
          datagrams.timed_out_ = true;
          datagrams.changed_.notify_all();
        },
        static_cast<std::uint64_t>(std::max(timeout, std::chrono::milliseconds{0}).count()), 0);
  }

  void stop_timer() {
    if (handles_ != nullptr) uv_timer_stop(&handles_->timer);
  }

  Handles* handles_;  // null once closed
  std::deque<std::string> arrived_;
  Event changed_;
  bool unreachable_ = false;
  bool interrupted_ = false;
  bool timed_out_ = false;
};

}  // namespace

std::expected<std::unique_ptr<Datagrams>, ConnectError> open_uv_datagrams(UvLoop& loop, const Endpoint& server) {
  if (server.is_unix()) return std::unexpected(ConnectError::failed);
  const auto address = socket_address(server);
  if (!address) return std::unexpected(ConnectError::failed);
  auto* handles = new Handles;  // freed by its close callbacks
  uv_udp_init(loop.handle(), &handles->udp);
  uv_timer_init(loop.handle(), &handles->timer);
  // Unbound until now: the kernel takes a random port of its ephemeral range.
  if (const int connected = uv_udp_connect(&handles->udp, address->get()); connected != 0) {
    handles->close();
    return std::unexpected(connected == UV_ENETUNREACH || connected == UV_EHOSTUNREACH ? ConnectError::unreachable
                                                                                       : ConnectError::failed);
  }
  return std::make_unique<UvDatagrams>(handles);
}

}  // namespace posthaste::net
