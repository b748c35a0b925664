// Reading a server's replies, within limits and in time.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>

#include "common/net/clock.h"
#include "common/net/stream.h"
#include "common/net/task.h"
#include "common/smtp/reply.h"

namespace posthaste::relay {

/// With its end. RFC 5321 §4.5.3.1.5 says 512; hosts that quote an address, a URL or a whole policy exceed it.
inline constexpr std::size_t kForeignReplyLineMaxOctets = 16'384;
inline constexpr std::size_t kForeignReplyKeptOctets = 2048;  // of a line; the rest is passed over

enum class ReplyError {
  closed,  // by the peer, or TLS broke
  timed_out,
  interrupted,  // we are stopping
  malformed,    // no reply, too long, or too many lines of it
};
[[nodiscard]] ReplyError error_of(net::StreamError error) noexcept;

/// The next reply, all lines of it before `timeout` has passed, in however small pieces they come. When it has, the
/// stream is of no use any more. Lines may end in LF alone, and a line without a code between others is text: what
/// a host took and answered clumsily would be sent again otherwise.
[[nodiscard]] net::Task<std::expected<smtp::Reply, ReplyError>> read_reply(net::Stream& stream, net::Clock& clock,
                                                                           std::chrono::milliseconds timeout);

}  // namespace posthaste::relay
