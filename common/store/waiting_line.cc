#include "common/store/waiting_line.h"

#include <utility>
#include <variant>

#include "common/ledger/groups.h"

namespace posthaste::store {
namespace {

UserId user_of(const Request& request) {
  return std::visit([](const auto& each) { return each.user; }, request);
}

}  // namespace

void WaitingLine::add(Waiting waiting) {
  const UserId user = user_of(waiting.request);
  auto& theirs = waiting_[user];
  if (theirs.empty()) turns_.push_back(user);
  theirs.push_back(std::move(waiting));
}

std::deque<Waiting> WaitingLine::take_group() {
  std::deque<Waiting> group;
  std::deque<UserId> passed;  // whose next request does not fit
  std::size_t octets = 0;
  const bool takes_large = !std::exchange(last_was_large_, false);
  while (!turns_.empty() && group.size() < ledger::kGroupMaxRequests && !last_was_large_) {
    const UserId user = turns_.front();
    turns_.pop_front();
    const std::size_t more = waiting_[user].front().octets;
    last_was_large_ = more > ledger::kGroupMaxOctets && group.empty() && takes_large;
    if (octets + more > ledger::kGroupMaxOctets && !last_was_large_) {
      passed.push_back(user);
      continue;
    }
    octets += more;
    group.push_back(take_first_of(user));
  }
  turns_.insert(turns_.begin(), passed.begin(), passed.end());
  if (!group.empty() || turns_.empty()) return group;
  last_was_large_ = true;  // nothing else waits
  const UserId user = turns_.front();
  turns_.pop_front();
  group.push_back(take_first_of(user));
  return group;
}

Waiting WaitingLine::take_first_of(UserId user) {
  const auto theirs = waiting_.find(user);
  Waiting first = std::move(theirs->second.front());
  theirs->second.pop_front();
  if (theirs->second.empty()) {
    waiting_.erase(theirs);
  } else {
    turns_.push_back(user);
  }
  return first;
}

}  // namespace posthaste::store
