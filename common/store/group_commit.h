// Many sessions, one writer: what waits goes into groups, users in turn; nobody waits for a timer.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <utility>

#include "common/ledger/rounds.h"
#include "common/mailbox/applier.h"
#include "common/net/clock.h"
#include "common/net/executor.h"
#include "common/net/loop.h"
#include "common/net/task.h"
#include "common/store/waiting_line.h"
#include "common/store/writer.h"

namespace posthaste::store {

/// Shared by all loops of the process. It runs on one executor of one thread, and with one that runs work inline.
class GroupCommit {
 public:
  /// `writer` and `executor` outlive it. It is destroyed when everything submitted was answered. `on_failure` is
  /// called once, on the writer's thread, when the writer has failed: what it was told to publish may be durable
  /// and not seen until the store is opened again.
  GroupCommit(
      Writer& writer, net::Executor& executor, std::move_only_function<void()> on_failure = [] {})
      : writer_(writer),
        on_failure_(std::move(on_failure)),
        rounds_(executor, [this](std::deque<Waiting> group) { return commit(std::move(group)); }) {}
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;
  /// Waits for the writer's thread, which may still be publishing what it has answered. What is left over stays for
  /// the next time.
  ~GroupCommit() = default;

  using Answer = std::move_only_function<void(Outcome)>;

  /// Removes what is left over from before, when nobody asks for anything. Once, before the first submit().
  void start(Time now);

  /// From any thread. What is made in steps goes behind all that the user waits for after each of them. `answer` is
  /// called once, on the writer's thread: for a delivery when it is durable, for anything else when it is
  /// published.
  void submit(Request request, Time now, Answer answer);

  /// From any thread. From now on a DeleteUser that is not finished after a step is answered `unavailable`: the
  /// process is about to end, and whoever asked asks again at the next start.
  void stop_deleting_users() noexcept { deletes_users_ = false; }

 private:
  /// Of an empty group, some of what is left over. Whether there is more of that.
  [[nodiscard]] bool commit(std::deque<Waiting> group);
  void tell_failure();

  Writer& writer_;
  std::move_only_function<void()> on_failure_;  // both of the writer's thread
  bool failure_told_ = false;
  Time now_{};  // of the last group
  std::atomic<bool> deletes_users_ = true;
  ledger::Rounds<WaitingLine> rounds_;  // which use all before it
};

/// The store as the sessions of one loop see it, in the writer's own process.
class LocalStore final : public mailbox::Deliverer {
 public:
  /// All three outlive it, and it outlives the tasks it gave.
  LocalStore(GroupCommit& group_commit, net::Loop& loop, const net::Clock& clock)
      : group_commit_(group_commit), loop_(loop), clock_(clock) {}

  net::Task<std::expected<ApplyResult, StoreError>> apply(UserId user, Batch batch, IdempotencyKey key) override;

  net::Task<std::expected<Delivered, StoreError>> deliver(Deliver message) override;

 private:
  net::Task<Outcome> submit(Request request);

  GroupCommit& group_commit_;
  net::Loop& loop_;
  const net::Clock& clock_;
};

}  // namespace posthaste::store
