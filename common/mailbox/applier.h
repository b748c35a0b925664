// Changes to the store, as its clients see them: in this process, or across the store socket.
#pragma once

#include <expected>

#include "common/mailbox/operations.h"
#include "common/net/task.h"

namespace posthaste::mailbox {

class Applier {
 public:
  virtual ~Applier() = default;

  /// Answered when readers see it. Errors: those of the operations; io and unavailable, after which a repeat with
  /// the same key is safe.
  virtual net::Task<std::expected<ApplyResult, StoreError>> apply(UserId user, Batch batch, IdempotencyKey key) = 0;
};

}  // namespace posthaste::mailbox
