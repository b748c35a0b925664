// How one learns that a user's mail may have changed.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "common/base/ids.h"
#include "common/mailbox/operations.h"

namespace posthaste::mailbox {

/// One published change, or nothing when anything of the user's may have changed.
using Notification = std::optional<Change>;

/// Runs on the subscriber's loop. It may subscribe and unsubscribe, itself too, and must not block.
using OnChange = std::function<void(const Notification&)>;

/// Lasts until it goes.
class Subscription {
 public:
  Subscription() = default;
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  virtual ~Subscription() = default;
};

/// Of one loop; it outlives its subscriptions.
class Changes {
 public:
  Changes() = default;
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;
  virtual ~Changes() = default;

  /// Calls `on_change` rather once too often than once too rarely; with nothing whenever changes may have been
  /// lost. A change is either told or in a snapshot that is read afterwards: subscribe, read, and when called read
  /// again. What has changed meanwhile Snapshot::changes(), vanished() and scan_changed() say.
  [[nodiscard]] virtual std::unique_ptr<Subscription> subscribe(UserId user, OnChange on_change) = 0;
};

}  // namespace posthaste::mailbox
