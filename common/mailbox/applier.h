// All that changes users' mail, as those see it who ask for it: in the engine's own process, or far from it.
#pragma once

#include <expected>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/operations.h"
#include "common/mailbox/store_error.h"
#include "common/net/task.h"

namespace posthaste::mailbox {

/// Of one loop.
class Applier {
 public:
  Applier() = default;
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;
  virtual ~Applier() = default;

  /// Octets on their way, in the order of `blobs`: durable no later than the first batch that names them. Whoever
  /// gets a handle knows nothing of what is behind it. Errors: full, unavailable.
  using Put = net::ValueOrTask<std::expected<std::vector<BlobHandle>, StoreError>>;
  [[nodiscard]] virtual Put put_blobs(UserId user, std::vector<NewBlob> blobs);

  /// All of the batch or nothing, for one user; answered when readers see it. Give `key` a name of its own: g++ 12
  /// destroys a braced one twice when it stands in the await. Errors: those of the operations; unavailable: nothing
  /// was done; outcome_unknown and io: it may or may not have happened. After these three a repeat under the same
  /// key is safe, and is answered as the first would have been.
  virtual net::Task<std::expected<ApplyResult, StoreError>> apply(UserId user, Batch batch, IdempotencyKey key) = 0;
};

/// One that takes deliveries, too.
class Deliverer : public Applier {
 public:
  /// Answered when it is durable; readers see it a moment later. A delivery that has an id and is repeated is
  /// answered as the first time. Errors: those of Deliver; unavailable, outcome_unknown and io, as above.
  virtual net::Task<std::expected<Delivered, StoreError>> deliver(Deliver message) = 0;
};

}  // namespace posthaste::mailbox
