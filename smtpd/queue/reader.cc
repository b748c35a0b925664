#include "smtpd/queue/reader.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/crc32c.h"
#include "common/base/octet_codec.h"
#include "common/journal/log.h"
#include "smtpd/queue/index.h"
#include "smtpd/queue/record.h"

namespace posthaste::queue {
namespace {

constexpr std::size_t kSliceRows = 4096;  // passed by the last entry's recipients at most

QueueError error_of(journal::SegmentFiles::Failure failure) {
  using Failure = journal::SegmentFiles::Failure;
  switch (failure) {
    case Failure::gone: return QueueError::not_found;
    case Failure::unavailable: return QueueError::unavailable;
    case Failure::damaged: return QueueError::io;
  }
  std::unreachable();
}

/// On the newest state.
std::expected<ReadTxn, QueueError> begin_read(Environment& environment) {
  auto txn = ReadTxn::begin(environment);
  if (txn) return std::move(*txn);
  const bool no_slot = txn.error() == lmdb::BeginError::unavailable;
  return std::unexpected(no_slot ? QueueError::unavailable : QueueError::io);
}

/// Counts a recipient in. Only the status is looked at.
void count_in(Summary& summary, std::string_view row) {
  OctetReader reader(row);
  const StatusFront status = take_status_front(reader);
  if (status.fate != Fate::waiting) return;
  ++summary.waiting;
  if (status.held) {
    ++summary.held;
    return;
  }
  summary.next_attempt = std::min(summary.next_attempt.value_or(status.next_attempt), status.next_attempt);
}

/// The entries above `after`, until there are `rows_max` rows or no more.
std::expected<std::vector<Summary>, QueueError> slice_of(const View& view, EntryId after, std::size_t rows_max) {
  std::vector<Summary> slice;
  Cursor entries(view, Table::entries);
  Cursor recipients(view, Table::recipients);
  bool there = entries.seek(entry_key(next(after)));
  bool recipient_there = recipients.seek(entry_key(next(after)));
  for (std::size_t rows = 0; there && rows < rows_max; there = entries.next()) {
    auto row = decode_entry(entries.value());
    if (!row) return std::unexpected(QueueError::io);
    Summary summary;
    summary.id = entry_of(entries.key());
    summary.envelope = std::move(row->envelope);
    summary.octets = row->message_octets;
    summary.recipients = row->recipients;
    for (; recipient_there && recipients.key().starts_with(entries.key()); recipient_there = recipients.next()) {
      count_in(summary, recipients.value());
    }
    rows += 1 + row->recipients;
    slice.push_back(std::move(summary));
  }
  if (view.failure() != 0) return std::unexpected(QueueError::io);
  return slice;
}

}  // namespace

Reader::Reader(std::shared_ptr<lmdb::Environment> environment, std::shared_ptr<journal::SegmentFiles> files)
    : environment_(std::move(environment)), files_(std::move(files)) {}

Reader::~Reader() = default;

std::expected<std::unique_ptr<Reader>, OpenError> Reader::open(const std::filesystem::path& directory,
                                                               std::uint64_t map_octets) {
  auto environment = open_index(directory / "index", Environment::Access::read, map_octets);
  if (!environment) return std::unexpected(environment.error());
  auto files = std::make_shared<journal::SegmentFiles>(directory / "log");
  return std::unique_ptr<Reader>(new Reader(std::move(*environment), std::move(files)));
}

std::expected<Entry, QueueError> Reader::read(EntryId entry) const {
  const auto txn = begin_read(*environment_);
  if (!txn) return std::unexpected(txn.error());
  const View view = txn->view();
  auto row = find_entry(view, entry);
  if (!row) return std::unexpected(view.failure() == 0 ? QueueError::not_found : QueueError::io);
  auto recipients = find_recipients(view, entry, row->recipients);
  if (view.failure() != 0) return std::unexpected(QueueError::io);
  const OctetsLocation message = message_of(*row);
  return Entry{entry, std::move(row->envelope), message, std::move(recipients)};
}

std::expected<void, QueueError> Reader::walk(const std::function<bool(const Summary&)>& visit,
                                             EntryId after) const {
  while (true) {
    const auto slice = [&]() -> std::expected<std::vector<Summary>, QueueError> {
      const auto txn = begin_read(*environment_);
      if (!txn) return std::unexpected(txn.error());
      return slice_of(txn->view(), after, kSliceRows);
    }();
    if (!slice) return std::unexpected(slice.error());
    if (slice->empty()) return {};
    for (const Summary& summary : *slice) {
      if (!visit(summary)) return {};
    }
    after = slice->back().id;
  }
}

std::expected<std::string, QueueError> Reader::read_message(const OctetsLocation& message) const {
  const std::uint64_t record_octets = message.offset + message.octets - message.record_offset;
  auto record = files_->read(message.segment, message.record_offset, record_octets);
  if (!record) {
    const bool is_short = record.error() == journal::SegmentFiles::Failure::damaged;
    return std::unexpected(is_short ? QueueError::damaged : error_of(record.error()));
  }
  const auto segment = files_->header(message.segment);
  if (!segment) {
    const bool is_damaged = segment.error() == journal::SegmentFiles::Failure::damaged;
    return std::unexpected(is_damaged ? QueueError::damaged : error_of(segment.error()));
  }
  const auto header = journal::decode_header(segment->framing, message.record_offset, *record);
  const std::string_view body = std::string_view(*record).substr(journal::kRecordHeaderOctets);
  if (!header || header->body_octets != body.size() || crc32c(body) != header->body_crc) {
    return std::unexpected(QueueError::damaged);
  }
  record->erase(0, record->size() - message.octets);
  return std::move(*record);
}

std::expected<std::string, QueueError> Reader::read_octets(const OctetsLocation& message, std::uint64_t offset,
                                                           std::uint64_t count) const {
  if (offset >= message.octets) return std::string();
  auto octets = files_->read(message.segment, message.offset + offset, std::min(count, message.octets - offset));
  if (octets) return std::move(*octets);
  return std::unexpected(error_of(octets.error()));
}

}  // namespace posthaste::queue
