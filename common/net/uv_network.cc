#include "common/net/uv_network.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <coroutine>
#include <cstring>
#include <span>
#include <utility>

#include "common/net/socket_address.h"
#include "common/net/uv_datagrams.h"

namespace posthaste::net {
namespace {

constexpr std::size_t kReadAheadMaxOctets = 256UL * 1024;  // then the peer has to wait for the session
constexpr std::size_t kCrowdedReadOctets = 4096;           // the same, when the loop has read much ahead
constexpr std::size_t kKeptBufferOctets = 4096;            // an idle connection keeps no larger one
constexpr std::uint64_t kLingerMs = 2000;                  // how long a closed peer may take to read our last words

std::optional<std::uint32_t> user_behind(int descriptor) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return std::nullopt;
  return credentials.uid;
}

bool is_crowded(const UvLoop& loop) noexcept { return loop.unused_octets() > kReadAheadOfLoopMaxOctets; }

/// The libuv side of a connection. It outlives the transport while it lingers, and is freed by the last close
/// callback.
struct Connection {
  union {
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  };
  uv_timer_t timer;
  uv_write_t write_request;
  uv_shutdown_t shutdown_request;
  UvLoop* loop = nullptr;
  bool ended = false;   // the peer sends no more
  bool broken = false;  // nor does it read
  std::list<UvLoop::Closer>::iterator lingering;
  int open_handles = 2;

  void close() {
    stream.data = this;
    timer.data = this;
    uv_close(reinterpret_cast<uv_handle_t*>(&stream), closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer), closed);
  }

  /// Says that no more comes, and goes when the peer has read it all: closing at once, with input unread, would
  /// send a reset that destroys our last reply on its way.
  void linger() {
    lingering = loop->add_lingering([this] { end_lingering(); });
    stream.data = this;
    timer.data = this;
    uv_timer_start(
        &timer, [](uv_timer_t* t) { static_cast<Connection*>(t->data)->end_lingering(); }, kLingerMs, 0);
    uv_read_stop(&stream);
    uv_read_start(&stream, allocate, [](uv_stream_t* s, ssize_t count, const uv_buf_t*) {
      if (count < 0) static_cast<Connection*>(s->data)->end_lingering();
    });
    if (uv_shutdown(&shutdown_request, &stream, [](uv_shutdown_t*, int) {}) != 0) end_lingering();
  }

  void end_lingering() {
    loop->remove_lingering(lingering);
    close();
  }

  static void closed(uv_handle_t* handle) {
    auto* connection = static_cast<Connection*>(handle->data);
    if (--connection->open_handles == 0) delete connection;
  }

  /// One buffer a thread: what arrives is copied out of it at once, so that idle connections have none.
  static void allocate(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    thread_local std::array<char, 65536> shared;
    const bool crowded = is_crowded(UvLoop::of(*handle->loop));
    *buffer = uv_buf_init(shared.data(), static_cast<unsigned>(crowded ? kCrowdedReadOctets : shared.size()));
  }
};

class UvTransport final : public Transport {
 public:
  UvTransport(Connection* connection, Endpoint peer, Endpoint local, std::optional<std::uint32_t> peer_user)
      : connection_(connection), peer_(std::move(peer)), local_(std::move(local)), peer_user_(peer_user) {
    connection_->stream.data = this;
    connection_->timer.data = this;
    start_reading();
  }

  ~UvTransport() override { close({}); }

  std::expected<bool, StreamError> receive(std::string& input) override {
    count_unused(arrived_.size());  // what was handed over before is used, but for the beginning of a line
    if (!arrived_.empty()) {
      if (input.empty()) {
        input.swap(arrived_);
      } else {
        input.append(arrived_);
        arrived_.clear();
      }
      if (!reading_ && connection_ != nullptr && !connection_->ended) start_reading();
      return true;
    }
    if (interrupted_) return std::unexpected(StreamError::interrupted);
    if (ended()) return std::unexpected(StreamError::closed);
    return false;
  }

  [[nodiscard]] bool is_broken() const override { return connection_ == nullptr || connection_->broken; }

  Task<std::expected<Readiness, StreamError>> wait(std::chrono::milliseconds timeout) override {
    if (!arrived_.empty() || interrupted_ || ended()) co_return Readiness::input;
    if (!std::exchange(woken_, false)) {
      if (arrived_.capacity() > kKeptBufferOctets) std::string{}.swap(arrived_);
      read_deadline_ = arm(timeout);
      co_await Parked{reader_};
      read_deadline_ = 0;
      if (std::exchange(read_timed_out_, false)) co_return std::unexpected(StreamError::timed_out);
      if (!arrived_.empty() || interrupted_ || ended()) co_return Readiness::input;
      woken_ = false;
    }
    co_return Readiness::woken;
  }

  ValueOrTask<std::expected<void, StreamError>> send(std::string_view octets,
                                                     std::chrono::milliseconds timeout) override {
    if (connection_ == nullptr) return std::expected<void, StreamError>{std::unexpected(StreamError::closed)};
    const uv_buf_t buffer = buffer_of(octets);
    const int sent = uv_try_write(&connection_->stream, &buffer, 1);
    if (sent < 0 && sent != UV_EAGAIN) {
      return std::expected<void, StreamError>{std::unexpected(StreamError::closed)};
    }
    if (sent > 0) octets.remove_prefix(static_cast<std::size_t>(sent));
    if (octets.empty()) return std::expected<void, StreamError>{};
    return send_rest(octets, timeout);
  }

  void wake() override {
    woken_ = true;
    unpark(reader_);
  }

  void interrupt() override {
    interrupted_ = true;
    unpark(reader_);
  }

  void close(std::string_view last_words) override {
    if (connection_ == nullptr) return;
    count_unused(0);
    Connection* connection = std::exchange(connection_, nullptr);
    if (!last_words.empty() && !writing_) {
      const uv_buf_t buffer = buffer_of(last_words);
      uv_try_write(&connection->stream, &buffer, 1);
    }
    if (connection->ended || writing_) {
      connection->close();  // a pending write ends with UV_ECANCELED
    } else {
      connection->linger();
    }
    unpark(reader_);
  }

  [[nodiscard]] const Endpoint& peer() const override { return peer_; }
  [[nodiscard]] const Endpoint& local() const override { return local_; }
  [[nodiscard]] std::optional<std::uint32_t> peer_user() const override { return peer_user_; }

 private:
  struct Parked {
    std::coroutine_handle<>& place;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) const noexcept { place = coroutine; }
    void await_resume() const noexcept {}
  };

  static void unpark(std::coroutine_handle<>& place) {
    if (auto coroutine = std::exchange(place, nullptr)) resume(coroutine);
  }

  static uv_buf_t buffer_of(std::string_view octets) {
    return uv_buf_init(const_cast<char*>(octets.data()), static_cast<unsigned>(octets.size()));
  }

  void count_unused(std::size_t octets) noexcept {
    if (connection_ == nullptr) return;
    connection_->loop->count_unused(unused_octets_, octets);
    unused_octets_ = octets;
  }

  [[nodiscard]] bool ended() const noexcept { return connection_ == nullptr || connection_->ended; }

  void start_reading() {
    reading_ = true;
    uv_read_start(&connection_->stream, Connection::allocate,
                  [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
                    if (count != 0) static_cast<UvTransport*>(stream->data)->arrive(count, buffer->base);
                  });
  }

  void arrive(ssize_t count, const char* octets) {
    if (count < 0) {
      connection_->ended = true;
      connection_->broken = count != UV_EOF;
      uv_read_stop(&connection_->stream);
    } else {
      arrived_.append(octets, static_cast<std::size_t>(count));
      count_unused(unused_octets_ + static_cast<std::size_t>(count));
      const auto& loop = *connection_->loop;
      if (arrived_.size() >= (is_crowded(loop) ? kCrowdedReadOctets : kReadAheadMaxOctets)) {
        uv_read_stop(&connection_->stream);
        reading_ = false;
      }
    }
    unpark(reader_);
  }

  Task<std::expected<void, StreamError>> send_rest(std::string_view octets, std::chrono::milliseconds timeout) {
    const uv_buf_t buffer = buffer_of(octets);
    connection_->write_request.data = this;
    const int started = uv_write(&connection_->write_request, &connection_->stream, &buffer, 1,
                                 [](uv_write_t* request, int status) {
                                   auto& transport = *static_cast<UvTransport*>(request->data);
                                   transport.write_status_ = status;
                                   transport.writing_ = false;
                                   unpark(transport.writer_);
                                 });
    if (started != 0) co_return std::unexpected(StreamError::closed);
    writing_ = true;
    write_deadline_ = arm(timeout);
    co_await Parked{writer_};
    write_deadline_ = 0;
    if (std::exchange(write_timed_out_, false)) co_return std::unexpected(StreamError::timed_out);
    if (write_status_ != 0) co_return std::unexpected(StreamError::closed);
    co_return std::expected<void, StreamError>{};
  }

  /// Returns the deadline, and sees to it that the timer fires no later. A timer that fires early is started
  /// again: moving it at every line would cost more.
  std::uint64_t arm(std::chrono::milliseconds timeout) {
    const std::uint64_t deadline = uv_now(connection_->loop->handle()) +
                                   std::max<std::uint64_t>(1, static_cast<std::uint64_t>(timeout.count()));
    if (!uv_is_active(reinterpret_cast<uv_handle_t*>(&connection_->timer)) || deadline < timer_due_)
      start_timer(deadline);
    return deadline;
  }

  void start_timer(std::uint64_t due) {
    timer_due_ = due;
    const std::uint64_t now = uv_now(connection_->loop->handle());
    uv_timer_start(
        &connection_->timer, [](uv_timer_t* timer) { static_cast<UvTransport*>(timer->data)->look_at_deadlines(); },
        due > now ? due - now : 0, 0);
  }

  void look_at_deadlines() {
    const std::uint64_t now = uv_now(connection_->loop->handle());
    if (write_deadline_ != 0 && write_deadline_ <= now) {
      write_timed_out_ = true;
      close({});  // cancels the write; its callback wakes the writer
      return;
    }
    std::uint64_t due = 0;
    for (const std::uint64_t deadline : {read_deadline_, write_deadline_}) {
      if (deadline > now && (due == 0 || deadline < due)) due = deadline;
    }
    if (due != 0) start_timer(due);
    if (read_deadline_ != 0 && read_deadline_ <= now) {
      read_timed_out_ = true;
      unpark(reader_);  // the transport may be gone when this returns
    }
  }

  Connection* connection_;  // null once closed
  Endpoint peer_;
  Endpoint local_;
  std::optional<std::uint32_t> peer_user_;
  std::string arrived_;
  std::size_t unused_octets_ = 0;  // arrived_, and what the last receive() handed over
  std::coroutine_handle<> reader_;
  std::coroutine_handle<> writer_;
  std::uint64_t read_deadline_ = 0;  // in the loop's milliseconds, 0 when nobody waits
  std::uint64_t write_deadline_ = 0;
  std::uint64_t timer_due_ = 0;
  int write_status_ = 0;
  bool reading_ = false;
  bool writing_ = false;
  bool woken_ = false;
  bool interrupted_ = false;
  bool read_timed_out_ = false;
  bool write_timed_out_ = false;
};

Connection* make_connection(UvLoop& loop, bool is_unix) {
  auto* connection = new Connection;  // freed by its close callbacks
  connection->loop = &loop;
  if (is_unix) {
    uv_pipe_init(loop.handle(), &connection->pipe, 0);
  } else {
    uv_tcp_init(loop.handle(), &connection->tcp);
  }
  uv_timer_init(loop.handle(), &connection->timer);
  return connection;
}

/// Nothing when libuv refuses the descriptor, which is closed then.
std::unique_ptr<Transport> adopt_connected(UvLoop& loop, int descriptor, Endpoint peer, Endpoint local) {
  const bool is_unix = peer.is_unix();
  Connection* connection = make_connection(loop, is_unix);
  const int opened =
      is_unix ? uv_pipe_open(&connection->pipe, descriptor) : uv_tcp_open(&connection->tcp, descriptor);
  if (opened != 0) {
    ::close(descriptor);
    connection->close();
    return nullptr;
  }
  if (!is_unix) uv_tcp_nodelay(&connection->tcp, 1);
  const auto user = is_unix ? user_behind(descriptor) : std::nullopt;
  return std::make_unique<UvTransport>(connection, std::move(peer), std::move(local), user);
}

ConnectError connect_error(int status) {
  switch (status) {
    case UV_ECONNREFUSED:
    case UV_ENOENT: return ConnectError::refused;
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH:
    case UV_EADDRNOTAVAIL: return ConnectError::unreachable;
    case UV_ETIMEDOUT:
    case UV_ECANCELED: return ConnectError::timed_out;
    default: return ConnectError::failed;
  }
}

struct ConnectAwait {
  Connection* connection;
  const Endpoint& endpoint;
  std::chrono::milliseconds timeout;
  uv_connect_t request{};
  int status = 0;
  std::coroutine_handle<> connecting{};
  bool closed = false;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine) {
    connecting = coroutine;
    request.data = this;
    const auto done = [](uv_connect_t* finished, int result) {
      auto& self = *static_cast<ConnectAwait*>(finished->data);
      self.status = result;
      uv_timer_stop(&self.connection->timer);
      resume(self.connecting);
    };
    if (endpoint.is_unix()) {
      uv_pipe_connect(&request, &connection->pipe, endpoint.address.c_str(), done);
    } else {
      const auto address = socket_address(endpoint);
      status = address ? uv_tcp_connect(&request, &connection->tcp, address->get(), done) : UV_EINVAL;
      if (status != 0) return false;
    }
    connection->timer.data = this;
    uv_timer_start(
        &connection->timer,
        [](uv_timer_t* timer) {
          auto& self = *static_cast<ConnectAwait*>(timer->data);
          self.closed = true;
          self.connection->close();  // ends the request with UV_ECANCELED
        },
        static_cast<std::uint64_t>(timeout.count()), 0);
    return true;
  }
  void await_resume() const noexcept {}
};

}  // namespace

Task<std::expected<std::unique_ptr<Transport>, ConnectError>> UvNetwork::connect(
    Endpoint endpoint, std::chrono::milliseconds timeout) {
  Connection* connection = make_connection(loop_, endpoint.is_unix());
  ConnectAwait connecting{connection, endpoint, timeout};
  co_await connecting;
  if (connecting.status != 0) {
    if (!connecting.closed) connection->close();
    co_return std::unexpected(connect_error(connecting.status));
  }
  uv_os_fd_t descriptor = -1;
  uv_fileno(reinterpret_cast<uv_handle_t*>(&connection->stream), &descriptor);
  if (!endpoint.is_unix()) uv_tcp_nodelay(&connection->tcp, 1);
  const auto user = endpoint.is_unix() ? user_behind(descriptor) : std::nullopt;
  co_return std::make_unique<UvTransport>(connection, endpoint, local_endpoint(descriptor), user);
}

std::expected<std::unique_ptr<Datagrams>, ConnectError> UvNetwork::open_datagrams(const Endpoint& server) {
  return open_uv_datagrams(loop_, server);
}

std::vector<std::string> machine_addresses() {
  uv_interface_address_t* interfaces = nullptr;
  int count = 0;
  std::vector<std::string> addresses;
  if (uv_interface_addresses(&interfaces, &count) != 0) return addresses;
  for (const auto& interface : std::span{interfaces, static_cast<std::size_t>(count)}) {
    sockaddr_storage storage{};
    std::memcpy(&storage, &interface.address, sizeof interface.address);
    addresses.push_back(endpoint_of(storage).address);
  }
  uv_free_interface_addresses(interfaces, count);
  return addresses;
}

bool has_ipv6() {
  const auto address = socket_address({"::1", 0});
  const int descriptor = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  const bool bound = ::bind(descriptor, address->get(), address->length) == 0;
  ::close(descriptor);
  return bound;
}

std::expected<ListeningSocket, std::string> ListeningSocket::bind(const Endpoint& endpoint, Sharing sharing) {
  const auto failed = [&](std::string_view what) {
    return std::unexpected("cannot " + std::string{what} + " " + to_string(endpoint) + ": " + std::strerror(errno));
  };
  const auto address = socket_address(endpoint);
  if (!address) return std::unexpected("not an address to listen on: " + to_string(endpoint));
  const int descriptor = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return failed("open a socket for");
  ListeningSocket listening{descriptor, endpoint};
  const int on = 1;
  if (endpoint.is_unix()) {
    unlink(endpoint.address.c_str());
  } else {
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (sharing == Sharing::among_workers) setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (endpoint.is_ipv6()) setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(descriptor, address->get(), address->length) != 0) return failed("bind");
  constexpr mode_t kUnixMode = 0660;
  if (endpoint.is_unix()) chmod(endpoint.address.c_str(), kUnixMode);
  if (listen(descriptor, SOMAXCONN) != 0) return failed("listen on");
  if (endpoint.port == 0 && !endpoint.is_unix()) listening.endpoint_.port = local_endpoint(descriptor).port;
  return listening;
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), endpoint_(std::move(other.endpoint_)) {}

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(endpoint_, other.endpoint_);
  return *this;
}

ListeningSocket::~ListeningSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

struct UvListener::Handles {
  uv_poll_t poll;
  uv_timer_t pause;
  int open_handles = 2;

  static void closed(uv_handle_t* handle) {
    auto* handles = static_cast<Handles*>(handle->data);
    if (--handles->open_handles == 0) delete handles;
  }
};

namespace {

void poll_for_accept(uv_poll_t* poll, uv_poll_cb accept) { uv_poll_start(poll, UV_READABLE, accept); }

}  // namespace

UvListener::UvListener(UvLoop& loop, const ListeningSocket& socket, std::vector<UvListener*> deal_to)
    : loop_(loop),
      socket_(socket.descriptor()),
      local_(socket.endpoint()),
      deal_to_(std::move(deal_to)),
      handles_(new Handles) {
  uv_poll_init(loop_.handle(), &handles_->poll, socket_);
  uv_timer_init(loop_.handle(), &handles_->pause);
  handles_->poll.data = this;
  handles_->pause.data = this;
  poll_for_accept(&handles_->poll,
                  [](uv_poll_t* poll, int, int) { static_cast<UvListener*>(poll->data)->accept_waiting(); });
}

UvListener::~UvListener() { UvListener::close(); }

void UvListener::close() {
  closed_ = true;
  if (Handles* handles = std::exchange(handles_, nullptr)) {
    handles->poll.data = handles;
    handles->pause.data = handles;
    uv_close(reinterpret_cast<uv_handle_t*>(&handles->poll), Handles::closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&handles->pause), Handles::closed);
  }
  changed_.notify_all();
}

Task<std::unique_ptr<Transport>> UvListener::accept() {
  while (accepted_.empty() && !closed_) co_await changed_.wait();
  if (accepted_.empty()) co_return nullptr;
  auto transport = std::move(accepted_.front());
  accepted_.pop_front();
  co_return transport;
}

void UvListener::adopt(int descriptor, Endpoint peer, Endpoint local) {
  if (closed_) {
    ::close(descriptor);
    return;
  }
  auto transport = adopt_connected(loop_, descriptor, std::move(peer), std::move(local));
  if (!transport) return;
  accepted_.push_back(std::move(transport));
  changed_.notify_all();
}

void UvListener::accept_waiting() {
  constexpr int kAtOnce = 32;  // then the sessions have their turn
  for (int i = 0; i < kAtOnce && !closed_; ++i) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    const int descriptor =
        accept4(socket_, reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) pause();
      return;
    }
    Endpoint peer = endpoint_of(storage);
    if (deal_to_.empty()) {
      adopt(descriptor, std::move(peer), local_);
      continue;
    }
    UvListener* target = deal_to_[next_++ % deal_to_.size()];
    target->loop_.post([target, descriptor, peer = std::move(peer), local = local_]() mutable {
      target->adopt(descriptor, std::move(peer), std::move(local));
    });
  }
}

/// Out of descriptors: leaves the connections waiting for a moment instead of spinning.
void UvListener::pause() {
  constexpr std::uint64_t kPauseMs = 100;
  uv_poll_stop(&handles_->poll);
  uv_timer_start(
      &handles_->pause,
      [](uv_timer_t* timer) {
        auto& listener = *static_cast<UvListener*>(timer->data);
        poll_for_accept(&listener.handles_->poll,
                        [](uv_poll_t* poll, int, int) { static_cast<UvListener*>(poll->data)->accept_waiting(); });
      },
      kPauseMs, 0);
}

}  // namespace posthaste::net
