// The index: its tables in LMDB, their keys and rows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/open_error.h"
#include "common/journal/log.h"
#include "common/ledger/segments.h"
#include "common/lmdb/environment.h"
#include "common/lmdb/key.h"
#include "common/lmdb/transaction.h"
#include "smtpd/queue/entry.h"

namespace posthaste::queue {

using ledger::decode_segment;
using ledger::encode;
using ledger::segment_key;
using ledger::segment_of;
using ledger::SegmentRow;
using lmdb::Cursor;
using lmdb::Environment;
using lmdb::Key;
using lmdb::ReadTxn;
using lmdb::View;
using lmdb::WriteCursor;
using lmdb::WriteTxn;

enum class Table : std::uint8_t { meta, entries, recipients, segments };
inline constexpr std::array kTableNames = {"meta", "entries", "recipients", "segments"};

[[nodiscard]] inline std::expected<std::shared_ptr<Environment>, OpenError> open_index(
    const std::filesystem::path& directory, Environment::Access access, std::uint64_t map_octets) {
  return Environment::open(directory, kTableNames, access, map_octets);
}

/// The index as a whole (table meta, one row).
struct MetaRow {
  journal::LogPosition tail;  // what lies before it in the log is in the index
  EntryId next_entry{1};
  EntryId unknown_below{1};  // the log that the index was made from may name lower ids whose entries it has not
};

struct EntryRow {
  std::uint32_t segment = 0;
  std::uint64_t record_offset = 0;  // of the header
  std::uint64_t record_octets = 0;  // header included; the message's octets are its last
  std::uint64_t message_octets = 0;
  std::uint32_t recipients = 0;
  Envelope envelope;
};

[[nodiscard]] inline OctetsLocation message_of(const EntryRow& row) {
  return {row.segment, row.record_offset + row.record_octets - row.message_octets, row.message_octets,
          row.record_offset};
}

// --- Keys

[[nodiscard]] inline Key meta_key() { return Key().add_octets("state"); }
[[nodiscard]] inline Key entry_key(EntryId entry) { return Key().add(entry); }
[[nodiscard]] inline Key recipient_key(EntryId entry, std::uint32_t index) { return Key().add(entry).add(index); }

[[nodiscard]] EntryId entry_of(std::string_view key);

// --- Rows. A decoder takes all of its octets, or gives nothing.

[[nodiscard]] std::string encode(const MetaRow& row);
[[nodiscard]] std::string encode(const EntryRow& row);
[[nodiscard]] std::string encode(const QueuedRecipient& row);

[[nodiscard]] std::optional<MetaRow> decode_meta(std::string_view octets);
[[nodiscard]] std::optional<EntryRow> decode_entry(std::string_view octets);
[[nodiscard]] std::optional<QueuedRecipient> decode_recipient(std::string_view octets);

// --- Finding. Nothing when the row is not there; the view fails when it is damaged.

[[nodiscard]] std::optional<MetaRow> find_meta(const View& view);
[[nodiscard]] std::optional<EntryRow> find_entry(const View& view, EntryId entry);
[[nodiscard]] std::optional<QueuedRecipient> find_recipient(const View& view, EntryId entry, std::uint32_t index);
/// What is live of a segment: the records of entries that are there.
[[nodiscard]] inline std::optional<SegmentRow> find_segment(const View& view, std::uint32_t segment) {
  return ledger::find_segment(view, Table::segments, segment);
}

/// All recipients of an entry whose row says that there are `count`; the view fails when there are not.
[[nodiscard]] std::vector<QueuedRecipient> find_recipients(const View& view, EntryId entry, std::uint32_t count);

}  // namespace posthaste::queue
