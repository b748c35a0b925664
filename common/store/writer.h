// The one writer: groups of requests become log records, then index rows, in two moments.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "common/ledger/groups.h"
#include "common/store/progress.h"
#include "common/store/rebuilt_index.h"
#include "common/store/step_sizes.h"
#include "common/store/store.h"
#include "common/store/values.h"

namespace posthaste::store {

struct WriterOptions {
  std::filesystem::path directory;
  std::uint64_t map_octets = kIndexMapOctets;
  std::uint64_t segment_octets = std::uint64_t{256} << 20;  // a new one is begun when the last has as many
  /// Free octets below which nothing is added. Nothing: 64 MB, or an eighth of a smaller file system.
  std::optional<std::uint64_t> reserve_octets;
  std::uint32_t mailboxes_max = kMailboxesMax;  // of one user; as many subscriptions, too
  /// Called on the writer's thread after each publication, in order.
  std::function<void(const Change&)> on_change = [](const Change&) {};
  /// Asked on the writer's thread before a user gets rows whom the store has not met. Errors, which whoever named
  /// the user is told: no_such_mailbox, when there is no such user; unavailable.
  std::function<std::expected<void, StoreError>(UserId)> admit = [](UserId) {
    return std::expected<void, StoreError>{};
  };
  StepSizes step_sizes;  // smaller in tests
};

struct ApplyRequest {
  UserId user{};
  Batch batch;
  IdempotencyKey key;
  std::optional<CopyProgress> so_far{};  // as the Unfinished said that came back for it
};

using Request = std::variant<ApplyRequest, Deliver>;
using ApplyOutcome = std::expected<ApplyResult, StoreError>;
using DeliverOutcome = std::expected<Delivered, StoreError>;
/// Unfinished: commit the request again with what it says, until there is an answer; others may come in between.
/// Whoever gives it up need not say so.
using Outcome = std::variant<ApplyOutcome, DeliverOutcome, Unfinished>;

/// Whether readers must see the group when commit() returns.
enum class Publication {
  now,
  may_wait,  // if only deliveries are in it: more work waits. For up to kGroupsPutOff groups or kPutOffMax
};

using WriterCounters = ledger::Counters;

/// Used by one thread at a time; from a group that was put off until the next publish(), by the same one.
class Writer {
 public:
  static constexpr int kGroupsPutOff = ledger::kGroupsPutOff;
  static constexpr std::chrono::milliseconds kPutOffMax{2};  // by the time that commit() is given

  /// Opens or creates the store, takes its lock and recovers: replays what the log has and the index has not, and
  /// cuts a torn last batch.
  [[nodiscard]] static std::expected<std::unique_ptr<Writer>, OpenError> open(WriterOptions options);
  ~Writer();

  /// Runs a group at `now`, which may be empty: with each goes some of what is left over. Each request is all or
  /// nothing and sees those before it; one that fails leaves no trace. `durable` is called once, when the log is on
  /// disk: from then on no crash loses what succeeded, and deliveries can be answered. The outcomes that come back
  /// are for all other requests, after publication. If the publication fails, their `io` means that the change is
  /// durable and will show after the next start.
  [[nodiscard]] std::vector<Outcome> commit(std::span<const Request> requests, Time now, Publication publication,
                                            const std::function<void(std::span<const Outcome>)>& durable);

  /// Publishes what was put off. Errors: io; the writer has failed.
  [[nodiscard]] std::expected<void, StoreError> publish();

  /// Whether the next group, also an empty one, will remove more of what is left over.
  [[nodiscard]] bool has_leftovers() const;

  /// After an I/O error nothing is written any more, and every outcome is `io`: end the process, start again,
  /// recover.
  [[nodiscard]] bool failed() const;

  /// For reading in the same process.
  [[nodiscard]] const Store& store() const;
  [[nodiscard]] WriterCounters counters() const;
  /// What came of it when open() found no index beside the log, and made one.
  [[nodiscard]] const std::optional<RebuiltIndex>& remade() const { return remade_; }

 private:
  class Core;
  explicit Writer(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
  std::optional<RebuiltIndex> remade_;
};

}  // namespace posthaste::store
