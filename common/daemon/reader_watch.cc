#include "common/daemon/reader_watch.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "common/lmdb/environment.h"
#include "common/lmdb/open_readers.h"

namespace posthaste::daemon {
namespace {

constexpr std::uint32_t kLooksMax = 10;  // of one reader: then it never ends
constexpr std::uint32_t kLooksBetweenWords = 10;

/// What ended late, until it is told.
struct Late {
  std::uint32_t count = 0;
  std::chrono::milliseconds longest{0};
};

/// Other processes' readers of the environments that this one writes.
class Elsewhere {
 public:
  void look(const log::Log& log) {
    std::map<lmdb::OtherReader, std::uint32_t> now;
    for (const lmdb::OtherReader& reader : lmdb::clear_dead_readers()) {
      const auto before = looks_.find(reader);
      const std::uint32_t looks = before == looks_.end() ? 1 : before->second + 1;
      now.emplace(reader, looks);
      if (looks == kLooksMax) {
        log.warning("daemon.reader.elsewhere", {{"pid", reader.pid}});
      }
    }
    looks_ = std::move(now);
  }

 private:
  std::map<lmdb::OtherReader, std::uint32_t> looks_;
};

}  // namespace

ReaderWatch::ReaderWatch(const log::Log& log, std::chrono::milliseconds interval, std::function<void()> beside)
    : log_(log), interval_(interval), beside_(std::move(beside)), thread_([this] { watch(); }) {}

ReaderWatch::~ReaderWatch() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  ends_.notify_all();
  thread_.join();
}

/// False when it is over.
bool ReaderWatch::wait() {
  std::unique_lock lock(mutex_);
  return !ends_.wait_for(lock, interval_, [this] { return ending_; });
}

void ReaderWatch::watch() {
  lmdb::ReaderLooks looks;
  Elsewhere elsewhere;
  Late late;
  for (std::uint32_t since_word = kLooksBetweenWords; wait(); ++since_word) {
    const lmdb::ReadersSeen seen = looks.look();
    if (seen.oldest_looks >= kLooksMax) {
      log_.error("daemon.reader.stuck", {{"held_ms", seen.oldest_held->count()}});
      std::abort();
    }
    late.count += seen.ended_late;
    late.longest = std::max(late.longest, seen.latest);
    if (late.count > 0 && since_word >= kLooksBetweenWords) {
      log_.warning("daemon.reader.held", {{"count", late.count}, {"longest_ms", late.longest.count()}});
      late = {};
      since_word = 0;
    }
    elsewhere.look(log_);
    beside_();
  }
}

}  // namespace posthaste::daemon
