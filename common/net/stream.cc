#include "common/net/stream.h"

#include <cstring>
#include <utility>

#include "common/net/deflate.h"

namespace posthaste::net {
namespace {

constexpr std::size_t kKeptBufferOctets = 4096;  // an idle stream keeps no larger buffer

void release_if_large(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptBufferOctets) buffer.shrink_to_fit();
}

}  // namespace

Stream::Stream(std::unique_ptr<Transport> transport, std::chrono::milliseconds timeout)
    : transport_(std::move(transport)), timeout_(timeout) {}

std::expected<bool, StreamError> Stream::receive() {
  if (start_ == input_.size()) {
    input_.clear();
    start_ = 0;
  } else if (start_ > 0) {
    input_.erase(0, start_);
    start_ = 0;
  }
  return transport_->receive(input_);
}

Task<std::expected<void, StreamError>> Stream::await_input() {
  for (;;) {
    auto received = receive();
    if (!received) co_return std::unexpected(received.error());
    if (*received) co_return std::expected<void, StreamError>{};
    if (!output_.empty()) {
      auto flushed = co_await flush();
      if (!flushed) co_return std::unexpected(flushed.error());
    }
    if (input_.empty() && input_.capacity() > kKeptBufferOctets) input_.shrink_to_fit();
    auto ready = co_await transport_->wait(timeout_);
    if (!ready) co_return std::unexpected(ready.error());
  }
}

Task<std::expected<Readiness, StreamError>> Stream::wait() {
  for (;;) {
    if (has_input()) co_return Readiness::input;
    auto received = receive();
    if (!received) co_return std::unexpected(received.error());
    if (*received) co_return Readiness::input;
    auto flushed = co_await flush();
    if (!flushed) co_return std::unexpected(flushed.error());
    if (input_.capacity() > kKeptBufferOctets) input_.shrink_to_fit();
    auto ready = co_await transport_->wait(timeout_);
    if (!ready) co_return std::unexpected(ready.error());
    if (*ready == Readiness::woken) co_return Readiness::woken;
  }
}

std::optional<Stream::Line> Stream::buffered_line(std::size_t max_octets) {
  const std::string_view rest = std::string_view{input_}.substr(start_);
  const std::size_t end = rest.find_first_of("\r\n", scanned_);
  if (end == std::string_view::npos || (rest[end] == '\r' && end + 1 == rest.size())) {
    scanned_ = end == std::string_view::npos ? rest.size() : end;
    if (rest.size() >= max_octets) return std::unexpected(StreamError::too_long);
    return std::nullopt;
  }
  if (rest[end] == '\n' || rest[end + 1] != '\n') return std::unexpected(StreamError::bare_line_ending);
  if (end + 2 > max_octets) return std::unexpected(StreamError::too_long);
  scanned_ = 0;
  start_ += end + 2;
  return rest.substr(0, end);
}

std::optional<Stream::Line> Stream::buffered_loose_line(std::size_t max_octets) {
  const std::string_view rest = std::string_view{input_}.substr(start_);
  const std::size_t end = rest.find('\n', scanned_);
  if (std::min(end, rest.size()) >= max_octets) return std::unexpected(StreamError::too_long);
  if (end == std::string_view::npos) {
    scanned_ = rest.size();
    return std::nullopt;
  }
  scanned_ = 0;
  start_ += end + 1;
  return rest.substr(0, end != 0 && rest[end - 1] == '\r' ? end - 1 : end);
}

ValueOrTask<Stream::Line> Stream::read_line(std::size_t max_octets) {
  if (auto line = buffered_line(max_octets)) return *line;
  return await_line(&Stream::buffered_line, max_octets);
}

ValueOrTask<Stream::Line> Stream::read_loose_line(std::size_t max_octets) {
  if (auto line = buffered_loose_line(max_octets)) return *line;
  return await_line(&Stream::buffered_loose_line, max_octets);
}

Task<Stream::Line> Stream::await_line(LineInBuffer buffered, std::size_t max_octets) {
  for (;;) {
    auto received = co_await await_input();
    if (!received) co_return std::unexpected(received.error());
    if (auto line = (this->*buffered)(max_octets)) co_return *line;
  }
}

Stream::Line Stream::take_some(std::size_t max_octets) {
  const std::string_view octets = std::string_view{input_}.substr(start_, max_octets);
  start_ += octets.size();
  scanned_ = 0;
  return octets;
}

ValueOrTask<Stream::Line> Stream::read_some(std::size_t max_octets) {
  if (has_input()) return take_some(max_octets);
  return await_some(max_octets);
}

Task<Stream::Line> Stream::await_some(std::size_t max_octets) {
  auto received = co_await await_input();
  if (!received) co_return std::unexpected(received.error());
  co_return take_some(max_octets);
}

Task<std::expected<void, StreamError>> Stream::read_exactly(std::size_t count, std::string& into) {
  while (count > 0) {
    auto octets = co_await read_some(count);
    if (!octets) co_return std::unexpected(octets.error());
    into.append(*octets);
    count -= octets->size();
  }
  co_return std::expected<void, StreamError>{};
}

ValueOrTask<std::expected<void, StreamError>> Stream::flush() {
  if (output_.empty()) return std::expected<void, StreamError>{};
  return send_output();
}

Task<std::expected<void, StreamError>> Stream::send_output() {
  // What is written while this waits goes out with the next flush.
  std::string sending = std::exchange(output_, {});
  auto sent = co_await transport_->send(sending, timeout_);
  if (output_.empty()) {
    release_if_large(sending);
    output_ = std::move(sending);
  }
  co_return sent;
}

Task<std::expected<void, StreamError>> Stream::accept_tls(const TlsServer& server) {
  auto flushed = co_await flush();
  if (!flushed) co_return flushed;
  if (has_input()) co_return std::unexpected(StreamError::plaintext_after_tls);
  co_return co_await shake_hands(server.accept(std::move(transport_)));
}

Task<std::expected<void, StreamError>> Stream::connect_tls(const TlsClient& client, std::string server_name) {
  auto flushed = co_await flush();
  if (!flushed) co_return flushed;
  if (has_input()) co_return std::unexpected(StreamError::plaintext_after_tls);
  co_return co_await shake_hands(client.connect(std::move(transport_), server_name));
}

Task<std::expected<void, StreamError>> Stream::compress() {
  auto flushed = co_await flush();
  if (!flushed) co_return flushed;
  transport_ = std::make_unique<DeflateTransport>(std::move(transport_));
  compressed_ = true;
  co_return flushed;
}

Task<std::expected<void, StreamError>> Stream::shake_hands(std::unique_ptr<TlsSession> session) {
  tls_ = session.get();
  transport_ = std::move(session);
  co_return co_await tls_->shake_hands(timeout_);
}

}  // namespace posthaste::net
