#include "deliveryd/change_feed.h"

#include <utility>

namespace posthaste::deliveryd {

void ChangeInbox::listen(UserId user, ChangeListener& listener) {
  listeners_[user].insert(&listener);
  const std::scoped_lock lock(mutex_);
  users_.insert(user);
}

void ChangeInbox::stop_listening(UserId user, ChangeListener& listener) {
  const auto found = listeners_.find(user);
  if (found == listeners_.end()) return;
  found->second.erase(&listener);
  if (!found->second.empty()) return;
  listeners_.erase(found);
  const std::scoped_lock lock(mutex_);
  users_.erase(user);
}

void ChangeInbox::offer(const mailbox::Change& change) {
  const std::scoped_lock lock(mutex_);
  if (!users_.contains(change.user)) return;
  if (waiting_.size() < kWaitingMax) {
    waiting_.push_back(change);
  } else {
    overflown_ = true;
  }
  if (!std::exchange(posted_, true)) loop_.post([inbox = shared_from_this()] { inbox->hand_out(); });
}

void ChangeInbox::hand_out() {
  std::vector<mailbox::Change> changes;
  bool overflown = false;
  {
    const std::scoped_lock lock(mutex_);
    changes = std::exchange(waiting_, {});
    overflown = std::exchange(overflown_, false);
    posted_ = false;
  }
  if (overflown) {
    std::set<ChangeListener*> everybody;
    for (const auto& [user, listeners] : listeners_) everybody.insert(listeners.begin(), listeners.end());
    for (ChangeListener* listener : everybody) listener->anything_changed();
    return;
  }
  for (const mailbox::Change& change : changes) {
    const auto found = listeners_.find(change.user);
    if (found == listeners_.end()) continue;
    for (ChangeListener* listener : found->second) listener->changed(change);
  }
}

std::shared_ptr<ChangeInbox> ChangeFeed::open_inbox(net::Loop& loop) {
  auto inbox = std::make_shared<ChangeInbox>(loop);
  const std::scoped_lock lock(mutex_);
  inboxes_.push_back(inbox);
  return inbox;
}

void ChangeFeed::publish(const mailbox::Change& change) {
  const std::scoped_lock lock(mutex_);
  for (const auto& weak : inboxes_) {
    if (const auto inbox = weak.lock()) inbox->offer(change);
  }
}

}  // namespace posthaste::deliveryd
