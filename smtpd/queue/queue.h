// The durable outbound queue: batches from every loop, one writer, one copy of a message for all its recipients.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/open_error.h"
#include "common/ledger/groups.h"
#include "common/net/executor.h"
#include "common/net/loop.h"
#include "common/net/task.h"
#include "smtpd/queue/change.h"
#include "smtpd/queue/entry.h"
#include "smtpd/queue/reader.h"
#include "smtpd/queue/rebuilt_index.h"

namespace posthaste::queue {

struct Options {
  std::filesystem::path directory;
  std::uint64_t map_octets = kIndexMapOctets;
  std::uint64_t segment_octets = std::uint64_t{64} << 20;  // a new one is begun when the last has as many
  /// Free octets below which nothing is added. Nothing: 64 MB, or an eighth of a smaller file system.
  std::optional<std::uint64_t> reserve_octets{};
  /// Called while it is opened, when there was no index beside the log and one was made.
  std::function<void(const RebuiltIndex&)> on_remade = [](const RebuiltIndex&) {};
};

struct Counters {
  ledger::Counters ledger;
  std::uint64_t compacted_octets = 0;  // log octets that were written for the second time
  std::uint64_t segments_freed = 0;
};

/// Shared by all loops of the process.
class Queue {
 public:
  /// Opens or creates the queue in a directory and recovers it; makes the index anew when it is missing. All
  /// writing happens on `writer`: an executor of one thread, or one that runs work inline; it outlives the queue.
  /// `on_failure` is called once, on the writer's thread, after an I/O error: from then on every answer is `io`;
  /// the process is to end, start again and recover. Errors: unavailable, when the directory cannot be reached or
  /// another writer has it; damaged; full; io.
  [[nodiscard]] static std::expected<std::unique_ptr<Queue>, OpenError> open(
      Options options, net::Executor& writer, std::move_only_function<void()> on_failure = [] {});
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  /// Waits for the writer's thread. Everything submitted was answered before.
  ~Queue();

  /// Applies the batch as a whole, after those submitted before it, but for large new messages, which may go later;
  /// returns the ids of what it adds, in their order. It is answered on `loop`, from which it was called. Errors,
  /// with nothing done: full, not_found; io, after which the batch may or may not last.
  [[nodiscard]] net::Task<std::expected<std::vector<EntryId>, QueueError>> submit(net::Loop& loop, Batch batch,
                                                                                  Moment moment);

  /// For reading in the same process; lives as long as the queue.
  [[nodiscard]] const Reader& reader() const;

  /// What was done since it was opened. From any thread.
  [[nodiscard]] Counters counters() const;

 private:
  class GroupCommit;
  explicit Queue(std::unique_ptr<GroupCommit> group_commit);
  std::unique_ptr<GroupCommit> group_commit_;
};

}  // namespace posthaste::queue
