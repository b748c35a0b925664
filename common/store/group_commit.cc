#include "common/store/group_commit.h"

#include <utility>

#include "common/net/one_shot.h"

namespace posthaste::store {
namespace {

std::size_t octets_of(const std::vector<Annotation>& annotations) {
  std::size_t octets = 0;
  for (const Annotation& annotation : annotations) octets += annotation.value ? annotation.value->size() : 0;
  return octets;
}

std::size_t octets_of(const Request& request) {
  if (const auto* deliver = std::get_if<Deliver>(&request)) return deliver->blob->octets().size();
  std::size_t octets = 0;
  for (const Operation& operation : std::get<ApplyRequest>(request).batch.operations) {
    if (const auto* append = std::get_if<Append>(&operation)) octets += append->blob->octets().size();
    if (const auto* metadata = std::get_if<SetMetadata>(&operation)) octets += octets_of(metadata->annotations);
  }
  return octets;
}

bool is_delivery(const Outcome& outcome) { return std::holds_alternative<DeliverOutcome>(outcome); }

}  // namespace

GroupCommit::~GroupCommit() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return !draining_; });
}

void GroupCommit::submit(Request request, Time now, Answer answer) {
  const std::size_t octets = octets_of(request);
  {
    const std::scoped_lock lock(mutex_);
    queue_.push_back({std::move(request), now, octets, std::move(answer)});
    if (draining_) return;
    draining_ = true;
  }
  executor_.post([this] { drain(); });
}

void GroupCommit::drain() {
  while (true) {
    std::deque<Waiting> group = take_group();
    if (group.empty()) return;
    commit(std::move(group));
  }
}

/// Nothing when the queue is empty; then the next submit() posts a new drain.
std::deque<GroupCommit::Waiting> GroupCommit::take_group() {
  const std::scoped_lock lock(mutex_);
  std::deque<Waiting> group;
  std::size_t octets = 0;
  while (!queue_.empty() && group.size() < kGroupMaxRequests && octets < kGroupMaxOctets) {
    octets += queue_.front().octets;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  draining_ = !group.empty();
  if (!draining_) idle_.notify_all();
  return group;
}

bool GroupCommit::work_waits() {
  const std::scoped_lock lock(mutex_);
  return !queue_.empty();
}

void GroupCommit::commit(std::deque<Waiting> group) {
  std::vector<Request> requests;
  requests.reserve(group.size());
  for (Waiting& waiting : group) requests.push_back(std::move(waiting.request));

  auto answer_deliveries = [&group](std::span<const Outcome> outcomes) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (is_delivery(outcomes[i])) group[i].answer(outcomes[i]);
    }
  };
  std::vector<Outcome> outcomes =
      writer_.commit(requests, group.back().now, Publication::may_wait, answer_deliveries);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!is_delivery(outcomes[i])) group[i].answer(std::move(outcomes[i]));
  }
  // What comes between this look and the end of the publication is taken by the next round.
  if (!work_waits()) static_cast<void>(writer_.publish());
  if (writer_.failed()) tell_failure();
}

void GroupCommit::tell_failure() {
  if (!std::exchange(failure_told_, true)) on_failure_();
}

net::Task<Outcome> LocalStore::submit(Request request) {
  net::OneShot<Outcome> answered{loop_};
  GroupCommit::Answer answer = [&answered](Outcome outcome) { answered.set(std::move(outcome)); };
  group_commit_.submit(std::move(request), clock_.wall(), std::move(answer));
  co_return co_await answered;
}

net::Task<std::expected<ApplyResult, StoreError>> LocalStore::apply(UserId user, Batch batch, IdempotencyKey key) {
  Request request = ApplyRequest{user, std::move(batch), std::move(key)};
  Outcome outcome = co_await submit(std::move(request));
  co_return std::get<ApplyOutcome>(std::move(outcome));
}

net::Task<std::expected<Delivered, StoreError>> LocalStore::deliver(Deliver message) {
  Request request = std::move(message);
  Outcome outcome = co_await submit(std::move(request));
  co_return std::get<DeliverOutcome>(std::move(outcome));
}

}  // namespace posthaste::store
