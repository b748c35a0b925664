// A conversation with one peer: lines and counted octets in, queued octets out, with limits and deadlines.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "common/net/network.h"
#include "common/net/task.h"
#include "common/net/tls.h"

namespace posthaste::net {

/// Reading flushes what write() has queued before it waits, so that pipelined commands are answered in one
/// packet (RFC 2920 §3.1). A view that a read returns lives until the next read.
class Stream {
 public:
  /// `timeout` bounds every single wait for the peer.
  Stream(std::unique_ptr<Transport> transport, std::chrono::milliseconds timeout);

  void set_timeout(std::chrono::milliseconds timeout) noexcept { timeout_ = timeout; }

  /// Reads up to CRLF and returns the line without it.
  /// Errors, each of which ends the session: closed, timed_out, interrupted, tls_failed; too_long, beyond
  /// `max_octets` with CRLF; bare_line_ending (RFC 5321 §2.3.8).
  ValueOrTask<std::expected<std::string_view, StreamError>> read_line(std::size_t max_octets);

  /// Reads up to LF, with or without a CR before it, and returns the line without them: for replies of servers that
  /// end their lines as they like. Errors: as above, save bare_line_ending.
  ValueOrTask<std::expected<std::string_view, StreamError>> read_loose_line(std::size_t max_octets);

  /// Reads whatever is there, at least one octet, and takes it from the stream.
  /// Errors: closed, timed_out, interrupted, tls_failed.
  ValueOrTask<std::expected<std::string_view, StreamError>> read_some(std::size_t max_octets);

  /// Appends exactly `count` octets to `into`, as they come. Errors: as read_some().
  Task<std::expected<void, StreamError>> read_exactly(std::size_t count, std::string& into);

  /// Puts back the last `count` octets of what read_some() returned.
  void unread(std::size_t count) noexcept { start_ -= count; }

  /// Waits for input, or for wake(). Flushes first. Errors: closed, timed_out, interrupted, tls_failed.
  Task<std::expected<Readiness, StreamError>> wait();

  /// Whether the connection is known to be broken, though there may be input still.
  [[nodiscard]] bool is_broken() const { return transport_ == nullptr || transport_->is_broken(); }

  /// Octets that have arrived and were not read yet.
  [[nodiscard]] bool has_input() const noexcept { return start_ < input_.size(); }

  /// Queues octets; flush() or the next read that has to wait sends them.
  void write(std::string_view octets) { output_.append(octets); }
  /// The same; they are not copied when nothing is queued.
  void hand_over(std::string octets) {
    if (output_.empty()) {
      output_ = std::move(octets);
    } else {
      output_.append(octets);
    }
  }
  [[nodiscard]] std::size_t queued() const noexcept { return output_.size(); }
  /// The queue itself, for those who print straight into it.
  [[nodiscard]] std::string& output() noexcept { return output_; }

  /// Errors: closed, timed_out.
  ValueOrTask<std::expected<void, StreamError>> flush();

  /// The handshake of STARTTLS or of implicit TLS. Queued output goes out in the clear first.
  /// Errors: plaintext_after_tls, when input waits already; tls_failed; closed; timed_out; interrupted.
  Task<std::expected<void, StreamError>> accept_tls(const TlsServer& server);
  /// As a client; `server_name` is sent as SNI (RFC 6066 §3).
  Task<std::expected<void, StreamError>> connect_tls(const TlsClient& client, std::string server_name);

  /// From now on all goes compressed, both ways (RFC 4978). Queued output goes out as it is first; input that waits
  /// already is read as it is. Errors: closed, timed_out.
  Task<std::expected<void, StreamError>> compress();
  [[nodiscard]] bool compressed() const noexcept { return compressed_; }

  /// Nothing before a handshake.
  [[nodiscard]] const TlsSession* tls() const noexcept { return tls_; }

  void wake() { transport_->wake(); }
  void interrupt() { transport_->interrupt(); }
  void close() { transport_->close(); }
  [[nodiscard]] const Endpoint& peer() const { return transport_->peer(); }
  [[nodiscard]] const Endpoint& local() const { return transport_->local(); }
  [[nodiscard]] std::optional<std::uint32_t> peer_user() const { return transport_->peer_user(); }

 private:
  using Line = std::expected<std::string_view, StreamError>;

  using LineInBuffer = std::optional<Line> (Stream::*)(std::size_t max_octets);

  [[nodiscard]] std::optional<Line> buffered_line(std::size_t max_octets);
  [[nodiscard]] std::optional<Line> buffered_loose_line(std::size_t max_octets);
  Task<Line> await_line(LineInBuffer buffered, std::size_t max_octets);
  Task<Line> await_some(std::size_t max_octets);
  Line take_some(std::size_t max_octets);
  Task<std::expected<void, StreamError>> send_output();
  std::expected<bool, StreamError> receive();
  Task<std::expected<void, StreamError>> await_input();
  Task<std::expected<void, StreamError>> shake_hands(std::unique_ptr<TlsSession> session);

  std::unique_ptr<Transport> transport_;
  TlsSession* tls_ = nullptr;  // in transport_, once there is a TLS session
  bool compressed_ = false;
  std::chrono::milliseconds timeout_;
  std::string input_;
  std::size_t start_ = 0;    // what lies before it was read
  std::size_t scanned_ = 0;  // octets after start_ that hold no CR and no LF
  std::string output_;
};

}  // namespace posthaste::net
