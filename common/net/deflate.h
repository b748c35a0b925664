// A transport that compresses what another one carries: raw DEFLATE in both directions (RFC 4978, RFC 1951), by
// zlib.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/net/network.h"
#include "common/net/task.h"

extern "C" {
struct z_stream_s;
}

namespace posthaste::net {

struct InflateDeleter {
  void operator()(z_stream_s* stream) const noexcept;
};
struct DeflateDeleter {
  void operator()(z_stream_s* stream) const noexcept;
};

/// It lies above TLS: what it sends is compressed first and encrypted then (RFC 4978 §3). Each send() ends in a
/// sync flush, so that the peer can read all of it at once. Octets that are no DEFLATE end the connection, as
/// `closed`.
///
/// It holds 300 KB while octets go to and fro; while it waits for the peer, no more than the last 32 KB that the
/// peer has sent, to which later octets may refer.
class DeflateTransport final : public Transport {
 public:
  explicit DeflateTransport(std::unique_ptr<Transport> carrier);
  ~DeflateTransport() override;

  /// As Transport, but a small part of what there is, however much the peer has compressed into few octets.
  std::expected<bool, StreamError> receive(std::string& input) override;
  Task<std::expected<Readiness, StreamError>> wait(std::chrono::milliseconds timeout) override;
  ValueOrTask<std::expected<void, StreamError>> send(std::string_view octets,
                                                     std::chrono::milliseconds timeout) override;
  [[nodiscard]] bool is_broken() const override { return carrier_->is_broken(); }
  void wake() override { carrier_->wake(); }
  void interrupt() override { carrier_->interrupt(); }
  void close(std::string_view last_words = {}) override;
  [[nodiscard]] const Endpoint& peer() const override { return carrier_->peer(); }
  [[nodiscard]] const Endpoint& local() const override { return carrier_->local(); }
  [[nodiscard]] std::optional<std::uint32_t> peer_user() const override { return carrier_->peer_user(); }

  /// Octets held for compression now, without what zlib's allocator adds.
  [[nodiscard]] std::size_t held_octets() const noexcept;

 private:
  /// Moves what can be inflated of arrived_ to the end of `input`, within limits. True if there was something.
  std::expected<bool, StreamError> inflate_some(std::string& input);
  [[nodiscard]] std::string deflated(std::string_view octets);
  Task<std::expected<void, StreamError>> send_compressed(std::string compressed, std::chrono::milliseconds timeout);
  bool wake_inflater();
  void rest();

  std::unique_ptr<Transport> carrier_;
  std::string arrived_;            // compressed, and not inflated yet
  std::size_t arrived_start_ = 0;  // what lies before it was
  std::unique_ptr<z_stream_s, InflateDeleter> inflater_;
  std::unique_ptr<z_stream_s, DeflateDeleter> deflater_;
  std::string history_;      // without an inflater: what the peer may refer to
  bool holds_more_ = false;  // the inflater's last output did not fit
  std::optional<StreamError> end_;
};

}  // namespace posthaste::net
