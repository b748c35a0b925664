#include "smtpd/relay/places.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace posthaste::relay {

net::Task<bool> Places::take(Destination destination) {
  if (stopped_) co_return false;
  const Entry fresh{std::min(kPlacesAtFirst, per_destination_max_)};
  auto& entry = entries_.try_emplace(std::move(destination), fresh).first->second;  // stays while we wait for it
  Waiter waiter;
  entry.waiting.push_back(&waiter);
  admit(entry);
  while (!waiter.admitted && !stopped_) co_await waiter.changed.wait();
  co_return waiter.admitted;
}

void Places::admit(Entry& entry) {
  while (!entry.waiting.empty() && has_room(entry)) {
    auto& waiter = *entry.waiting.front();
    entry.waiting.pop_front();
    ++entry.taken;
    ++taken_;
    waiter.admitted = true;
    waiter.changed.notify_all();
  }
}

void Places::give_back(const Destination& destination, Experience experience) {
  const auto found = entries_.find(destination);
  assert(found != entries_.end() && found->second.taken > 0);
  auto& entry = found->second;
  const bool all_taken = entry.taken >= entry.limit;
  if (experience == Experience::took_mail && all_taken)
    entry.limit = std::min(entry.limit + 1, per_destination_max_);
  if (experience == Experience::no_connection && entry.limit > 1) --entry.limit;
  --entry.taken;
  const bool overall_was_full = taken_-- == overall_max_;
  if (stopped_) return;
  if (overall_was_full) admit_others(destination);
  admit(entry);
  if (entry.taken == 0 && entry.waiting.empty()) entries_.erase(found);
}

/// The other destinations first, in turn, so that a busy one does not keep the last place for ever.
void Places::admit_others(const Destination& after) {
  const auto next = entries_.upper_bound(after);
  for (auto entry = next; entry != entries_.end(); ++entry) admit(entry->second);
  for (auto entry = entries_.begin(); entry != next && entry->first < after; ++entry) admit(entry->second);
}

void Places::stop() {
  stopped_ = true;
  for (auto& [destination, entry] : entries_) {
    for (auto* waiter : std::exchange(entry.waiting, {})) waiter->changed.notify_all();
  }
}

}  // namespace posthaste::relay
