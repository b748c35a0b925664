// Reading from a client that has not logged in: in however small pieces it sends, all is here before a deadline.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "common/net/clock.h"
#include "common/net/stream.h"
#include "common/net/task.h"

namespace posthaste::imapd {

/// The timeout of a stream bounds one wait; this one bounds all of them together.
class LoginDeadline {
 public:
  /// `clock` outlives it.
  LoginDeadline(const net::Clock& clock, net::Instant at) : clock_(clock), at_(at) {}

  /// As Stream::read_line(), which it leaves with a timeout that ends at the deadline; timed_out after it.
  [[nodiscard]] net::Task<std::expected<std::string, net::StreamError>> read_line(net::Stream& stream,
                                                                                  std::size_t max_octets) const;
  /// As Stream::read_exactly(), likewise.
  [[nodiscard]] net::Task<std::expected<void, net::StreamError>> read_exactly(net::Stream& stream,
                                                                              std::size_t count,
                                                                              std::string& into) const;

 private:
  /// Something that has arrived, at most `max_octets`.
  [[nodiscard]] net::Task<std::expected<std::string, net::StreamError>> read_some(net::Stream& stream,
                                                                                  std::size_t max_octets) const;

  const net::Clock& clock_;
  const net::Instant at_;
};

}  // namespace posthaste::imapd
