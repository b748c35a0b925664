// TCP and Unix-socket connections over libuv, and UDP.
#pragma once

#include <uv.h>

#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "common/net/event.h"
#include "common/net/network.h"
#include "common/net/uv_loop.h"

namespace posthaste::net {

/// What all connections of a loop may have read ahead of their sessions. Beyond it each reads little at a time, and
/// no more before that is used.
inline constexpr std::size_t kReadAheadOfLoopMaxOctets = std::size_t{64} << 20;

class UvNetwork final : public Network {
 public:
  explicit UvNetwork(UvLoop& loop) noexcept : loop_(loop) {}
  Task<std::expected<std::unique_ptr<Transport>, ConnectError>> connect(Endpoint endpoint,
                                                                        std::chrono::milliseconds timeout) override;
  std::expected<std::unique_ptr<Datagrams>, ConnectError> open_datagrams(const Endpoint& server) override;

 private:
  UvLoop& loop_;
};

/// Whether this machine has IPv6 at all; containers often do not.
[[nodiscard]] bool has_ipv6();

/// The IP addresses of this machine's interfaces.
[[nodiscard]] std::vector<std::string> machine_addresses();

/// A bound and listening socket, inherited by the child that serves it. Closes its descriptor.
class ListeningSocket {
 public:
  /// Whether other sockets of the same user may be bound to the same TCP port (SO_REUSEPORT).
  enum class Sharing { exclusive, among_workers };

  /// Binds `endpoint` and listens. A Unix socket replaces what was left at its path, and is open to its group.
  /// Errors: a sentence for the operator.
  static std::expected<ListeningSocket, std::string> bind(const Endpoint& endpoint,
                                                          Sharing sharing = Sharing::among_workers);

  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&& other) noexcept;
  ~ListeningSocket();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] const Endpoint& endpoint() const noexcept { return endpoint_; }

 private:
  ListeningSocket(int descriptor, Endpoint endpoint) noexcept
      : descriptor_(descriptor), endpoint_(std::move(endpoint)) {}
  int descriptor_;
  Endpoint endpoint_;
};

/// Hands out connections on one loop, from a socket that this loop polls or from another worker's acceptor.
class UvListener final : public Listener {
 public:
  /// Waits for adopt() alone.
  explicit UvListener(UvLoop& loop) noexcept : loop_(loop) {}
  /// Polls `socket`, which outlives the listener. With `deal_to`, connections go to those listeners in turn (itself
  /// may be one), each on its own loop: SO_REUSEPORT does not spread Unix sockets.
  UvListener(UvLoop& loop, const ListeningSocket& socket, std::vector<UvListener*> deal_to = {});
  ~UvListener() override;

  Task<std::unique_ptr<Transport>> accept() override;
  void close() override;

  /// Takes over a connected socket, on this listener's loop.
  void adopt(int descriptor, Endpoint peer, Endpoint local);

 private:
  void accept_waiting();
  void pause();

  UvLoop& loop_;
  int socket_ = -1;
  Endpoint local_;
  std::vector<UvListener*> deal_to_;
  std::size_t next_ = 0;
  struct Handles;
  Handles* handles_ = nullptr;  // freed by libuv's close callback
  std::deque<std::unique_ptr<Transport>> accepted_;
  Event changed_;
  bool closed_ = false;
};

}  // namespace posthaste::net
