// How a session learns that the user's mail may have changed.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "common/base/ids.h"
#include "common/mailbox/operations.h"

namespace posthaste::imapd {

/// Lasts until it goes.
class Subscription {
 public:
  Subscription() = default;
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  virtual ~Subscription() = default;
};

class Subscriptions {
 public:
  /// One published change, or nothing when any of the user's mailboxes may have changed.
  using OnChange = std::function<void(const std::optional<mailbox::Change>&)>;

  Subscriptions() = default;
  Subscriptions(const Subscriptions&) = delete;
  Subscriptions& operator=(const Subscriptions&) = delete;
  virtual ~Subscriptions() = default;

  /// Calls `on_change` on this loop, rather once too often than once too rarely. What was published before is in
  /// the snapshot: subscribe first, then read.
  [[nodiscard]] virtual std::unique_ptr<Subscription> subscribe(UserId user, OnChange on_change) = 0;
};

}  // namespace posthaste::imapd
