#include "smtpd/queue/check.h"

#include <map>
#include <optional>
#include <utility>

#include "common/base/problems.h"
#include "smtpd/queue/index.h"

namespace posthaste::queue {

/// One run of the checker.
class Checker {
 public:
  explicit Checker(const Reader& reader) : reader_(reader) {}

  CheckReport run() {
    at_one_instant([this](const View& view) { look_at_start(view); });
    for (const EntryId id : ids_of(Table::entries)) check_entry(id);
    for (const EntryId id : ids_of(Table::recipients)) check_that_there_is(id);
    at_one_instant([this](const View& view) { check_segments(view); });
    return std::move(report_);
  }

 private:
  static constexpr std::size_t kSliceRows = 4096;

  /// In a snapshot that lasts as long as `look`.
  template <typename Look>
  void at_one_instant(Look look) {
    const auto txn = ReadTxn::begin(*reader_.environment_);
    if (!txn) return problem("the index cannot be read");
    const View view = txn->view();
    look(view);
    if (view.failure() != 0) problem("the index cannot be read: ", lmdb::describe(view.failure()));
  }

  void look_at_start(const View& view) {
    if (const auto meta = find_meta(view)) start_ = *meta;
    Cursor cursor(view, Table::segments);
    for (bool there = cursor.seek(segment_key(0)); there; there = cursor.next()) {
      if (const auto row = decode_segment(cursor.value())) live_at_start_[segment_of(cursor.key())] = row->live;
    }
  }

  /// The entries that a table has rows of, in slices.
  std::vector<EntryId> ids_of(Table table) {
    std::vector<EntryId> ids;
    std::optional<EntryId> from = EntryId{0};
    while (from) {
      at_one_instant([&](const View& view) {
        Cursor cursor(view, table);
        bool there = cursor.seek(entry_key(*std::exchange(from, std::nullopt)));
        for (std::size_t rows = 0; there; ++rows, there = cursor.next()) {
          const EntryId id = entry_of(cursor.key());
          if (rows >= kSliceRows && id != ids.back()) {
            from = id;
            return;
          }
          if (ids.empty() || ids.back() != id) ids.push_back(id);
        }
      });
    }
    return ids;
  }

  void check_entry(EntryId id) {
    auto entry = reader_.read(id);
    if (!entry) {
      if (entry.error() != QueueError::not_found) problem("entry ", number(id), ": its rows are damaged");
      return;
    }
    auto message = reader_.read_message(entry->message);
    while (!message) {
      const auto again = reader_.read(id);
      if (!again) return;  // it has gone meanwhile
      if (again->message == entry->message) {
        note_unread(id, entry->message, message.error());
        break;
      }
      entry = again;
      message = reader_.read_message(entry->message);
    }
    ++report_.entries;
    report_.recipients += entry->recipients.size();
    report_.octets += entry->message.octets;
    if (start_ && id >= start_->next_entry) return came_late(id);
    const OctetsLocation& place = entry->message;
    live_[place.segment] += place.offset + place.octets - place.record_offset;
  }

  void note_unread(EntryId id, const OctetsLocation& place, QueueError error) {
    if (error != QueueError::unavailable) {
      problem("entry ", number(id), ": its record in segment ", place.segment, " at ", place.record_offset,
              " is damaged or gone");
      report_.damaged.push_back(id);
    } else if (report_.closed.insert(place.segment).second) {
      problem("segment ", place.segment, ": cannot be opened; see whose the file is, and the limit on open files");
    }
  }

  void came_late(EntryId id) {
    at_one_instant([&](const View& view) {
      const auto meta = find_meta(view);
      if (!meta || id >= meta->next_entry) problem("entry ", number(id), ": its id is above the next");
    });
  }

  void check_that_there_is(EntryId id) {
    at_one_instant([&](const View& view) {
      const Key key = entry_key(id);
      Cursor cursor(view, Table::recipients);
      const bool has_recipients = cursor.seek(key) && cursor.key().starts_with(key);
      if (has_recipients && !view.get(Table::entries, key))
        problem("entry ", number(id), ": has recipients, and does not exist");
    });
  }

  /// A segment that is not the last only loses entries: what was seen of them lies between what there was at the
  /// start and what is there now.
  void check_segments(const View& view) {
    const auto meta = find_meta(view);
    const bool quiet = start_ && meta && start_->tail == meta->tail;
    Cursor cursor(view, Table::segments);
    for (bool there = cursor.seek(segment_key(0)); there; there = cursor.next()) {
      const std::uint32_t id = segment_of(cursor.key());
      const auto row = decode_segment(cursor.value());
      if (!row) {
        problem("segment ", id, ": the row is damaged");
        continue;
      }
      if (row->live > row->total) problem("segment ", id, ": more live octets than octets");
      const std::uint64_t seen = std::exchange(live_[id], 0);
      const auto before = live_at_start_.find(id);
      const bool is_sealed = start_ && id < start_->tail.segment;
      if (before == live_at_start_.end() || !(quiet || is_sealed)) continue;
      if (seen > before->second || seen < row->live)
        problem("segment ", id, ": counts ", row->live, " live octets, has ", seen);
    }
    if (!quiet) return;
    for (const auto& [id, octets] : live_) {
      if (octets != 0) problem("segment ", id, ": has ", octets, " live octets and no row");
    }
  }

  const Reader& reader_;
  CheckReport report_;
  const Problems problem{report_.problems};
  std::optional<MetaRow> start_;
  std::map<std::uint32_t, std::uint64_t> live_at_start_;
  std::map<std::uint32_t, std::uint64_t> live_;  // of entries that were there at the start
};

CheckReport check(const Reader& reader) { return Checker(reader).run(); }

}  // namespace posthaste::queue
