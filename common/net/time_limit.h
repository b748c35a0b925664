// An instant at which the peer's time is up, in however small pieces it has sent until then.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "common/net/clock.h"
#include "common/net/stream.h"

namespace posthaste::net {

/// The timeout of a stream bounds one wait, and whoever sends an octet waits anew: a handshake, a record of TLS, a
/// line and a whole dialogue can last for ever so. This bounds all of it together: at its end the stream is
/// interrupted, which stays. Moving the end costs nothing as long as it moves forward.
class TimeLimit {
 public:
  /// Both outlive it. Nothing is limited yet.
  TimeLimit(Clock& clock, Stream& stream) noexcept : clock_(clock), stream_(stream) {}
  TimeLimit(Clock& clock, Stream& stream, std::chrono::milliseconds duration) : TimeLimit(clock, stream) {
    end_in(duration);
  }
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

  void end_at(Instant at);
  void end_in(std::chrono::milliseconds duration) { end_at(clock_.now() + duration); }
  /// Nothing is limited any more, unless the end has come already.
  void lift() noexcept { end_.reset(); }

  [[nodiscard]] bool has_passed() const noexcept { return passed_; }
  /// Why a read failed with `error`: what this has interrupted timed out.
  [[nodiscard]] StreamError reason(StreamError error) const noexcept {
    return passed_ && error == StreamError::interrupted ? StreamError::timed_out : error;
  }

 private:
  void start_timer(Instant at);
  void look();

  Clock& clock_;
  Stream& stream_;
  std::optional<Instant> end_;
  std::optional<Instant> looks_at_;  // when the timer fires: at the end or before
  std::unique_ptr<Timer> timer_;
  bool passed_ = false;
};

/// Stream::accept_tls(), which lasts no longer than `duration` as a whole. Errors: its own.
Task<std::expected<void, StreamError>> accept_tls(Stream& stream, const TlsServer& server, Clock& clock,
                                                  std::chrono::milliseconds duration);
/// Stream::connect_tls(), likewise.
Task<std::expected<void, StreamError>> connect_tls(Stream& stream, const TlsClient& client, std::string server_name,
                                                   Clock& clock, std::chrono::milliseconds duration);

}  // namespace posthaste::net
