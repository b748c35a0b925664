// Deliveries through the writer: groups of 1 to 50 messages of 1 and 10 KB to 100 users, on the file system of
// TMPDIR. Reported: messages and octets a second, log syncs and index commits a message; published with each group,
// or put off.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "common/store/writer.h"

namespace posthaste::store {
namespace {

constexpr std::uint64_t kUsers = 100;

/// A summary of a usual size.
BlobHandle message_of(std::size_t octets) {
  return put_blob(std::string(octets, 'm'), {std::string(300, 'e'), std::string(120, 's'), std::string(400, 'h')});
}

void deliver_groups(benchmark::State& state) {
  const auto group_size = static_cast<std::size_t>(state.range(0));
  const auto octets = static_cast<std::size_t>(state.range(1));
  const auto publication = state.range(2) == 0 ? Publication::now : Publication::may_wait;
  std::string directory = (std::filesystem::temp_directory_path() / "posthaste-bench-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return state.SkipWithError("no directory");
  WriterOptions options;
  options.directory = directory;
  auto writer = Writer::open(std::move(options));
  if (!writer) return state.SkipWithError(writer.error().text.c_str());

  std::uint64_t number = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Request> requests;
    for (std::size_t i = 0; i < group_size; ++i) {
      Deliver message;
      message.user = UserId{1 + ++number % kUsers};
      message.blob = message_of(octets);
      message.delivery = DeliveryId{std::to_string(number), "user@example.org"};
      requests.emplace_back(std::move(message));
    }
    state.ResumeTiming();
    const Time now{std::chrono::milliseconds{1'700'000'000'000}};
    const auto outcomes = (*writer)->commit(requests, now, publication, [](std::span<const Outcome>) {});
    if (!std::get<DeliverOutcome>(outcomes[0])) return state.SkipWithError("not stored");
  }
  const auto messages = static_cast<double>(state.iterations() * state.range(0));
  const WriterCounters counters = (*writer)->counters();
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * state.range(0) * state.range(1));
  state.counters["syncs_per_message"] = static_cast<double>(counters.log_syncs) / messages;
  state.counters["commits_per_message"] = static_cast<double>(counters.index_commits) / messages;
  writer->reset();
  std::filesystem::remove_all(directory);
}

BENCHMARK(deliver_groups)
    ->ArgNames({"group", "octets", "put_off"})
    ->ArgsProduct({{1, 5, 10, 25, 50}, {1'000, 10'000}, {0, 1}})
    ->UseRealTime()
    ->MinTime(0.3);

}  // namespace
}  // namespace posthaste::store
