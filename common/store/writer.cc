#include "common/store/writer.h"

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <utility>

#include "common/journal/fresh_index.h"
#include "common/journal/log.h"
#include "common/journal/log_buffer.h"
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

using journal::FileDescriptor;
using journal::LogBuffer;
using journal::LogFailure;
using journal::LogPosition;
using journal::LogWriter;
using journal::SegmentFiles;
using lmdb::is_space;

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
  Core(WriterOptions options, FileDescriptor lock, std::shared_ptr<Environment> environment,
       std::shared_ptr<SegmentFiles> files, LogPosition tail)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        environment_(std::move(environment)),
        files_(std::move(files)),
        store_(environment_, files_),
        log_(files_->log(), kSegmentMagic, options_.segment_octets, [] { return net::SystemRandom{}.next(); }),
        published_(tail) {}

  [[nodiscard]] std::expected<void, LogFailure> open_log() { return log_.open(published_); }
  /// Gives a store its key that has none. Without room it gets one with the first group that finds some.
  void ensure_object_key();

  [[nodiscard]] std::vector<Outcome> commit(std::span<const Request> requests, Time now, Publication publication,
                                            const std::function<void(std::span<const Outcome>)>& durable);
  [[nodiscard]] std::expected<void, StoreError> publish();

  [[nodiscard]] bool has_leftovers() const { return has_leftovers_ && !failed_; }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const Store& store() const { return store_; }
  [[nodiscard]] WriterCounters counters() const { return counters_; }

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
  [[nodiscard]] std::expected<void, StoreError> begin();
  [[nodiscard]] std::expected<void, StoreError> abandon_group();
  [[nodiscard]] StoreError fail();
  [[nodiscard]] std::uint64_t room() const;

  const WriterOptions options_;
  const FileDescriptor lock_;
  std::shared_ptr<Environment> environment_;
  std::shared_ptr<SegmentFiles> files_;
  const Store store_;
  LogWriter log_;
  LogBuffer buffer_;  // of the group that is being written
  WriterCounters counters_;
  bool has_object_key_ = false;  // and it is published
  bool failed_ = false;
  bool has_leftovers_ = true;  // until the first group has looked
  RunningCopies copies_;

  // What is durable and not yet published.
  LogPosition published_;  // the log's tail as readers know it
  std::unique_ptr<WriteTxn> txn_;
  std::unique_ptr<Redo> redo_;
  std::vector<BlobHandle> blobs_;
  int groups_put_off_ = 0;
  Time put_off_since_{};  // the first of them
  bool deliveries_answered_ = false;
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
  auto written = failed_ ? std::unexpected(StoreError::io) : write_group(requests, now, Growth::allowed);
  if (!written && written.error() == StoreError::full) written = write_group(requests, now, Growth::refused);
  std::vector<Outcome> outcomes = written ? std::move(*written) : all_failed(requests, written.error());
  durable(outcomes);
  if (!written) {
    static_cast<void>(publish());  // what was put off before; the outcomes say what became of this group
    return outcomes;
  }

  if (groups_put_off_++ == 0) put_off_since_ = now;
  const bool due = groups_put_off_ >= kGroupsPutOff || now - put_off_since_ >= kPutOffMax;
  deliveries_answered_ = deliveries_answered_ || std::ranges::any_of(outcomes, is_delivered);
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
  if (const auto begun = begin(); !begun) return std::unexpected(begun.error());
  if (const auto due = log_.begin_segment_when_due(number(redo_->next_blob())); !due) {
    if (due.error() == LogFailure::io) return std::unexpected(fail());
    return std::unexpected(StoreError::full);
  }
  buffer_.restart(log_.tail(), log_.framing());
  Execution execution(*txn_, *redo_, buffer_, now, growth == Growth::allowed ? room() : 0, options_.mailboxes_max,
                      copies_, options_.admit, options_.step_sizes);
  std::vector<Outcome> outcomes;
  outcomes.reserve(requests.size());
  if (!has_object_key_ && !find_object_key(*txn_)) execution.keep_object_key(mint_object_key());
  execution.expire();
  for (const Request& request : requests) {
    if (const auto* apply = std::get_if<ApplyRequest>(&request)) {
      outcomes.push_back(outcome_of(execution.apply(apply->user, apply->batch, apply->key, apply->so_far)));
    } else {
      outcomes.emplace_back(execution.deliver(std::get<Deliver>(request)));
    }
    if (txn_->failure() != 0) break;
  }
  const bool more = txn_->failure() == 0 && execution.clear_some();
  if (const int code = txn_->failure(); code != 0) {
    Execution::forget(execution.blobs());
    if (!is_space(code)) return std::unexpected(fail());
    const auto abandoned = abandon_group();
    return std::unexpected(abandoned ? StoreError::full : abandoned.error());
  }
  if (buffer_.empty()) return outcomes;

  buffer_.end_group();
  if (const auto appended = log_.append(buffer_.octets(), buffer_.next_sequence()); !appended) {
    Execution::forget(execution.blobs());
    if (appended.error() == LogFailure::io) return std::unexpected(fail());
    const auto abandoned = abandon_group();
    return std::unexpected(abandoned ? StoreError::full : abandoned.error());
  }
  if (!log_.sync()) return std::unexpected(fail());
  redo_->reached(log_.tail());
  blobs_.insert(blobs_.end(), execution.blobs().begin(), execution.blobs().end());
  ++counters_.groups;
  ++counters_.log_syncs;
  counters_.log_octets += buffer_.octets().size();
  has_leftovers_ = more;
  return outcomes;
}

std::expected<void, StoreError> Writer::Core::begin() {
  if (txn_) return {};
  auto txn = WriteTxn::begin(*environment_);
  if (!txn) {
    // With groups put off, `full` would be tried again on an index that lacks them.
    const bool as_before = is_space(txn.error()) && log_.tail() == published_;
    return std::unexpected(as_before ? StoreError::full : fail());
  }
  txn_ = std::move(*txn);
  redo_ = std::make_unique<Redo>(*txn_, *files_);
  return {};
}

/// Gives up the transaction with the group that does not fit, and redoes from the log what was put off before it.
std::expected<void, StoreError> Writer::Core::abandon_group() {
  redo_.reset();
  txn_.reset();
  if (const auto begun = begin(); !begun) return begun;
  if (!redo_until(*redo_, files_->log(), published_, log_.tail()) || txn_->failure() != 0) {
    return std::unexpected(fail());
  }
  return {};
}

std::expected<void, StoreError> Writer::Core::publish() {
  if (failed_) return std::unexpected(StoreError::io);
  if (!txn_) return {};
  const auto txn = std::move(txn_);
  const auto redo = std::move(redo_);
  const bool answered = std::exchange(deliveries_answered_, false);
  const auto blobs = std::exchange(blobs_, {});
  groups_put_off_ = 0;
  if (log_.tail() == published_) return {};  // nothing but questions

  redo->finish();
  if (const int code = txn->commit(); code != 0) {
    // Whoever was told that his message is safe must find it: then the log stands, and the next start redoes it.
    has_leftovers_ = false;  // until the next group: there is no room to remove them
    if (!is_space(code) || answered || !log_.go_back(published_)) return std::unexpected(fail());
    Execution::forget(blobs);
    return std::unexpected(StoreError::full);
  }
  published_ = log_.tail();
  has_object_key_ = true;  // every group sees to it
  ++counters_.index_commits;
  for (const Change& change : redo->changes()) options_.on_change(change);
  return {};
}

void Writer::Core::ensure_object_key() {
  const auto snapshot = store_.read(UserId{});
  if (!snapshot) return;
  const auto ids = snapshot->email_ids();
  if (ids || ids.error() != StoreError::unavailable) return;
  static_cast<void>(commit({}, Time{}, Publication::now, [](std::span<const Outcome>) {}));
  counters_ = {};  // nobody asked for that group
}

StoreError Writer::Core::fail() {
  failed_ = true;
  redo_.reset();
  txn_.reset();
  return StoreError::io;
}

std::uint64_t Writer::Core::room() const {
  const std::uint64_t octets = log_.room(options_.reserve_octets);
  // What is answered when it is durable must find room in the map.
  return octets != 0 && environment_->has_room() ? octets : 0;
}

// --- The writer itself

namespace {

/// An index that is gone is made again from its log, whole or not at all. Nothing when it is there, or when there
/// is no log either.
std::expected<std::optional<RebuiltIndex>, OpenError> remake_lost_index(const std::filesystem::path& directory,
                                                                        std::uint64_t map_octets) {
  if (!journal::has_lost_its_index(directory)) return std::nullopt;
  if (const auto process = lmdb::process_using(directory / "index")) {
    return std::unexpected(
        OpenError{OpenError::Kind::unavailable, (directory / "index").string() + ": is gone, and process " +
                                                    std::to_string(*process) + " still reads it: end that first"});
  }
  std::optional<RebuiltIndex> rebuilt;
  const auto build = [&](const std::filesystem::path& fresh) -> std::expected<void, OpenError> {
    auto built = rebuild_index(directory / "log", fresh, map_octets);
    if (!built) return std::unexpected(built.error());
    rebuilt = std::move(*built);
    return {};
  };
  if (const auto made = journal::make_index(directory, build); !made) return std::unexpected(made.error());
  return rebuilt;
}

}  // namespace

std::expected<std::unique_ptr<Writer>, OpenError> Writer::open(WriterOptions options) {
  using Kind = OpenError::Kind;
  const auto directory = options.directory;
  const auto log = directory / "log";
  const auto index = directory / "index";
  std::error_code failed;
  std::filesystem::create_directories(log, failed);
  if (!failed) std::filesystem::create_directories(index, failed);
  if (failed) {
    const Kind kind = failed == std::errc::permission_denied ? Kind::denied : Kind::unavailable;
    return std::unexpected(OpenError{kind, directory.string() + ": " + failed.message()});
  }

  auto lock = journal::lock_writer(directory / "writer.lock");
  if (!lock) return std::unexpected(lock.error());
  auto remade = remake_lost_index(directory, options.map_octets);
  if (!remade) return std::unexpected(remade.error());
  auto environment = open_index(index, Environment::Access::write, options.map_octets);
  if (!environment) return std::unexpected(environment.error());
  if (!journal::sync_directory(directory) || !journal::sync_directory(index) || !journal::sync_directory(log)) {
    return std::unexpected(OpenError{Kind::io, directory.string() + ": cannot be synced"});
  }
  auto files = std::make_shared<SegmentFiles>(log);
  const auto tail = recover(**environment, *files);
  if (!tail) return std::unexpected(tail.error());

  auto core = std::make_unique<Core>(std::move(options), std::move(*lock), std::move(*environment),
                                     std::move(files), *tail);
  if (!core->open_log()) return std::unexpected(OpenError{Kind::io, log.string() + ": cannot be written"});
  core->ensure_object_key();
  if (core->failed()) return std::unexpected(OpenError{Kind::io, directory.string() + ": cannot be written"});
  std::unique_ptr<Writer> writer(new Writer(std::move(core)));
  writer->remade_ = std::move(*remade);
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
