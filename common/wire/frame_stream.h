// A connection of the store socket as frames: one task reads, another sends, so that neither side waits for the
// other.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <optional>

#include "common/net/event.h"
#include "common/net/stream.h"
#include "common/net/task.h"
#include "common/net/time_limit.h"
#include "common/wire/frame.h"

namespace posthaste::wire {

/// Whether a frame's attachment may grow to so many octets.
using GrantMemory = std::function<bool(std::size_t octets)>;

/// Lives on one loop, until read() and send_queued() have ended.
class FrameStream {
 public:
  /// A frame must be there, or be taken by the peer, within this time from its first octet, and what is attached to
  /// it no slower than so, in however small pieces.
  static constexpr std::chrono::seconds kFrameTimeout{30};
  static constexpr std::uint64_t kAttachedPerSecondMin = 1'000'000;  // octets

  /// `clock` outlives it.
  FrameStream(std::unique_ptr<net::Transport> transport, net::Clock& clock);

  /// The next frame; its attachment is thrown away once `grant` says no. Errors: timed_out, when none begins within
  /// `patience`, after which it may be called again; those that have closed the connection: closed, interrupted,
  /// too_long (a frame beyond its limits), and timed_out within a frame.
  net::Task<std::expected<Frame, net::StreamError>> read(std::chrono::milliseconds patience, GrantMemory grant);
  /// The same, with memory for all that a frame may hold.
  net::Task<std::expected<Frame, net::StreamError>> read(std::chrono::milliseconds patience);

  /// Sends what is queued, now and later. Ends after close(), when there is no memory, or when the peer is gone or
  /// does not take a frame in its time; then read() ends too. Spawned once.
  net::Task<void> send_queued();

  void queue(OutgoingFrame frame);
  /// Octets queued and not handed to the peer yet.
  [[nodiscard]] std::size_t queued_octets() const noexcept { return queued_octets_; }
  /// Waits until queued_octets() is at most `octets`, or nothing more can be sent.
  net::Task<void> queued_at_most(std::size_t octets);

  /// Ends the wait of read() with `interrupted`; what is queued can still be sent.
  void interrupt() { stream_.interrupt(); }
  /// Ends read() and send_queued().
  void close();
  [[nodiscard]] bool closed() const noexcept { return closed_; }

  [[nodiscard]] std::optional<std::uint32_t> peer_user() const { return stream_.peer_user(); }

 private:
  net::Task<std::expected<Frame, net::StreamError>> read_frame(GrantMemory grant);
  net::Task<std::expected<void, net::StreamError>> read_attachment(std::size_t octets, Frame& frame,
                                                                   GrantMemory grant);
  net::Task<void> send_while_open();
  net::Task<std::expected<void, net::StreamError>> send(OutgoingFrame frame);

  net::Clock& clock_;
  net::Stream stream_;
  net::TimeLimit limit_;  // while a frame arrives
  std::deque<OutgoingFrame> queue_;
  std::size_t queued_octets_ = 0;
  bool closed_ = false;
  net::Event changed_;  // of the queue, or closed
};

}  // namespace posthaste::wire
