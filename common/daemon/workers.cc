#include "common/daemon/workers.h"

#include <memory>
#include <thread>

#include "common/daemon/damage.h"
#include "common/daemon/reader_watch.h"
#include "common/net/system_random.h"
#include "common/net/thread_pool.h"
#include "common/net/uv_loop.h"

namespace posthaste::daemon {
namespace {

/// A worker's loop and what hangs on it. Made before its thread, and gone after it.
class Thread {
 public:
  Thread(std::size_t index, net::Executor& io, net::Executor& hashing)
      : network_(loop_), world_{loop_, loop_, random_, network_, io, hashing}, worker_{index, world_, scope_, {}} {}

  [[nodiscard]] net::UvLoop& loop() noexcept { return loop_; }
  [[nodiscard]] Worker& worker() noexcept { return worker_; }

  net::UvListener& add_listener(const std::string& name, std::unique_ptr<net::UvListener> listener) {
    worker_.listeners.emplace(name, listener.get());
    listeners_.push_back(std::move(listener));
    return *listeners_.back();
  }

  void start(Program& program) {
    thread_ = std::jthread{[this, &program] { loop_.run(serve_and_close(program)); }};
  }

  void stop() {
    loop_.post([this] {
      for (const auto& listener : listeners_) listener->close();
      scope_.stop();
    });
  }

  void join() { thread_.join(); }

 private:
  net::Task<void> serve_and_close(Program& program) {
    co_await program.serve(worker_);
    co_await scope_.drained();
  }

  net::UvLoop loop_;
  net::SystemRandom random_;
  net::UvNetwork network_;
  net::World world_;
  net::TaskScope scope_;
  std::vector<std::unique_ptr<net::UvListener>> listeners_;
  Worker worker_;
  std::jthread thread_;
};

}  // namespace

void serve(Program& program, const Setting& setting, const std::vector<BoundSocket>& sockets, Heartbeat& heart,
           const WaitForEnd& wait_for_end) {
  net::ThreadPool io{setting.config.workers.io_threads};
  net::ThreadPool hashing{setting.config.auth.hashing_threads, setting.config.auth.hashing_queue_max};
  std::vector<std::unique_ptr<Thread>> threads;
  for (std::size_t i = 0; i < setting.workers; ++i) threads.push_back(std::make_unique<Thread>(i, io, hashing));

  std::size_t turn = 0;
  for (const auto& [name, socket, served] : sockets) {
    const bool single = served == Binding::Served::by_the_first;
    if (single || !socket.endpoint().is_unix()) {
      Thread& thread = *threads[single ? 0 : turn++ % threads.size()];
      thread.add_listener(name, std::make_unique<net::UvListener>(thread.loop(), socket));
      continue;
    }
    std::vector<net::UvListener*> targets;
    for (const auto& thread : threads) {
      targets.push_back(&thread->add_listener(name, std::make_unique<net::UvListener>(thread->loop())));
    }
    Thread& first = *threads.front();
    first.add_listener("", std::make_unique<net::UvListener>(first.loop(), socket, std::move(targets)));
  }

  std::vector<Worker*> workers;
  for (const auto& thread : threads) workers.push_back(&thread->worker());
  program.prepare(workers);
  DiskWatch disks{program.disks(), setting.config, setting.log};
  const ReaderWatch reader_watch{setting.log, ReaderWatch::kInterval, [&] {
                                   tell_of_damage(setting.log, setting.config);
                                   disks.look();
                                 }};
  for (const auto& thread : threads) thread->start(program);
  wait_for_end([&] {
    for (const auto& thread : threads) {
      thread->loop().post([&heart, loop = thread->worker().index] { heart.beat(loop); });
    }
  });
  for (const auto& thread : threads) thread->stop();
  for (const auto& thread : threads) thread->join();
}

}  // namespace posthaste::daemon
