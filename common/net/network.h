// Connections, real or simulated: what a daemon knows of the network.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/net/task.h"

namespace posthaste::net {

/// An IP address and port, or the path of a Unix socket.
struct Endpoint {
  std::string address;  // "192.0.2.1", "2001:db8::1", or "/run/x.sock" with port 0
  std::uint16_t port = 0;

  [[nodiscard]] bool is_unix() const noexcept { return address.starts_with('/'); }
  [[nodiscard]] bool is_ipv6() const noexcept { return address.find(':') != std::string::npos; }
  bool operator==(const Endpoint&) const = default;
};

/// "192.0.2.1:25", "[2001:db8::1]:25" or the path.
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

/// The other way round, for what is known to be an IP address with or without a port; without, it is `usual_port`.
[[nodiscard]] Endpoint parse_endpoint(std::string_view text, std::uint16_t usual_port);

enum class StreamError {
  closed,              // the peer has closed, or reset, the connection
  timed_out,           // nothing came, or nothing could be sent, for the stream's timeout
  interrupted,         // Stream::interrupt(): the daemon is stopping
  too_long,            // a line beyond the limit given
  bare_line_ending,    // CR without LF or LF without CR (RFC 5321 §2.3.8)
  tls_failed,          // the handshake, or a record, was refused
  plaintext_after_tls  // input was waiting when STARTTLS began (RFC 3207 §4.2)
};
[[nodiscard]] std::string_view name_of(StreamError error) noexcept;

enum class ConnectError { refused, unreachable, timed_out, failed };
[[nodiscard]] std::string_view name_of(ConnectError error) noexcept;

/// What wait() saw first.
enum class Readiness { input, woken };

/// Octets to and from one peer. Belongs to one Stream; all calls on its loop; one waiter for each direction.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  /// Moves what has arrived to the end of `input`, without waiting. True if there was something.
  /// Errors: closed, tls_failed, interrupted.
  virtual std::expected<bool, StreamError> receive(std::string& input) = 0;

  /// Waits until receive() has something to say, or wake() is called.
  /// Errors: timed_out.
  virtual Task<std::expected<Readiness, StreamError>> wait(std::chrono::milliseconds timeout) = 0;

  /// Sends all of `octets`, which must stay until the task ends. Errors: closed, timed_out.
  virtual ValueOrTask<std::expected<void, StreamError>> send(std::string_view octets,
                                                             std::chrono::milliseconds timeout) = 0;

  /// Whether the connection is known to be broken, though what came before may still be unread: nobody waits for an
  /// answer.
  [[nodiscard]] virtual bool is_broken() const { return false; }

  virtual void wake() = 0;
  /// Ends every wait, now and later, with `interrupted`; what is queued can still be sent.
  virtual void interrupt() = 0;
  /// Wakes whoever waits with `closed`. `last_words` are sent as far as that goes without waiting.
  virtual void close(std::string_view last_words = {}) = 0;

  [[nodiscard]] virtual const Endpoint& peer() const = 0;
  [[nodiscard]] virtual const Endpoint& local() const = 0;
  /// The user id of the process at the other end of a Unix socket (SO_PEERCRED), nothing for other peers.
  [[nodiscard]] virtual std::optional<std::uint32_t> peer_user() const = 0;
};

class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;

  /// The next connection, or nothing once close() was called.
  virtual Task<std::unique_ptr<Transport>> accept() = 0;
  virtual void close() = 0;
};

/// A UDP socket that hears one server alone. All calls on its loop; one waiter.
class Datagrams {
 public:
  Datagrams() = default;
  Datagrams(const Datagrams&) = delete;
  Datagrams& operator=(const Datagrams&) = delete;
  virtual ~Datagrams() = default;

  /// Sends one datagram, which may get lost on its way, and does not wait. Errors: closed.
  virtual std::expected<void, StreamError> send(std::string_view octets) = 0;

  /// The next datagram; of a flood, what comes beyond a few that wait is dropped.
  /// Errors: timed_out; interrupted; closed, after close() and when the server's host says that nobody listens.
  virtual Task<std::expected<std::string, StreamError>> receive(std::chrono::milliseconds timeout) = 0;

  /// Ends every wait, now and later, with `interrupted`.
  virtual void interrupt() = 0;
  /// Wakes whoever waits with `closed`.
  virtual void close() = 0;
};

class Network {
 public:
  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  virtual ~Network() = default;

  virtual Task<std::expected<std::unique_ptr<Transport>, ConnectError>> connect(
      Endpoint endpoint, std::chrono::milliseconds timeout) = 0;

  /// From a local port that nobody can guess. `server` is no Unix socket.
  /// Errors: failed, when it is no IP address; unreachable, when this host has no way to it.
  virtual std::expected<std::unique_ptr<Datagrams>, ConnectError> open_datagrams(const Endpoint& server) = 0;
};

}  // namespace posthaste::net
