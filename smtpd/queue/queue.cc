#include "smtpd/queue/queue.h"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <variant>

#include "common/net/one_shot.h"
#include "smtpd/queue/writer.h"

namespace posthaste::queue {
namespace {

constexpr std::size_t kGroupMaxRequests = 128;
constexpr std::size_t kGroupMaxOctets = std::size_t{8} << 20;  // but for one request that has more
constexpr std::size_t kLargeOctets = std::size_t{1} << 20;     // such messages go in groups of their own
constexpr int kGroupsBeforeCompaction = 32;                    // when the writer is never idle

std::size_t octets_of(const Batch& batch) {
  std::size_t octets = 0;
  for (const Change& change : batch) {
    const auto* add = std::get_if<Add>(&change);
    if (add == nullptr) continue;
    for (const SharedOctets& piece : add->message) octets += piece.octets.size();
  }
  return octets;
}

/// New messages, of which nobody else knows before they are answered: what is asked later need not wait for them.
bool is_large(const Batch& batch, std::size_t octets) {
  return octets > kLargeOctets &&
         std::ranges::all_of(batch, [](const Change& change) { return std::holds_alternative<Add>(change); });
}

}  // namespace

/// Many sessions, one writer: what waits goes into one group; nobody waits for a timer.
/// Large messages have groups of their own, and between two of these goes one of what else waits.
class Queue::GroupCommit {
 public:
  GroupCommit(std::unique_ptr<Writer> writer, net::Executor& executor, std::move_only_function<void()> on_failure)
      : writer_(std::move(writer)), executor_(executor), on_failure_(std::move(on_failure)) {}
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  ~GroupCommit() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    idle_.wait(lock, [this] { return !draining_; });
  }

  /// Lets the writer look whether there is something to compact.
  void start() {
    {
      const std::scoped_lock lock(mutex_);
      draining_ = true;
    }
    executor_.post([this] { drain(); });
  }

  using Answer = std::move_only_function<void(Outcome)>;

  /// From any thread. `answer` is called once, on the writer's thread.
  void submit(Request request, Answer answer) {
    const std::size_t octets = octets_of(request.batch);
    {
      const std::scoped_lock lock(mutex_);
      auto& line = is_large(request.batch, octets) ? large_ : queue_;
      line.push_back({std::move(request), octets, std::move(answer)});
      if (draining_) return;
      draining_ = true;
    }
    executor_.post([this] { drain(); });
  }

  [[nodiscard]] const Reader& reader() const { return writer_->reader(); }

  [[nodiscard]] Counters counters() {
    const std::scoped_lock lock(mutex_);
    return counters_;
  }

 private:
  struct Waiting {
    Request request;
    std::size_t octets;
    Answer answer;
  };

  void drain() {
    while (true) {
      const bool idle = !commit_group();
      bool compacted = false;
      if (idle || ++groups_since_compaction_ >= kGroupsBeforeCompaction) {
        groups_since_compaction_ = 0;
        compacted = !is_stopping() && writer_->compact();
      }
      if (writer_->failed() && !std::exchange(failure_told_, true)) on_failure_();
      if (rest(compacted)) return;
    }
  }

  /// False when nothing waits.
  bool commit_group() {
    std::deque<Waiting> group = take_group();
    if (group.empty()) return false;
    std::vector<Request> requests;
    requests.reserve(group.size());
    for (Waiting& waiting : group) requests.push_back(std::move(waiting.request));

    const auto answer = [&](Moment moment, std::span<const Outcome> outcomes) {
      for (std::size_t i = 0; i < outcomes.size(); ++i) {
        if (requests[i].moment == moment) group[i].answer(outcomes[i]);
      }
    };
    const auto outcomes =
        writer_->commit(requests, [&](std::span<const Outcome> durable) { answer(Moment::durable, durable); });
    answer(Moment::published, outcomes);
    // What comes between this look and the end of the publication is taken by the next round.
    if (!work_waits()) static_cast<void>(writer_->publish());
    return true;
  }

  [[nodiscard]] std::deque<Waiting> take_group() {
    std::deque<Waiting> group;
    std::size_t octets = 0;
    const std::scoped_lock lock(mutex_);
    const bool takes_large = !large_.empty() && (queue_.empty() || !last_was_large_);
    last_was_large_ = takes_large;
    auto& line = takes_large ? large_ : queue_;
    while (!line.empty() && group.size() < kGroupMaxRequests) {
      octets += line.front().octets;
      if (!group.empty() && octets > kGroupMaxOctets) break;
      group.push_back(std::move(line.front()));
      line.pop_front();
    }
    return group;
  }

  [[nodiscard]] bool work_waits() {
    const std::scoped_lock lock(mutex_);
    return !queue_.empty() || !large_.empty();
  }

  [[nodiscard]] bool is_stopping() {
    const std::scoped_lock lock(mutex_);
    return stopping_;
  }

  /// Ends the round. True when there is nothing more to do.
  [[nodiscard]] bool rest(bool compacted) {
    const std::scoped_lock lock(mutex_);
    counters_ = writer_->counters();
    draining_ = compacted || !queue_.empty() || !large_.empty();
    if (!draining_) idle_.notify_all();
    return !draining_;
  }

  const std::unique_ptr<Writer> writer_;
  net::Executor& executor_;
  std::move_only_function<void()> on_failure_;  // of the writer's thread, like what follows
  bool failure_told_ = false;
  int groups_since_compaction_ = 0;
  std::mutex mutex_;
  std::deque<Waiting> queue_;  // guarded by mutex_, like all that follows
  std::deque<Waiting> large_;
  bool last_was_large_ = false;
  bool draining_ = false;
  bool stopping_ = false;
  Counters counters_;
  std::condition_variable idle_;
};

Queue::Queue(std::unique_ptr<GroupCommit> group_commit) : group_commit_(std::move(group_commit)) {}

Queue::~Queue() = default;

std::expected<std::unique_ptr<Queue>, OpenError> Queue::open(Options options, net::Executor& writer,
                                                             std::move_only_function<void()> on_failure) {
  auto opened = Writer::open(std::move(options));
  if (!opened) return std::unexpected(opened.error());
  auto group_commit = std::make_unique<GroupCommit>(std::move(*opened), writer, std::move(on_failure));
  group_commit->start();
  return std::unique_ptr<Queue>(new Queue(std::move(group_commit)));
}

net::Task<std::expected<std::vector<EntryId>, QueueError>> Queue::submit(net::Loop& loop, Batch batch,
                                                                         Moment moment) {
  net::OneShot<Outcome> answered{loop};
  GroupCommit::Answer answer = [&answered](Outcome outcome) { answered.set(std::move(outcome)); };
  Request request{std::move(batch), moment};
  group_commit_->submit(std::move(request), std::move(answer));
  co_return co_await answered;
}

const Reader& Queue::reader() const { return group_commit_->reader(); }

Counters Queue::counters() const { return group_commit_->counters(); }

}  // namespace posthaste::queue
