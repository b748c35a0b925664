#include "smtpd/queue/writer.h"

#include <algorithm>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <variant>

#include "common/journal/log.h"
#include "common/ledger/ledger.h"
#include "common/ledger/opening.h"
#include "smtpd/queue/compaction.h"
#include "smtpd/queue/index.h"
#include "smtpd/queue/record.h"
#include "smtpd/queue/recovery.h"
#include "smtpd/queue/redo.h"

namespace posthaste::queue {
namespace {

using Ledger = ledger::Ledger<Redo>;

constexpr std::uint64_t kCommitsBetweenReaderChecks = 256;
constexpr std::uint64_t kLivePercent = 40;
constexpr std::uint64_t kLivePercentWhenFull = 60;

QueueError error_of(ledger::Failure failure) {
  return failure == ledger::Failure::full ? QueueError::full : QueueError::io;
}

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
  explicit Core(ledger::Opened opened)
      : ledger_(std::move(opened), [](WriteTxn& txn) { return std::make_unique<Redo>(txn); }),
        reader_(new Reader(ledger_.index(), ledger_.files())) {}

  [[nodiscard]] std::vector<Outcome> commit(std::span<const Request> requests,
                                            const std::function<void(std::span<const Outcome>)>& durable);
  [[nodiscard]] std::expected<void, QueueError> publish();
  bool compact();

  [[nodiscard]] bool failed() const { return ledger_.failed(); }
  [[nodiscard]] const Reader& reader() const { return *reader_; }
  [[nodiscard]] Counters counters() const { return {ledger_.counters(), compacted_octets_, segments_freed_}; }

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

  [[nodiscard]] std::optional<std::uint32_t> segment_to_free();
  [[nodiscard]] bool move_live_entries();
  [[nodiscard]] bool free_segment(std::uint32_t segment);

  Ledger ledger_;
  const std::unique_ptr<Reader> reader_;
  std::uint64_t room_ = 0;  // for what the group adds

  CompactionPlace compaction_;
  bool compaction_is_stuck_ = false;  // on octets that cannot be read; another process may have more luck
  std::uint64_t compacted_octets_ = 0;
  std::uint64_t segments_freed_ = 0;
};

std::vector<Outcome> Writer::Core::commit(std::span<const Request> requests,
                                          const std::function<void(std::span<const Outcome>)>& durable) {
  auto written = write_group(requests, Growth::allowed);
  if (!written && written.error() == QueueError::full) written = write_group(requests, Growth::refused);
  std::vector<Outcome> outcomes = written ? std::move(*written) : all_failed(requests.size(), written.error());
  durable(outcomes);
  if (!written) {
    static_cast<void>(publish());  // what was put off before; the outcomes say what became of this group
    return outcomes;
  }

  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i] && !is_published(requests[i])) ledger_.note_answered();
  }
  if (ledger_.groups_put_off() < kGroupsPutOff && std::ranges::none_of(requests, is_published)) return outcomes;
  if (const auto published = publish(); !published) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (is_published(requests[i])) outcomes[i] = std::unexpected(published.error());
    }
  }
  return outcomes;
}

std::expected<std::vector<Outcome>, QueueError> Writer::Core::write_group(std::span<const Request> requests,
                                                                          Growth growth) {
  if (const auto begun = ledger_.begin_group(); !begun) return std::unexpected(error_of(begun.error()));
  room_ = growth == Growth::allowed ? ledger_.room() : 0;
  std::vector<Outcome> outcomes;
  outcomes.reserve(requests.size());
  for (const Request& request : requests) {
    outcomes.push_back(execute(request.batch));
    if (ledger_.txn().failure() != 0) break;
  }
  if (const auto ended = ledger_.end_group(); !ended) return std::unexpected(error_of(ended.error()));
  return outcomes;
}

Outcome Writer::Core::execute(const Batch& batch) {
  if (const auto checked = check(batch); !checked) return std::unexpected(checked.error());
  std::vector<EntryId> added;
  const auto mark = ledger_.buffer().mark();
  for (const Change& change : batch) {
    if (const auto* one = std::get_if<Add>(&change)) added.push_back(add(*one));
    if (const auto* one = std::get_if<Update>(&change)) update(*one);
    if (const auto* one = std::get_if<Remove>(&change)) remove(*one);
  }
  if (ledger_.buffer().has_grown_since(mark)) ledger_.buffer().end_apply();
  return added;
}

std::expected<void, QueueError> Writer::Core::check(const Batch& batch) {
  const auto octets = octets_added(batch);
  if (!octets) return std::unexpected(octets.error());
  if (*octets > room_) return std::unexpected(QueueError::full);
  BatchCheck check_change(ledger_.txn());
  for (const Change& change : batch) {
    const auto checked = std::visit(check_change, change);
    if (checked) continue;
    static_cast<void>(
        ledger_.txn().forgive_damaged_row());  // it costs whoever asks for it an error, and nobody else
    return checked;
  }
  room_ -= *octets;
  return {};
}

EntryId Writer::Core::add(const Add& add) {
  const EntryId id = ledger_.redo().next_entry();
  add_entry(id, add.envelope, add.recipients, add.message);
  return id;
}

void Writer::Core::add_entry(EntryId id, const Envelope& envelope, std::span<const QueuedRecipient> recipients,
                             std::span<const SharedOctets> message) {
  const std::uint64_t before = ledger_.buffer().octets().size();
  const std::uint64_t place = ledger_.buffer().add(std::to_underlying(RecordType::entry), [&](std::string& out) {
    encode_entry(id, envelope, recipients, message, out);
  });
  const std::uint64_t body_octets = ledger_.buffer().octets().size() - before - journal::kRecordHeaderOctets;
  std::uint64_t message_octets = 0;
  for (const SharedOctets& piece : message) message_octets += piece.octets.size();
  ledger_.redo().put_entry(id, envelope, recipients, message_octets,
                           {ledger_.buffer().segment(), place, body_octets});
}

void Writer::Core::update(const Update& update) {
  ledger_.buffer().add(std::to_underlying(RecordType::update),
                       [&](std::string& out) { encode_update(update.entry, update.changes, out); });
  if (!ledger_.redo().update(update.entry, update.changes)) ledger_.txn().fail_as_damaged();
}

void Writer::Core::remove(const Remove& remove) {
  ledger_.buffer().add(std::to_underlying(RecordType::remove),
                       [&](std::string& out) { encode_remove(remove.entry, out); });
  if (!ledger_.redo().remove(remove.entry)) ledger_.txn().fail_as_damaged();
}

std::expected<void, QueueError> Writer::Core::publish() {
  const auto published = ledger_.publish();
  if (!published) return std::unexpected(error_of(published.error()));
  // An operator's command that was killed while it read would keep every page freed since.
  const bool is_due = *published && ledger_.counters().index_commits % kCommitsBetweenReaderChecks == 0;
  if (is_due) ledger_.index()->clear_dead_readers();
  return {};
}

// --- Compaction

bool Writer::Core::compact() {
  if (!publish() || compaction_is_stuck_) return false;
  const auto segment = segment_to_free();
  if (!segment) return false;
  if (*segment != compaction_.segment) compaction_ = {*segment};
  const bool done = move_live_entries();
  ledger_.drop_group();  // there is one when the step was given up
  return done;
}

std::optional<std::uint32_t> Writer::Core::segment_to_free() {
  const auto txn = ReadTxn::begin(*ledger_.index());
  if (!txn) return std::nullopt;
  const std::uint64_t live_percent = ledger_.room() == 0 ? kLivePercentWhenFull : kLivePercent;
  return segment_due(txn->view(), ledger_.published().segment, live_percent);
}

/// One step of it: a group of its own. Frees the segment when nothing in it is alive.
bool Writer::Core::move_live_entries() {
  if (!ledger_.begin_group()) return false;
  const auto segment = find_segment(ledger_.txn(), compaction_.segment);
  if (segment && segment->live == 0) return free_segment(compaction_.segment);
  const auto step = read_step(ledger_.txn(), *ledger_.files(), compaction_);
  if (!step || (step->at_end && step->live.empty())) {
    compaction_is_stuck_ = true;
    return false;
  }
  for (const LiveEntry& entry : step->live) {
    add_entry(entry.id, entry.row.envelope, entry.recipients, {&entry.message, 1});
    ledger_.buffer().end_apply();
  }
  if (!ledger_.end_group() || !publish()) return false;
  compacted_octets_ += ledger_.buffer().octets().size();
  compaction_.offset = step->next_offset;
  return true;
}

/// All that it told is void, or stands behind it: it is the first of the log.
bool Writer::Core::free_segment(std::uint32_t segment) {
  ledger_.txn().erase(Table::segments, segment_key(segment));
  if (!ledger_.commit_unlogged()) return false;
  ledger_.files()->close(segment);
  std::error_code failed;
  std::filesystem::remove(journal::segment_path(ledger_.files()->log(), segment), failed);
  if (failed) {  // the next start unlinks it
    compaction_is_stuck_ = true;
    return false;
  }
  ++segments_freed_;
  return true;
}

// --- The writer itself

std::expected<std::unique_ptr<Writer>, OpenError> Writer::open(const Options& options) {
  RebuiltIndex rebuilt;
  ledger::Owner owner;
  owner.tables = kTableNames;
  owner.magic = kSegmentMagic;
  owner.rebuild = [&](const std::filesystem::path& fresh) -> std::expected<void, OpenError> {
    const auto made = rebuild_index(options.directory / "log", fresh, options.map_octets);
    if (!made) return std::unexpected(made.error());
    rebuilt = *made;
    return {};
  };
  owner.rebuilt = [&] { options.on_remade(rebuilt); };
  owner.recover = [](Environment& index, journal::SegmentFiles& files) { return recover(index, files.log()); };
  auto opened =
      ledger::open({options.directory, options.map_octets, options.segment_octets, options.reserve_octets}, owner);
  if (!opened) return std::unexpected(opened.error());
  return std::unique_ptr<Writer>(new Writer(std::make_unique<Core>(std::move(*opened))));
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
