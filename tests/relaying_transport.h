// A server's end of a connection that hands all on, for tests that want to see or to do something there.
#pragma once

#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "common/net/network.h"

namespace posthaste {

class RelayingTransport : public net::Transport {
 public:
  explicit RelayingTransport(std::unique_ptr<net::Transport> carrier) : carrier_(std::move(carrier)) {}

  std::expected<bool, net::StreamError> receive(std::string& input) override { return carrier_->receive(input); }
  net::Task<std::expected<net::Readiness, net::StreamError>> wait(std::chrono::milliseconds timeout) override {
    return carrier_->wait(timeout);
  }
  net::ValueOrTask<std::expected<void, net::StreamError>> send(std::string_view octets,
                                                               std::chrono::milliseconds timeout) override {
    return carrier_->send(octets, timeout);
  }
  [[nodiscard]] bool is_broken() const override { return carrier_->is_broken(); }
  void wake() override { carrier_->wake(); }
  void interrupt() override { carrier_->interrupt(); }
  void close(std::string_view last_words = {}) override { carrier_->close(last_words); }
  [[nodiscard]] const net::Endpoint& peer() const override { return carrier_->peer(); }
  [[nodiscard]] const net::Endpoint& local() const override { return carrier_->local(); }
  [[nodiscard]] std::optional<std::uint32_t> peer_user() const override { return carrier_->peer_user(); }

 private:
  std::unique_ptr<net::Transport> carrier_;
};

inline constexpr std::string_view kThrowingWord = "NO-MEMORY-FOR-THIS";

/// Throws as memory does that is not to be had, once the peer has sent kThrowingWord.
class ThrowingTransport final : public RelayingTransport {
 public:
  using RelayingTransport::RelayingTransport;
  std::expected<bool, net::StreamError> receive(std::string& input) override {
    const auto received = RelayingTransport::receive(input);
    if (input.contains(kThrowingWord)) throw std::bad_alloc{};
    return received;
  }
};

[[nodiscard]] inline std::unique_ptr<net::Transport> throwing(std::unique_ptr<net::Transport> carrier) {
  return std::make_unique<ThrowingTransport>(std::move(carrier));
}

}  // namespace posthaste
