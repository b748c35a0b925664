// What a client sends once COMPRESS is on: read in two pieces it is the same, and never held in bulk, however much
// it inflates to; what is sent comes back.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/net/deflate.h"
#include "common/net/sim_world.h"

using namespace posthaste::net;

namespace {

constexpr std::size_t kReadOctetsMax = 1U << 20U;  // of a bomb; the rest is more of the same
constexpr std::size_t kReadAtOnceMax = 65'536;
constexpr std::size_t kHeldOctetsMax = 300'000;

/// A carrier whose peer is the fuzzer.
class FuzzedCarrier final : public Transport {
 public:
  std::expected<bool, StreamError> receive(std::string& input) override {
    if (arriving.empty()) return false;
    input += std::exchange(arriving, {});
    return true;
  }
  Task<std::expected<Readiness, StreamError>> wait(std::chrono::milliseconds) override {
    co_return std::unexpected(StreamError::timed_out);
  }
  ValueOrTask<std::expected<void, StreamError>> send(std::string_view octets, std::chrono::milliseconds) override {
    sent += octets;
    return std::expected<void, StreamError>{};
  }
  void wake() override {}
  void interrupt() override {}
  void close(std::string_view) override {}
  [[nodiscard]] const Endpoint& peer() const override { return endpoint; }
  [[nodiscard]] const Endpoint& local() const override { return endpoint; }
  [[nodiscard]] std::optional<std::uint32_t> peer_user() const override { return std::nullopt; }

  std::string arriving;
  std::string sent;
  Endpoint endpoint{"192.0.2.1", 1};
};

struct Compressor {
  Compressor() : owned(std::make_unique<FuzzedCarrier>()), carrier(*owned), transport(std::move(owned)) {}

  /// All that `compressed` inflates to, as far as we care, and behind it whether the connection ended.
  void read(std::string_view compressed, std::string& text, bool& ended) {
    carrier.arriving = compressed;
    while (!ended && text.size() < kReadOctetsMax) {
      const std::size_t before = text.size();
      const auto received = transport.receive(text);
      if (text.size() - before > kReadAtOnceMax) std::abort();
      if (transport.held_octets() > kHeldOctetsMax + compressed.size()) std::abort();
      ended = !received;
      if (received && !*received) break;
    }
  }
  /// Waits for the peer in vain, and holds little meanwhile.
  void rest() {
    const auto wait = [](Transport& waiting) -> Task<void> {
      const std::chrono::seconds patience{1};
      auto ready = co_await waiting.wait(patience);
      static_cast<void>(ready);
    };
    if (!sim.run(wait(transport))) std::abort();
  }
  std::string send(std::string_view octets) {
    const auto sending = [](Transport& sender, std::string text) -> Task<void> {
      const std::chrono::seconds patience{1};
      auto sent = co_await sender.send(text, patience);
      if (!sent) std::abort();
    };
    if (!sim.run(sending(transport, std::string{octets}))) std::abort();
    return std::exchange(carrier.sent, {});
  }

  SimWorld sim{1};
  std::unique_ptr<FuzzedCarrier> owned;
  FuzzedCarrier& carrier;
  DeflateTransport transport;
};

std::string inflate_in_two(std::string_view compressed, std::size_t cut) {
  Compressor compressor;
  std::string text;
  bool ended = false;
  compressor.read(compressed.substr(0, cut), text, ended);
  if (text.size() < kReadOctetsMax && !ended) compressor.rest();
  compressor.read(compressed.substr(cut), text, ended);
  if (text.size() >= kReadOctetsMax) return text.substr(0, kReadOctetsMax);
  return text + (ended ? "<end>" : "<open>");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets{reinterpret_cast<const char*>(data), size};
  if (inflate_in_two(octets, size) != inflate_in_two(octets, size / 2)) std::abort();
  Compressor sender;
  const std::string compressed = sender.send(octets);
  if (inflate_in_two(compressed, compressed.size() / 2) !=
          std::string{octets}.substr(0, kReadOctetsMax) + "<open>" &&
      size < kReadOctetsMax) {
    std::abort();
  }
  return 0;
}
