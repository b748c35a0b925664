// The one writer: groups of batches become log records, then index rows, in two moments; and the compaction of the
// log.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/ledger/groups.h"
#include "smtpd/queue/change.h"
#include "smtpd/queue/queue.h"
#include "smtpd/queue/reader.h"

namespace posthaste::queue {

struct Request {
  Batch batch;
  Moment moment = Moment::durable;
};

using Outcome = std::expected<std::vector<EntryId>, QueueError>;

/// Used by one thread.
class Writer {
 public:
  static constexpr int kGroupsPutOff = ledger::kGroupsPutOff;

  /// As Queue::open.
  [[nodiscard]] static std::expected<std::unique_ptr<Writer>, OpenError> open(const Options& options);
  ~Writer();

  /// Runs a group. Each batch is all or nothing and sees those before it. `durable` is called once, when the log is
  /// on disk: from then on no crash loses what succeeded. The outcomes that come back are for the batches that wait
  /// for publication, and final for them; when there are none, publication is put off, for up to kGroupsPutOff
  /// groups. If it fails, their `io` means that the batch is durable and will show after the next start.
  [[nodiscard]] std::vector<Outcome> commit(std::span<const Request> requests,
                                            const std::function<void(std::span<const Outcome>)>& durable);

  /// Publishes what was put off. Errors: io; the writer has failed.
  [[nodiscard]] std::expected<void, QueueError> publish();

  /// Publishes, then frees a segment or moves some of the oldest one's live entries to the log's end, when that is
  /// due. True when there is more to do.
  bool compact();

  /// After an I/O error nothing is written any more, and every outcome is `io`.
  [[nodiscard]] bool failed() const;
  [[nodiscard]] const Reader& reader() const;
  [[nodiscard]] Counters counters() const;

 private:
  class Core;
  explicit Writer(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace posthaste::queue
