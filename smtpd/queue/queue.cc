#include "smtpd/queue/queue.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <variant>

#include "common/ledger/groups.h"
#include "common/ledger/rounds.h"
#include "common/net/one_shot.h"
#include "smtpd/queue/writer.h"

namespace posthaste::queue {
namespace {

constexpr std::size_t kLargeOctets = std::size_t{1} << 20;  // such messages go in groups of their own
constexpr int kGroupsBeforeCompaction = 32;                 // when the writer is never idle

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

struct Waiting {
  Request request;
  std::size_t octets;
  std::move_only_function<void(Outcome)> answer;
};

/// First come, first served; but large messages have groups of their own, and between two of these goes one of what
/// else waits.
class WaitingLine {
 public:
  using Waiting = queue::Waiting;

  void add(Waiting waiting) {
    auto& line = is_large(waiting.request.batch, waiting.octets) ? large_ : others_;
    line.push_back(std::move(waiting));
  }
  [[nodiscard]] bool empty() const { return large_.empty() && others_.empty(); }

  [[nodiscard]] std::deque<Waiting> take_group() {
    std::deque<Waiting> group;
    std::size_t octets = 0;
    const bool takes_large = !large_.empty() && (others_.empty() || !last_was_large_);
    last_was_large_ = takes_large;
    auto& line = takes_large ? large_ : others_;
    while (!line.empty() && group.size() < ledger::kGroupMaxRequests) {
      octets += line.front().octets;
      if (!group.empty() && octets > ledger::kGroupMaxOctets) break;
      group.push_back(std::move(line.front()));
      line.pop_front();
    }
    return group;
  }

 private:
  std::deque<Waiting> others_;
  std::deque<Waiting> large_;
  bool last_was_large_ = false;
};

}  // namespace

/// Many sessions, one writer: what waits goes into one group; nobody waits for a timer.
class Queue::GroupCommit {
 public:
  GroupCommit(std::unique_ptr<Writer> writer, net::Executor& executor, std::move_only_function<void()> on_failure)
      : writer_(std::move(writer)),
        on_failure_(std::move(on_failure)),
        rounds_(executor, [this](std::deque<Waiting> group) { return go_round(std::move(group)); }) {}

  /// Lets the writer look whether there is something to compact.
  void start() { rounds_.start(); }

  using Answer = std::move_only_function<void(Outcome)>;

  /// From any thread. `answer` is called once, on the writer's thread.
  void submit(Request request, Answer answer) {
    const std::size_t octets = octets_of(request.batch);
    rounds_.add({std::move(request), octets, std::move(answer)});
  }

  [[nodiscard]] const Reader& reader() const { return writer_->reader(); }

  [[nodiscard]] Counters counters() {
    const std::scoped_lock lock(mutex_);
    return counters_;
  }

 private:
  /// Whether there is more to compact.
  bool go_round(std::deque<Waiting> group) {
    const bool idle = group.empty();
    if (!idle) commit(std::move(group));
    bool compacted = false;
    if (idle || ++groups_since_compaction_ >= kGroupsBeforeCompaction) {
      groups_since_compaction_ = 0;
      compacted = !rounds_.is_ending() && writer_->compact();
    }
    if (writer_->failed() && !std::exchange(failure_told_, true)) on_failure_();
    const std::scoped_lock lock(mutex_);
    counters_ = writer_->counters();
    return compacted;
  }

  void commit(std::deque<Waiting> group) {
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
    if (!rounds_.somebody_waits()) static_cast<void>(writer_->publish());
  }

  const std::unique_ptr<Writer> writer_;
  std::move_only_function<void()> on_failure_;  // of the writer's thread, like what follows
  bool failure_told_ = false;
  int groups_since_compaction_ = 0;
  std::mutex mutex_;
  Counters counters_;                   // guarded by mutex_
  ledger::Rounds<WaitingLine> rounds_;  // which use all before it
};

Queue::Queue(std::unique_ptr<GroupCommit> group_commit) : group_commit_(std::move(group_commit)) {}

Queue::~Queue() = default;

std::expected<std::unique_ptr<Queue>, OpenError> Queue::open(Options options, net::Executor& writer,
                                                             std::move_only_function<void()> on_failure) {
  auto opened = Writer::open(options);
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
