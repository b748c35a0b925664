#include "smtpd/queue/writer.h"

#include <algorithm>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <variant>

#include "common/journal/fresh_index.h"
#include "common/journal/log.h"
#include "common/journal/log_buffer.h"
#include "common/net/system_random.h"
#include "smtpd/queue/compaction.h"
#include "smtpd/queue/index.h"
#include "smtpd/queue/record.h"
#include "smtpd/queue/recovery.h"
#include "smtpd/queue/redo.h"

namespace posthaste::queue {
namespace {

using journal::FileDescriptor;
using journal::LogBuffer;
using journal::LogFailure;
using journal::LogPosition;
using journal::LogWriter;
using journal::SegmentFiles;
using lmdb::is_space;

constexpr std::uint64_t kCommitsBetweenReaderChecks = 256;
constexpr std::uint64_t kLivePercent = 40;
constexpr std::uint64_t kLivePercentWhenFull = 60;

std::vector<Outcome> all_failed(std::size_t requests, QueueError error) {
  return std::vector<Outcome>(requests, Outcome(std::unexpected(error)));
}

bool is_published(const Request& request) { return request.moment == Moment::published; }

/// What a batch adds to the log, apart from statuses. Errors: full, when a record would be too long.
std::expected<std::uint64_t, QueueError> octets_added(const Batch& batch) {
  std::uint64_t octets = 0;
  for (const Change& change : batch) {
    const auto* add = std::get_if<Add>(&change);
    if (add == nullptr) continue;
    const std::uint64_t record = entry_record_octets(*add);
    if (record - journal::kRecordHeaderOctets > journal::kRecordBodyMaxOctets) {
      return std::unexpected(QueueError::full);
    }
    octets += record;
  }
  return octets;
}

/// Checks that a batch names what is there, so that nothing can go wrong in it once it is begun.
class BatchCheck {
 public:
  explicit BatchCheck(const View& view) : view_(view) {}

  [[nodiscard]] std::expected<void, QueueError> operator()(const Add&) { return {}; }

  [[nodiscard]] std::expected<void, QueueError> operator()(const Update& update) {
    if (const auto there = find(update.entry); !there) return there;
    for (const Update::Change& change : update.changes) {
      if (!find_recipient(view_, update.entry, change.index)) return missing();
    }
    return {};
  }

  [[nodiscard]] std::expected<void, QueueError> operator()(const Remove& remove) {
    if (const auto there = find(remove.entry); !there) return there;
    removed_.insert(remove.entry);
    return {};
  }

 private:
  [[nodiscard]] std::expected<void, QueueError> find(EntryId entry) const {
    if (removed_.contains(entry) || !find_entry(view_, entry)) return missing();
    return {};
  }
  [[nodiscard]] std::unexpected<QueueError> missing() const {
    return std::unexpected(view_.failure() == 0 ? QueueError::not_found : QueueError::io);
  }

  const View& view_;
  std::set<EntryId> removed_;  // by this batch
};

}  // namespace

class Writer::Core {
 public:
  Core(Options options, FileDescriptor lock, std::shared_ptr<Environment> environment,
       std::shared_ptr<SegmentFiles> files, std::unique_ptr<Reader> reader, LogPosition tail)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        environment_(std::move(environment)),
        files_(std::move(files)),
        reader_(std::move(reader)),
        log_(files_->log(), kSegmentMagic, options_.segment_octets, [] { return net::SystemRandom{}.next(); }),
        published_(tail) {}

  [[nodiscard]] std::expected<void, LogFailure> open_log() { return log_.open(published_); }

  [[nodiscard]] std::vector<Outcome> commit(std::span<const Request> requests,
                                            const std::function<void(std::span<const Outcome>)>& durable);
  [[nodiscard]] std::expected<void, QueueError> publish();
  bool compact();

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const Reader& reader() const { return *reader_; }
  [[nodiscard]] Counters counters() const { return counters_; }

 private:
  enum class Growth { allowed, refused };

  /// Executes a group and writes it to the log, durably. Errors: full, with everything as before the group; io.
  [[nodiscard]] std::expected<std::vector<Outcome>, QueueError> write_group(std::span<const Request> requests,
                                                                            Growth growth);
  [[nodiscard]] Outcome execute(const Batch& batch);
  [[nodiscard]] std::expected<void, QueueError> check(const Batch& batch);
  EntryId add(const Add& add);
  void add_entry(EntryId id, const Envelope& envelope, std::span<const QueuedRecipient> recipients,
                 std::span<const SharedOctets> message);
  void update(const Update& update);
  void remove(const Remove& remove);

  [[nodiscard]] std::expected<void, QueueError> begin();
  /// A new group, at the log's tail. Errors: full, io.
  [[nodiscard]] std::expected<void, QueueError> begin_group();
  /// Writes the group to the log, durably. Errors: full, with everything as before the group; io.
  [[nodiscard]] std::expected<void, QueueError> end_group();
  [[nodiscard]] std::expected<void, QueueError> abandon_group();
  [[nodiscard]] QueueError fail();
  [[nodiscard]] std::uint64_t room() const;

  [[nodiscard]] std::optional<std::uint32_t> segment_to_free();
  [[nodiscard]] bool move_live_entries();
  [[nodiscard]] bool free_segment(std::uint32_t segment);

  const Options options_;
  const FileDescriptor lock_;
  std::shared_ptr<Environment> environment_;
  std::shared_ptr<SegmentFiles> files_;
  const std::unique_ptr<Reader> reader_;
  LogWriter log_;
  LogBuffer buffer_;                 // of the group that is being written
  std::uint64_t room_ = 0;           // for what the group adds
  Counters counters_;
  bool failed_ = false;

  // What is durable and not yet published.
  LogPosition published_;  // the log's tail as readers know it
  std::unique_ptr<WriteTxn> txn_;
  std::unique_ptr<Redo> redo_;
  int groups_put_off_ = 0;
  bool durable_answered_ = false;

  CompactionPlace compaction_;
  bool compaction_is_stuck_ = false;  // on octets that cannot be read; another process may have more luck
};

std::vector<Outcome> Writer::Core::commit(std::span<const Request> requests,
                                          const std::function<void(std::span<const Outcome>)>& durable) {
  auto written = failed_ ? std::unexpected(QueueError::io) : write_group(requests, Growth::allowed);
  if (!written && written.error() == QueueError::full) written = write_group(requests, Growth::refused);
  std::vector<Outcome> outcomes = written ? std::move(*written) : all_failed(requests.size(), written.error());
  durable(outcomes);
  if (!written) {
    static_cast<void>(publish());  // what was put off before; the outcomes say what became of this group
    return outcomes;
  }

  ++groups_put_off_;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i] && !is_published(requests[i])) durable_answered_ = true;
  }
  if (groups_put_off_ < kGroupsPutOff && std::ranges::none_of(requests, is_published)) return outcomes;
  if (const auto published = publish(); !published) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (is_published(requests[i])) outcomes[i] = std::unexpected(published.error());
    }
  }
  return outcomes;
}

std::expected<std::vector<Outcome>, QueueError> Writer::Core::write_group(std::span<const Request> requests,
                                                                          Growth growth) {
  if (const auto begun = begin_group(); !begun) return std::unexpected(begun.error());
  room_ = growth == Growth::allowed ? room() : 0;
  std::vector<Outcome> outcomes;
  outcomes.reserve(requests.size());
  for (const Request& request : requests) {
    outcomes.push_back(execute(request.batch));
    if (txn_->failure() != 0) break;
  }
  if (const auto ended = end_group(); !ended) return std::unexpected(ended.error());
  return outcomes;
}

Outcome Writer::Core::execute(const Batch& batch) {
  if (const auto checked = check(batch); !checked) return std::unexpected(checked.error());
  std::vector<EntryId> added;
  const auto mark = buffer_.mark();
  for (const Change& change : batch) {
    if (const auto* one = std::get_if<Add>(&change)) added.push_back(add(*one));
    if (const auto* one = std::get_if<Update>(&change)) update(*one);
    if (const auto* one = std::get_if<Remove>(&change)) remove(*one);
  }
  if (buffer_.has_grown_since(mark)) buffer_.end_apply();
  return added;
}

std::expected<void, QueueError> Writer::Core::check(const Batch& batch) {
  const auto octets = octets_added(batch);
  if (!octets) return std::unexpected(octets.error());
  if (*octets > room_) return std::unexpected(QueueError::full);
  BatchCheck check_change(*txn_);
  for (const Change& change : batch) {
    const auto checked = std::visit(check_change, change);
    if (checked) continue;
    static_cast<void>(txn_->forgive_damaged_row());  // it costs whoever asks for it an error, and nobody else
    return checked;
  }
  room_ -= *octets;
  return {};
}

EntryId Writer::Core::add(const Add& add) {
  const EntryId id = redo_->next_entry();
  add_entry(id, add.envelope, add.recipients, add.message);
  return id;
}

void Writer::Core::add_entry(EntryId id, const Envelope& envelope, std::span<const QueuedRecipient> recipients,
                             std::span<const SharedOctets> message) {
  const std::uint64_t before = buffer_.octets().size();
  const std::uint64_t place = buffer_.add(std::to_underlying(RecordType::entry), [&](std::string& out) {
    encode_entry(id, envelope, recipients, message, out);
  });
  const std::uint64_t body_octets = buffer_.octets().size() - before - journal::kRecordHeaderOctets;
  std::uint64_t message_octets = 0;
  for (const SharedOctets& piece : message) message_octets += piece.octets.size();
  redo_->put_entry(id, envelope, recipients, message_octets, {buffer_.segment(), place, body_octets});
}

void Writer::Core::update(const Update& update) {
  buffer_.add(std::to_underlying(RecordType::update),
              [&](std::string& out) { encode_update(update.entry, update.changes, out); });
  if (!redo_->update(update.entry, update.changes)) txn_->fail_as_damaged();
}

void Writer::Core::remove(const Remove& remove) {
  buffer_.add(std::to_underlying(RecordType::remove), [&](std::string& out) { encode_remove(remove.entry, out); });
  if (!redo_->remove(remove.entry)) txn_->fail_as_damaged();
}

std::expected<void, QueueError> Writer::Core::begin() {
  if (txn_) return {};
  auto txn = WriteTxn::begin(*environment_);
  if (!txn) {
    // With groups put off, `full` would be tried again on an index that lacks them.
    const bool as_before = is_space(txn.error()) && log_.tail() == published_;
    return std::unexpected(as_before ? QueueError::full : fail());
  }
  txn_ = std::move(*txn);
  redo_ = std::make_unique<Redo>(*txn_);
  return {};
}

std::expected<void, QueueError> Writer::Core::begin_group() {
  if (const auto begun = begin(); !begun) return begun;
  if (const auto due = log_.begin_segment_when_due(number(redo_->next_entry())); !due) {
    return std::unexpected(due.error() == LogFailure::io ? fail() : QueueError::full);
  }
  buffer_.restart(log_.tail(), log_.framing());
  return {};
}

std::expected<void, QueueError> Writer::Core::end_group() {
  if (const int code = txn_->failure(); code != 0) {
    if (!is_space(code)) return std::unexpected(fail());
    const auto abandoned = abandon_group();
    return std::unexpected(abandoned ? QueueError::full : abandoned.error());
  }
  if (buffer_.empty()) return {};
  buffer_.end_group();
  if (const auto appended = log_.append(buffer_.octets(), buffer_.next_sequence()); !appended) {
    if (appended.error() == LogFailure::io) return std::unexpected(fail());
    const auto abandoned = abandon_group();
    return std::unexpected(abandoned ? QueueError::full : abandoned.error());
  }
  if (!log_.sync()) return std::unexpected(fail());
  redo_->reached(log_.tail());
  ++counters_.groups;
  ++counters_.log_syncs;
  counters_.log_octets += buffer_.octets().size();
  return {};
}

/// Gives up the transaction with the group that does not fit, and redoes from the log what was put off before it.
std::expected<void, QueueError> Writer::Core::abandon_group() {
  redo_.reset();
  txn_.reset();
  if (const auto begun = begin(); !begun) return begun;
  if (!redo_until(*redo_, files_->log(), published_, log_.tail()) || txn_->failure() != 0) {
    return std::unexpected(fail());
  }
  return {};
}

std::expected<void, QueueError> Writer::Core::publish() {
  if (failed_) return std::unexpected(QueueError::io);
  if (!txn_) return {};
  const auto txn = std::move(txn_);
  const auto redo = std::move(redo_);
  const bool answered = std::exchange(durable_answered_, false);
  groups_put_off_ = 0;
  if (log_.tail() == published_) return {};  // nothing but refusals

  redo->finish();
  if (const int code = txn->commit(); code != 0) {
    // Whoever was told that his message is safe must find it: then the log stands, and the next start redoes it.
    if (!is_space(code) || answered || !log_.go_back(published_)) return std::unexpected(fail());
    return std::unexpected(QueueError::full);
  }
  published_ = log_.tail();
  ++counters_.index_commits;
  // An operator's command that was killed while it read would keep every page freed since.
  if (counters_.index_commits % kCommitsBetweenReaderChecks == 0) environment_->clear_dead_readers();
  return {};
}

QueueError Writer::Core::fail() {
  failed_ = true;
  redo_.reset();
  txn_.reset();
  return QueueError::io;
}

std::uint64_t Writer::Core::room() const {
  const std::uint64_t octets = log_.room(options_.reserve_octets);
  // What is answered when it is durable must find room in the map.
  return octets != 0 && environment_->has_room() ? octets : 0;
}

// --- Compaction

bool Writer::Core::compact() {
  if (!publish() || compaction_is_stuck_) return false;
  const auto segment = segment_to_free();
  if (!segment) return false;
  if (*segment != compaction_.segment) compaction_ = {*segment};
  const bool done = move_live_entries();
  redo_.reset();
  txn_.reset();  // there is one when the step was given up
  return done;
}

std::optional<std::uint32_t> Writer::Core::segment_to_free() {
  const auto txn = environment_->begin_read();
  if (!txn) return std::nullopt;
  const std::uint64_t live_percent = room() == 0 ? kLivePercentWhenFull : kLivePercent;
  std::optional<std::uint32_t> segment;
  {
    const View view(*environment_, *txn);
    segment = segment_due(view, published_.segment, live_percent);
  }
  environment_->end_read(*txn);
  return segment;
}

/// One step of it: a group of its own. Frees the segment when nothing in it is alive.
bool Writer::Core::move_live_entries() {
  if (!begin_group()) return false;
  const auto segment = find_segment(*txn_, compaction_.segment);
  if (segment && segment->live == 0) return free_segment(compaction_.segment);
  const auto step = read_step(*txn_, *files_, compaction_);
  if (!step || (step->at_end && step->live.empty())) {
    compaction_is_stuck_ = true;
    return false;
  }
  for (const LiveEntry& entry : step->live) {
    add_entry(entry.id, entry.row.envelope, entry.recipients, {&entry.message, 1});
    buffer_.end_apply();
  }
  if (!end_group() || !publish()) return false;
  counters_.compacted_octets += buffer_.octets().size();
  compaction_.offset = step->next_offset;
  return true;
}

/// All that it told is void, or stands behind it: it is the first of the log.
bool Writer::Core::free_segment(std::uint32_t segment) {
  redo_.reset();
  const auto txn = std::move(txn_);
  txn->erase(Table::segments, segment_key(segment));
  if (const int code = txn->commit(); code != 0) {
    if (!is_space(code)) static_cast<void>(fail());
    return false;
  }
  ++counters_.index_commits;
  if (!environment_->sync()) {
    static_cast<void>(fail());
    return false;
  }
  files_->close(segment);
  std::error_code failed;
  std::filesystem::remove(journal::segment_path(files_->log(), segment), failed);
  if (failed) {  // the next start unlinks it
    compaction_is_stuck_ = true;
    return false;
  }
  ++counters_.segments_freed;
  return true;
}

// --- The writer itself

namespace {

/// An index that is gone is made again from its log, whole or not at all. Nothing when it is there, or when there
/// is no log either.
std::expected<std::optional<RebuiltIndex>, OpenError> remake_lost_index(const std::filesystem::path& directory,
                                                                        std::uint64_t map_octets) {
  if (!journal::has_lost_its_index(directory)) return std::nullopt;
  std::optional<RebuiltIndex> rebuilt;
  const auto build = [&](const std::filesystem::path& fresh) -> std::expected<void, OpenError> {
    const auto built = rebuild_index(directory / "log", fresh, map_octets);
    if (!built) return std::unexpected(built.error());
    rebuilt = *built;
    return {};
  };
  if (const auto made = journal::make_index(directory, build); !made) return std::unexpected(made.error());
  return rebuilt;
}

}  // namespace

std::expected<std::unique_ptr<Writer>, OpenError> Writer::open(Options options) {
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
  const auto remade = remake_lost_index(directory, options.map_octets);
  if (!remade) return std::unexpected(remade.error());
  const std::optional<RebuiltIndex> made = *remade;
  if (made) options.on_remade(*made);
  auto environment = open_index(index, Environment::Access::write, options.map_octets);
  if (!environment) return std::unexpected(environment.error());
  if (!journal::sync_directory(directory) || !journal::sync_directory(index) || !journal::sync_directory(log)) {
    return std::unexpected(OpenError{Kind::io, directory.string() + ": cannot be synced"});
  }
  const auto tail = recover(**environment, log);
  if (!tail) return std::unexpected(tail.error());

  auto files = std::make_shared<SegmentFiles>(log);
  std::unique_ptr<Reader> reader(new Reader(*environment, files));
  auto core = std::make_unique<Core>(std::move(options), std::move(*lock), std::move(*environment),
                                     std::move(files), std::move(reader), *tail);
  if (!core->open_log()) return std::unexpected(OpenError{Kind::io, log.string() + ": cannot be written"});
  return std::unique_ptr<Writer>(new Writer(std::move(core)));
}

Writer::Writer(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Writer::~Writer() = default;

std::vector<Outcome> Writer::commit(std::span<const Request> requests,
                                    const std::function<void(std::span<const Outcome>)>& durable) {
  return core_->commit(requests, durable);
}

std::expected<void, QueueError> Writer::publish() { return core_->publish(); }
bool Writer::compact() { return core_->compact(); }
bool Writer::failed() const { return core_->failed(); }
const Reader& Writer::reader() const { return core_->reader(); }
Counters Writer::counters() const { return core_->counters(); }

}  // namespace posthaste::queue
