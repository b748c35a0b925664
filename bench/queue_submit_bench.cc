// The outbound queue on the file system of TMPDIR: messages of 1 and 10 KB to one recipient, submitted by 1 to 50
// callers who each wait for durability before the next one (and remove what they added, with the next); and the
// start with 100,000 entries. Reported: messages and octets a second, flushes of the log and commits of the index a
// message; for the start, opening and the scheduler's walk.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/net/event.h"
#include "common/net/thread_pool.h"
#include "common/net/uv_loop.h"
#include "smtpd/queue/queue.h"

namespace posthaste::queue {
namespace {

constexpr int kMessagesACaller = 40;
constexpr std::size_t kEntries = 100'000;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "posthaste-bench-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] Options options() const {
    Options options;
    options.directory = path_;
    return options;
  }

 private:
  std::filesystem::path path_;
};

Add message_of(const SharedOctets& octets) {
  Add add;
  add.envelope.trace_id = "3f1c8a0e5b7d4c29";
  add.envelope.reverse_path = smtp::Mailbox{"sender", "example.org"};
  QueuedRecipient recipient;
  recipient.recipient.mailbox = {"recipient", "example.net"};
  add.recipients.push_back(std::move(recipient));
  add.message.push_back(octets);
  return add;
}

net::Task<void> call(Queue& queue, net::Loop& loop, SharedOctets octets, int& failed) {
  std::optional<EntryId> last;
  for (int i = 0; i < kMessagesACaller; ++i) {
    Batch batch;
    if (last) batch.emplace_back(Remove{*last});
    batch.emplace_back(message_of(octets));
    const auto added = co_await queue.submit(loop, std::move(batch), Moment::durable);
    if (!added) {
      ++failed;
      co_return;
    }
    last = added->front();
  }
}

net::Task<void> call_counted(Queue& queue, net::Loop& loop, SharedOctets octets, int& failed, int& running,
                             net::Event& done) {
  co_await call(queue, loop, std::move(octets), failed);
  --running;
  done.notify_all();
}

/// Starts without being awaited; the frame goes when it is done.
struct Started {
  struct promise_type {
    Started get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Started start(net::Task<void> task) { co_await task; }

net::Task<void> call_all(Queue& queue, net::Loop& loop, int callers, SharedOctets octets, int& failed) {
  int running = callers;
  net::Event done;
  for (int i = 0; i < callers; ++i) start(call_counted(queue, loop, octets, failed, running, done));
  while (running != 0) co_await done.wait();
}

void submit(benchmark::State& state) {
  const auto callers = static_cast<int>(state.range(0));
  const SharedOctets octets = share(std::string(static_cast<std::size_t>(state.range(1)), 'm'));
  const Folder folder;
  net::ThreadPool thread(1);
  auto queue = Queue::open(folder.options(), thread);
  if (!queue) return state.SkipWithError(queue.error().text.c_str());
  net::UvLoop loop;
  int failed = 0;
  for (auto _ : state) loop.run(call_all(**queue, loop, callers, octets, failed));
  if (failed != 0) return state.SkipWithError("not queued");
  const auto messages = static_cast<double>(state.iterations() * callers * kMessagesACaller);
  const Counters counters = (*queue)->counters();
  state.SetItemsProcessed(state.iterations() * callers * kMessagesACaller);
  state.SetBytesProcessed(state.iterations() * callers * kMessagesACaller * state.range(1));
  state.counters["flushes_per_message"] = static_cast<double>(counters.ledger.log_syncs) / messages;
  state.counters["commits_per_message"] = static_cast<double>(counters.ledger.index_commits) / messages;
}

BENCHMARK(submit)
    ->ArgNames({"callers", "octets"})
    ->ArgsProduct({{1, 10, 50}, {1'000, 10'000}})
    ->UseRealTime()
    ->MinTime(1.0);

net::Task<void> fill(Queue& queue, net::Loop& loop, bool& filled) {
  const SharedOctets octets = share(std::string(1'000, 'm'));
  for (std::size_t i = 0; i < kEntries; i += 1'000) {
    Batch batch;
    for (int j = 0; j < 1'000; ++j) batch.emplace_back(message_of(octets));
    const auto added = co_await queue.submit(loop, std::move(batch), Moment::published);
    if (!added) co_return;
  }
  filled = true;
}

enum Start { with_index, without_index };

void start_with_100k(benchmark::State& state) {
  const Folder folder;
  net::UvLoop loop;
  net::ThreadPool thread(1);
  bool filled = false;
  {
    auto queue = Queue::open(folder.options(), thread);
    if (!queue) return state.SkipWithError(queue.error().text.c_str());
    loop.run(fill(**queue, loop, filled));
  }
  if (!filled) return state.SkipWithError("not filled");
  for (auto _ : state) {
    if (state.range(0) == without_index) {
      state.PauseTiming();
      std::filesystem::remove_all(folder.options().directory / "index");
      state.ResumeTiming();
    }
    auto queue = Queue::open(folder.options(), thread);
    if (!queue) return state.SkipWithError(queue.error().text.c_str());
    std::size_t waiting = 0;
    const auto walked = (*queue)->reader().walk([&](const Summary& summary) {
      waiting += summary.waiting;
      return true;
    });
    if (!walked || waiting != kEntries) return state.SkipWithError("entries are missing");
  }
}

BENCHMARK(start_with_100k)
    ->ArgName("without_index")
    ->Arg(with_index)
    ->Arg(without_index)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace posthaste::queue
