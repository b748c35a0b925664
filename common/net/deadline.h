// Reading that ends at an instant, in however small pieces the peer sends: for clients that have not logged in.
#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "common/net/clock.h"
#include "common/net/stream.h"
#include "common/net/task.h"

namespace posthaste::net {

/// The timeout of a stream bounds one wait; this one bounds all of them together.
class Deadline {
 public:
  /// `clock` outlives it.
  Deadline(const Clock& clock, Instant at) : clock_(clock), at_(at) {}

  /// As Stream::read_line(), which it leaves with a timeout that ends at the deadline; timed_out after it.
  [[nodiscard]] Task<std::expected<std::string, StreamError>> read_line(Stream& stream,
                                                                        std::size_t max_octets) const;
  /// As Stream::read_exactly(), likewise.
  [[nodiscard]] Task<std::expected<void, StreamError>> read_exactly(Stream& stream, std::size_t count,
                                                                    std::string& into) const;

 private:
  /// Something that has arrived, at most `max_octets`.
  [[nodiscard]] Task<std::expected<std::string, StreamError>> read_some(Stream& stream,
                                                                        std::size_t max_octets) const;

  const Clock& clock_;
  const Instant at_;
};

}  // namespace posthaste::net
