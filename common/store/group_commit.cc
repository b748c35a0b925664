#include "common/store/group_commit.h"

#include <algorithm>
#include <utility>

#include "common/net/one_shot.h"

namespace posthaste::store {
namespace {

std::size_t octets_of(const std::vector<Annotation>& annotations) {
  std::size_t octets = 0;
  for (const Annotation& annotation : annotations) octets += annotation.value ? annotation.value->size() : 0;
  return octets;
}

constexpr std::size_t kRowOctets = 512;  // a row's change counts as so many octets of a message

std::size_t octets_of(const UidSet& uids) {
  return kRowOctets * static_cast<std::size_t>(std::min<std::uint64_t>(uids.size(), kRenamedMessagesMax));
}

std::size_t octets_of(const Request& request) {
  if (const auto* deliver = std::get_if<Deliver>(&request)) return deliver->blob->octets().size();
  std::size_t octets = 0;
  for (const Operation& operation : std::get<ApplyRequest>(request).batch.operations) {
    if (const auto* append = std::get_if<Append>(&operation)) octets += append->blob->octets().size();
    if (const auto* copy = std::get_if<Copy>(&operation)) octets += octets_of(copy->uids);
    if (const auto* move = std::get_if<Move>(&operation)) octets += octets_of(move->uids);
    if (const auto* flags = std::get_if<StoreFlags>(&operation)) octets += octets_of(flags->uids);
    if (const auto* metadata = std::get_if<SetMetadata>(&operation)) octets += octets_of(metadata->annotations);
  }
  return octets;
}

bool deletes_user(const Request& request) {
  const auto* apply = std::get_if<ApplyRequest>(&request);
  return apply != nullptr && apply->batch.operations.size() == 1 &&
         std::holds_alternative<DeleteUser>(apply->batch.operations.front());
}

bool is_delivery(const Outcome& outcome) { return std::holds_alternative<DeliverOutcome>(outcome); }

}  // namespace

void GroupCommit::start(Time now) {
  now_ = now;
  rounds_.start();
}

void GroupCommit::submit(Request request, Time now, Answer answer) {
  const std::size_t octets = octets_of(request);
  rounds_.add({std::move(request), now, octets, std::move(answer)});
}

bool GroupCommit::commit(std::deque<Waiting> group) {
  std::vector<Request> requests;
  requests.reserve(group.size());
  for (Waiting& waiting : group) requests.push_back(std::move(waiting.request));

  auto answer_deliveries = [&group](std::span<const Outcome> outcomes) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (is_delivery(outcomes[i])) group[i].answer(outcomes[i]);
    }
  };
  if (!group.empty()) now_ = group.back().now;
  std::vector<Outcome> outcomes = writer_.commit(requests, now_, Publication::may_wait, answer_deliveries);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    auto* unfinished = std::get_if<Unfinished>(&outcomes[i]);
    if (unfinished != nullptr && !deletes_users_ && deletes_user(requests[i])) {
      group[i].answer(ApplyOutcome{std::unexpected(StoreError::unavailable)});
    } else if (unfinished != nullptr) {
      std::get<ApplyRequest>(requests[i]).so_far = std::move(unfinished->copy);
      group[i].request = std::move(requests[i]);
      rounds_.add(std::move(group[i]));
    } else if (!is_delivery(outcomes[i])) {
      group[i].answer(std::move(outcomes[i]));
    }
  }
  // What comes between this look and the end of the publication is taken by the next round.
  if (!rounds_.somebody_waits()) static_cast<void>(writer_.publish());
  if (writer_.failed()) tell_failure();
  return writer_.has_leftovers();
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
