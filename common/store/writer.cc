#include "common/store/writer.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "common/journal/log.h"
#include "common/ledger/ledger.h"
#include "common/ledger/opening.h"
#include "common/lmdb/data_file.h"
#include "common/mailbox/email_ids.h"
#include "common/net/system_random.h"
#include "common/store/execution.h"
#include "common/store/index.h"
#include "common/store/recovery.h"
#include "common/store/redo.h"
#include "common/store/rows.h"

namespace posthaste::store {
namespace {

using Ledger = ledger::Ledger<Redo>;

StoreError error_of(ledger::Failure failure) {
  return failure == ledger::Failure::full ? StoreError::full : StoreError::io;
}

bool is_apply(const Request& request) { return std::holds_alternative<ApplyRequest>(request); }

Outcome failed_outcome(const Request& request, StoreError error) {
  if (is_apply(request)) return ApplyOutcome(std::unexpected(error));
  return DeliverOutcome(std::unexpected(error));
}

std::vector<Outcome> all_failed(std::span<const Request> requests, StoreError error) {
  std::vector<Outcome> outcomes;
  outcomes.reserve(requests.size());
  for (const Request& request : requests) outcomes.push_back(failed_outcome(request, error));
  return outcomes;
}

ObjectKey mint_object_key() {
  ObjectKey key;
  net::SystemRandom{}.fill(std::as_writable_bytes(std::span(key.octets)));
  return key;
}

Outcome outcome_of(std::expected<Execution::Applied, StoreError> applied) {
  if (!applied) return ApplyOutcome(std::unexpected(applied.error()));
  if (const auto* unfinished = std::get_if<Unfinished>(&*applied)) return *unfinished;
  return ApplyOutcome(std::get<ApplyResult>(std::move(*applied)));
}

bool is_delivered(const Outcome& outcome) {
  const auto* delivered = std::get_if<DeliverOutcome>(&outcome);
  return delivered != nullptr && delivered->has_value();
}

}  // namespace

class Writer::Core {
 public:
  Core(WriterOptions options, ledger::Opened opened)
      : options_(std::move(options)),
        ledger_(std::move(opened), [this](WriteTxn& txn) { return std::make_unique<Redo>(txn, *ledger_.files()); }),
        store_(ledger_.index(), ledger_.files()) {}

  /// Gives a store its key that has none. Without room it gets one with the first group that finds some.
  void ensure_object_key();

  [[nodiscard]] std::vector<Outcome> commit(std::span<const Request> requests, Time now, Publication publication,
                                            const std::function<void(std::span<const Outcome>)>& durable);
  [[nodiscard]] std::expected<void, StoreError> publish();

  [[nodiscard]] bool has_leftovers() const { return has_leftovers_ && !failed(); }
  [[nodiscard]] bool failed() const { return ledger_.failed(); }
  [[nodiscard]] const Store& store() const { return store_; }
  [[nodiscard]] WriterCounters counters() const { return ledger_.counters(); }

 private:
  [[nodiscard]] std::vector<Outcome> commit_group(std::span<const Request> requests, Time now,
                                                  Publication publication,
                                                  const std::function<void(std::span<const Outcome>)>& durable);
  /// Who goes on with a COPY, and who has ended.
  void note_copies(std::span<const Request> requests, std::span<const Outcome> outcomes);

  enum class Growth { allowed, refused };

  /// Executes a group and writes it to the log, durably. Errors: full, with everything as before the group; io.
  [[nodiscard]] std::expected<std::vector<Outcome>, StoreError> write_group(std::span<const Request> requests,
                                                                            Time now, Growth growth);

  const WriterOptions options_;
  Ledger ledger_;
  const Store store_;
  bool has_object_key_ = false;  // and it is published
  bool has_leftovers_ = true;    // until the first group has looked
  RunningCopies copies_;
  std::vector<BlobHandle> blobs_;  // of what is durable and not yet published
  Time put_off_since_{};           // the first group of that
};

std::vector<Outcome> Writer::Core::commit(std::span<const Request> requests, Time now, Publication publication,
                                          const std::function<void(std::span<const Outcome>)>& durable) {
  auto outcomes = commit_group(requests, now, publication, durable);
  note_copies(requests, outcomes);
  return outcomes;
}

void Writer::Core::note_copies(std::span<const Request> requests, std::span<const Outcome> outcomes) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto* apply = std::get_if<ApplyRequest>(&requests[i]);
    if (apply == nullptr) continue;
    const auto* unfinished = std::get_if<Unfinished>(&outcomes[i]);
    if (unfinished != nullptr && unfinished->copy)
      copies_[apply->user] = std::get<Copy>(apply->batch.operations.front()).to;
    else if (apply->so_far)
      copies_.erase(apply->user);
  }
}

std::vector<Outcome> Writer::Core::commit_group(std::span<const Request> requests, Time now,
                                                Publication publication,
                                                const std::function<void(std::span<const Outcome>)>& durable) {
  auto written = write_group(requests, now, Growth::allowed);
  if (!written && written.error() == StoreError::full) written = write_group(requests, now, Growth::refused);
  std::vector<Outcome> outcomes = written ? std::move(*written) : all_failed(requests, written.error());
  durable(outcomes);
  if (!written) {
    static_cast<void>(publish());  // what was put off before; the outcomes say what became of this group
    return outcomes;
  }

  if (ledger_.groups_put_off() == 1) put_off_since_ = now;
  const bool due = ledger_.groups_put_off() >= kGroupsPutOff || now - put_off_since_ >= kPutOffMax;
  if (std::ranges::any_of(outcomes, is_delivered)) ledger_.note_answered();
  const bool put_off = publication == Publication::may_wait && !due && std::ranges::none_of(requests, is_apply);
  if (put_off) return outcomes;
  if (const auto published = publish(); !published) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (is_apply(requests[i])) outcomes[i] = failed_outcome(requests[i], published.error());
    }
  }
  return outcomes;
}

std::expected<std::vector<Outcome>, StoreError> Writer::Core::write_group(std::span<const Request> requests,
                                                                          Time now, Growth growth) {
  has_leftovers_ = false;
  if (const auto begun = ledger_.begin_group(); !begun) return std::unexpected(error_of(begun.error()));
  const WriteTxn& txn = ledger_.txn();
  Execution execution(ledger_.txn(), ledger_.redo(), ledger_.buffer(), now,
                      growth == Growth::allowed ? ledger_.room() : 0, options_.mailboxes_max, copies_,
                      options_.admit, options_.step_sizes);
  std::vector<Outcome> outcomes;
  outcomes.reserve(requests.size());
  if (!has_object_key_ && !find_object_key(txn)) execution.keep_object_key(mint_object_key());
  execution.expire();
  for (const Request& request : requests) {
    if (const auto* apply = std::get_if<ApplyRequest>(&request)) {
      outcomes.push_back(outcome_of(execution.apply(apply->user, apply->batch, apply->key, apply->so_far)));
    } else {
      outcomes.emplace_back(execution.deliver(std::get<Deliver>(request)));
    }
    if (txn.failure() != 0) break;
  }
  const bool more = txn.failure() == 0 && execution.clear_some();
  if (const auto ended = ledger_.end_group(); !ended) {
    Execution::forget(execution.blobs());
    return std::unexpected(error_of(ended.error()));
  }
  if (ledger_.buffer().empty()) return outcomes;
  blobs_.insert(blobs_.end(), execution.blobs().begin(), execution.blobs().end());
  has_leftovers_ = more;
  return outcomes;
}

std::expected<void, StoreError> Writer::Core::publish() {
  const auto blobs = std::exchange(blobs_, {});
  const auto published = ledger_.publish();
  if (!published) {
    has_leftovers_ = false;  // until the next group: there is no room to remove them
    Execution::forget(blobs);
    return std::unexpected(error_of(published.error()));
  }
  if (!*published) return {};
  has_object_key_ = true;  // every group sees to it
  for (const Change& change : (*published)->changes()) options_.on_change(change);
  return {};
}

void Writer::Core::ensure_object_key() {
  const auto snapshot = store_.read(UserId{});
  if (!snapshot) return;
  const auto ids = snapshot->email_ids();
  if (ids || ids.error() != StoreError::unavailable) return;
  static_cast<void>(commit({}, Time{}, Publication::now, [](std::span<const Outcome>) {}));
  ledger_.forget_counts();  // nobody asked for that group
}

// --- The writer itself

namespace {

/// Makes an index again that is gone. Who still reads the old one would not see the new.
std::expected<RebuiltIndex, OpenError> remake_index(const std::filesystem::path& directory,
                                                    const std::filesystem::path& fresh, std::uint64_t map_octets) {
  if (const auto process = lmdb::process_using(directory / "index")) {
    return std::unexpected(
        OpenError{OpenError::Kind::unavailable, (directory / "index").string() + ": is gone, and process " +
                                                    std::to_string(*process) + " still reads it: end that first"});
  }
  return rebuild_index(directory / "log", fresh, map_octets);
}

}  // namespace

std::expected<std::unique_ptr<Writer>, OpenError> Writer::open(WriterOptions options) {
  const auto directory = options.directory;
  std::optional<RebuiltIndex> remade;
  ledger::Owner owner;
  owner.tables = kTableNames;
  owner.magic = kSegmentMagic;
  owner.rebuild = [&](const std::filesystem::path& fresh) -> std::expected<void, OpenError> {
    auto made = remake_index(directory, fresh, options.map_octets);
    if (!made) return std::unexpected(made.error());
    remade = std::move(*made);
    return {};
  };
  owner.recover = [](Environment& index, journal::SegmentFiles& files) { return recover(index, files); };
  auto opened =
      ledger::open({directory, options.map_octets, options.segment_octets, options.reserve_octets}, owner);
  if (!opened) return std::unexpected(opened.error());

  auto core = std::make_unique<Core>(std::move(options), std::move(*opened));
  core->ensure_object_key();
  if (core->failed()) {
    return std::unexpected(OpenError{OpenError::Kind::io, directory.string() + ": cannot be written"});
  }
  std::unique_ptr<Writer> writer(new Writer(std::move(core)));
  writer->remade_ = std::move(remade);
  return writer;
}

Writer::Writer(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Writer::~Writer() = default;

std::vector<Outcome> Writer::commit(std::span<const Request> requests, Time now, Publication publication,
                                    const std::function<void(std::span<const Outcome>)>& durable) {
  return core_->commit(requests, now, publication, durable);
}

std::expected<void, StoreError> Writer::publish() { return core_->publish(); }
bool Writer::has_leftovers() const { return core_->has_leftovers(); }
bool Writer::failed() const { return core_->failed(); }
const Store& Writer::store() const { return core_->store(); }
WriterCounters Writer::counters() const { return core_->counters(); }

}  // namespace posthaste::store
