// Takes the dots out of a message as DATA brings it: octets a second, in pieces of 64 KB.
// Corpus: 1 MB of base64 lines of 76 octets; of text lines of 40; of lines that each begin with a dot; of empty
// lines.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/smtp/data_reader.h"

namespace posthaste::smtp {
namespace {

constexpr std::size_t kCorpusOctets = 1'000'000;
constexpr std::size_t kPieceOctets = 65'536;

void unstuff(benchmark::State& state, const std::string& line) {
  std::string message;
  while (message.size() < kCorpusOctets) message += line + "\r\n";
  message += ".\r\n";
  std::string content;
  for (auto _ : state) {
    content.clear();
    DataReader reader{message.size()};
    DataProgress progress;
    for (std::string_view rest = message; progress.state == DataState::more && !rest.empty();) {
      progress = reader.feed(rest.substr(0, kPieceOctets), content);
      rest.remove_prefix(progress.consumed);
    }
    if (progress.state != DataState::end) state.SkipWithError("the message has no end");
    benchmark::DoNotOptimize(content.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message.size()));
}
BENCHMARK_CAPTURE(unstuff, base64_lines, std::string(76, 'A'));
BENCHMARK_CAPTURE(unstuff, text_lines, std::string(40, 'x'));
BENCHMARK_CAPTURE(unstuff, lines_that_begin_with_a_dot, ".." + std::string(38, 'x'));
BENCHMARK_CAPTURE(unstuff, empty_lines, "");

}  // namespace
}  // namespace posthaste::smtp
