// Reads lines from a stream whose octets have arrived: lines and octets a second.
// Corpus: 10,000 lines, in pieces of 16 KB as a socket gives them: commands of 30 octets, and lines of 76 as a body
// has.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/net/sim_world.h"
#include "common/net/stream.h"

namespace posthaste::net {
namespace {

constexpr int kLines = 10'000;
constexpr std::size_t kPieceOctets = 16'384;

/// A connection whose peer has sent all of `octets` and hung up.
class ArrivedOctets final : public Transport {
 public:
  explicit ArrivedOctets(std::string_view octets) : octets_(octets) {}

  std::expected<bool, StreamError> receive(std::string& input) override {
    if (octets_.empty()) return std::unexpected(StreamError::closed);
    input += octets_.substr(0, kPieceOctets);
    octets_.remove_prefix(std::min(octets_.size(), kPieceOctets));
    return true;
  }
  Task<std::expected<Readiness, StreamError>> wait(std::chrono::milliseconds) override {
    co_return std::unexpected(StreamError::closed);
  }
  ValueOrTask<std::expected<void, StreamError>> send(std::string_view, std::chrono::milliseconds) override {
    return std::expected<void, StreamError>{};
  }
  void wake() override {}
  void interrupt() override {}
  void close(std::string_view) override {}
  [[nodiscard]] const Endpoint& peer() const override { return endpoint_; }
  [[nodiscard]] const Endpoint& local() const override { return endpoint_; }
  [[nodiscard]] std::optional<std::uint32_t> peer_user() const override { return std::nullopt; }

 private:
  std::string_view octets_;
  Endpoint endpoint_{"192.0.2.1", 1};
};

Task<void> read_lines(std::string_view corpus, int& lines) {
  Stream stream{std::make_unique<ArrivedOctets>(corpus), std::chrono::minutes{5}};
  for (;;) {
    auto line = co_await stream.read_line(1'000);
    if (!line) co_return;
    benchmark::DoNotOptimize(*line);
    ++lines;
  }
}

void read_line(benchmark::State& state, std::size_t octets) {
  std::string corpus;
  for (int i = 0; i < kLines; ++i) corpus.append(octets, 'x').append("\r\n");
  SimWorld sim{1};
  for (auto _ : state) {
    int lines = 0;
    if (!sim.run(read_lines(corpus, lines)) || lines != kLines) state.SkipWithError("not all lines were read");
  }
  state.SetItemsProcessed(state.iterations() * kLines);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(corpus.size()));
}
BENCHMARK_CAPTURE(read_line, commands_of_30, 30);
BENCHMARK_CAPTURE(read_line, lines_of_76, 76);

}  // namespace
}  // namespace posthaste::net
