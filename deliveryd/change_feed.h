// Published changes on their way from the writer's thread to the store sessions of each worker.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/operations.h"
#include "common/net/loop.h"

namespace posthaste::deliveryd {

/// Who is told. Called on its worker's loop; must not start or stop listening from inside.
class ChangeListener {
 public:
  virtual ~ChangeListener() = default;
  virtual void changed(const mailbox::Change& change) = 0;
  /// Changes were lost: anything may have changed.
  virtual void anything_changed() = 0;
};

/// One worker's queue of changes. Bounded: when its loop does not keep up, all of them become anything_changed().
class ChangeInbox : public std::enable_shared_from_this<ChangeInbox> {
 public:
  static constexpr std::size_t kWaitingMax = 4096;

  explicit ChangeInbox(net::Loop& loop) noexcept : loop_(loop) {}

  /// On the loop. From its return on, the user's changes are told.
  void listen(UserId user, ChangeListener& listener);
  void stop_listening(UserId user, ChangeListener& listener);

  /// From any thread. A change that nobody here listens for is dropped at once.
  void offer(const mailbox::Change& change);

 private:
  void hand_out();

  net::Loop& loop_;
  std::map<UserId, std::set<ChangeListener*>> listeners_;  // the loop's own

  std::mutex mutex_;
  std::set<UserId> users_;              // the keys of listeners_; guarded by mutex_
  std::vector<mailbox::Change> waiting_;  // guarded by mutex_
  bool overflown_ = false;              // guarded by mutex_
  bool posted_ = false;                 // guarded by mutex_
};

/// All inboxes. Outlives them.
class ChangeFeed {
 public:
  [[nodiscard]] std::shared_ptr<ChangeInbox> open_inbox(net::Loop& loop);

  /// From the writer's thread.
  void publish(const mailbox::Change& change);

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<ChangeInbox>> inboxes_;  // guarded by mutex_
};

}  // namespace posthaste::deliveryd
