#include "smtpd/relay/places.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace posthaste::relay {

net::Task<bool> Places::take(Destination destination, std::string sender) {
  if (stopped_) co_return false;
  const Entry fresh{std::min(kPlacesAtFirst, per_destination_max_)};
  auto& entry = entries_.try_emplace(std::move(destination), fresh).first->second;  // stays while we wait for it
  if (entry.has_room() && shares_.has_room(sender)) {  // nobody who waits could have it
    shares_.take(sender);
    ++entry.taken;
    co_return true;
  }
  Waiter waiter{entry};
  ++entry.waiting;
  waiting_[std::move(sender)].waiters.push_back(&waiter);
  while (!waiter.admitted && !stopped_) co_await waiter.changed.wait();
  co_return waiter.admitted;
}

std::list<Places::Waiter*>::iterator Places::next_of(std::list<Waiter*>& waiters) {
  auto next = waiters.end();
  for (auto each = waiters.begin(); each != waiters.end(); ++each) {
    const Entry& entry = (*each)->entry;
    if (!entry.has_room()) continue;
    if (next == waiters.end() || entry.taken < (*next)->entry.taken) next = each;
    if (entry.taken == 0) break;
  }
  return next;
}

bool Places::admit_next() {
  auto sender = waiting_.end();
  std::list<Waiter*>::iterator next;
  std::pair<std::size_t, std::size_t> best;
  for (auto each = waiting_.begin(); each != waiting_.end(); ++each) {
    if (!shares_.has_room(each->first)) continue;
    const auto first = next_of(each->second.waiters);
    if (first == each->second.waiters.end()) continue;
    const std::pair place{shares_.held_by(each->first), each->second.last_turn};
    if (sender != waiting_.end() && place >= best) continue;
    sender = each;
    next = first;
    best = place;
  }
  if (sender == waiting_.end()) return false;

  Waiter& waiter = **next;
  shares_.take(sender->first);
  ++waiter.entry.taken;
  --waiter.entry.waiting;
  sender->second.last_turn = ++turn_;
  sender->second.waiters.erase(next);
  if (sender->second.waiters.empty()) waiting_.erase(sender);
  waiter.admitted = true;
  waiter.changed.notify_all();
  return true;
}

void Places::give_back(const Destination& destination, const std::string& sender, Experience experience) {
  const auto found = entries_.find(destination);
  assert(found != entries_.end() && found->second.taken > 0);
  auto& entry = found->second;
  const bool all_taken = entry.taken >= entry.limit;
  if (experience == Experience::took_mail && all_taken)
    entry.limit = std::min(entry.limit + 1, per_destination_max_);
  if (experience == Experience::no_connection && entry.limit > 1) --entry.limit;
  --entry.taken;
  shares_.give_back(sender);
  if (stopped_) return;
  while (admit_next()) {
  }
  if (entry.taken == 0 && entry.waiting == 0) entries_.erase(found);
}

void Places::stop() {
  stopped_ = true;
  for (auto& [sender, line] : std::exchange(waiting_, {})) {
    for (auto* waiter : line.waiters) waiter->changed.notify_all();
  }
}

}  // namespace posthaste::relay
