#include "common/net/deadline.h"

#include <chrono>

namespace posthaste::net {

Task<std::expected<std::string, StreamError>> Deadline::read_some(Stream& stream, std::size_t max_octets) const {
  const auto left = at_ - clock_.now();
  if (left <= std::chrono::milliseconds{0}) co_return std::unexpected(StreamError::timed_out);
  stream.set_timeout(left);
  auto octets = co_await stream.read_some(max_octets);
  if (!octets) co_return std::unexpected(octets.error());
  co_return std::string{*octets};
}

Task<std::expected<std::string, StreamError>> Deadline::read_line(Stream& stream, std::size_t max_octets) const {
  std::string line;
  while (line.size() < max_octets) {
    auto octets = co_await read_some(stream, max_octets - line.size());
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

Task<std::expected<void, StreamError>> Deadline::read_exactly(Stream& stream, std::size_t count,
                                                              std::string& into) const {
  while (count > 0) {
    auto octets = co_await read_some(stream, count);
    if (!octets) co_return std::unexpected(octets.error());
    into.append(*octets);
    count -= octets->size();
  }
  co_return std::expected<void, StreamError>{};
}

}  // namespace posthaste::net
