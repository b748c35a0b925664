#include "pop3d/login_deadline.h"

#include <chrono>

namespace posthaste::pop3d {

using net::StreamError;

net::Task<std::expected<std::string, StreamError>> LoginDeadline::read_line(net::Stream& stream,
                                                                            std::size_t max_octets) const {
  std::string line;
  while (line.size() < max_octets) {
    const auto left = at_ - clock_.now();
    if (left <= std::chrono::milliseconds{0}) co_return std::unexpected(StreamError::timed_out);
    stream.set_timeout(left);
    auto octets = co_await stream.read_some(max_octets - line.size());
    if (!octets) co_return std::unexpected(octets.error());
    const std::size_t searched = line.ends_with('\r') ? line.size() - 1 : line.size();
    line.append(*octets);
    const auto end = line.find_first_of("\r\n", searched);
    if (end == std::string::npos || (line[end] == '\r' && end + 1 == line.size())) continue;
    if (line[end] == '\n' || line[end + 1] != '\n') co_return std::unexpected(StreamError::bare_line_ending);
    stream.unread(line.size() - end - 2);
    line.resize(end);
    co_return line;
  }
  co_return std::unexpected(StreamError::too_long);
}

}  // namespace posthaste::pop3d
