// What the queue's tests share: batches in few words, the index row by row, and what always holds.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../common/ledger/scratch.h"
#include "../../common/scratch_directory.h"
#include "common/base/crc32c.h"
#include "common/journal/log.h"
#include "smtpd/queue/index.h"
#include "smtpd/queue/writer.h"

namespace posthaste::queue {

inline constexpr std::uint64_t kTestMapOctets = std::uint64_t{1} << 28;

inline Options options_for(const std::filesystem::path& directory) {
  Options options;
  options.directory = directory;
  options.map_octets = kTestMapOctets;
  options.reserve_octets = 0;
  return options;
}

inline std::unique_ptr<Writer> open_writer(Options options) {
  auto writer = Writer::open(std::move(options));
  if (!writer) {
    ADD_FAILURE() << writer.error().text;
    return nullptr;
  }
  return std::move(*writer);
}

inline WallTime at(std::int64_t seconds) { return WallTime{std::chrono::seconds{seconds}}; }

inline QueuedRecipient waiting_recipient(std::string local_part, WallTime next_attempt = at(1'700'000'000)) {
  QueuedRecipient recipient;
  recipient.recipient.mailbox = {std::move(local_part), "example.net"};
  recipient.status.next_attempt = next_attempt;
  return recipient;
}

inline Add message_to(std::vector<QueuedRecipient> recipients, std::string octets) {
  Add add;
  add.envelope.trace_id = "trace";
  add.envelope.reverse_path = smtp::Mailbox{"sender", "example.org"};
  add.envelope.arrived = at(1'700'000'000);
  add.recipients = std::move(recipients);
  add.message.push_back(share("Received: by us\r\n"));
  add.message.push_back(share(std::move(octets)));
  return add;
}

inline Add message(std::string octets) {
  return message_to({waiting_recipient("a"), waiting_recipient("b")}, std::move(octets));
}

inline std::string octets_of(const Add& add) {
  std::string octets;
  for (const SharedOctets& piece : add.message) octets += piece.octets;
  return octets;
}

inline Outcome commit(Writer& writer, Batch batch, Moment moment = Moment::published) {
  const Request request{std::move(batch), moment};
  std::optional<Outcome> durable;
  auto outcomes = writer.commit({&request, 1}, [&](std::span<const Outcome> told) { durable = told[0]; });
  return moment == Moment::durable ? *durable : std::move(outcomes[0]);
}

inline EntryId add(Writer& writer, Add one, Moment moment = Moment::published) {
  Batch batch;
  batch.emplace_back(std::move(one));
  const Outcome outcome = commit(writer, std::move(batch), moment);
  if (outcome && outcome->size() == 1) return outcome->front();
  ADD_FAILURE() << "not added";
  return {};
}

inline std::string read_message(const Reader& reader, EntryId id) {
  const auto entry = reader.read(id);
  if (!entry) return "no such entry";
  const auto octets = reader.read_octets(entry->message, 0, entry->message.octets);
  return octets ? *octets : "cannot be read";
}

inline std::vector<EntryId> ids_of(const Reader& reader) {
  std::vector<EntryId> ids;
  const auto walked = reader.walk([&](const Summary& summary) {
    ids.push_back(summary.id);
    return true;
  });
  EXPECT_TRUE(walked.has_value());
  return ids;
}

using ledger::contents;
using ledger::copy_ledger;
using ledger::Rows;
using ledger::write_file;

inline Rows rows_of(const std::filesystem::path& directory) {
  return ledger::rows_of(open_index(directory / "index", Environment::Access::read, kTestMapOctets),
                         kTableNames.size());
}

/// What the README says that always holds, as far as it is published.
inline void expect_sound(const std::filesystem::path& directory) {
  journal::SegmentFiles files(directory / "log");
  std::map<std::uint32_t, std::uint64_t> live;
  std::map<EntryId, std::uint32_t> recipients;
  std::optional<MetaRow> meta;
  const Rows rows = rows_of(directory);
  for (const auto& [key, value] : rows) {
    const auto table = static_cast<Table>(key.first);
    if (table == Table::meta) meta = decode_meta(value);
    if (table == Table::recipients) {
      EXPECT_TRUE(decode_recipient(value));
      ++recipients[entry_of(key.second)];
    }
  }
  for (const auto& [key, value] : rows) {
    if (static_cast<Table>(key.first) != Table::entries) continue;
    const EntryId id = entry_of(key.second);
    const auto row = decode_entry(value);
    ASSERT_TRUE(row);
    live[row->segment] += row->record_octets;
    EXPECT_LT(id, meta->next_entry);
    EXPECT_EQ(recipients[id], row->recipients);
    recipients.erase(id);
    const auto record = files.read(row->segment, row->record_offset, row->record_octets);
    ASSERT_TRUE(record);
    const auto segment = files.header(row->segment);
    ASSERT_TRUE(segment);
    const auto header = journal::decode_header(segment->framing, row->record_offset, *record);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->body_crc, crc32c(std::string_view(*record).substr(journal::kRecordHeaderOctets)));
  }
  for (const auto& [id, count] : recipients) EXPECT_EQ(count, 0U) << "recipients of no entry";
  std::uint32_t segments = 0;
  for (const auto& [key, value] : rows) {
    if (static_cast<Table>(key.first) != Table::segments) continue;
    const auto row = decode_segment(value);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->live, live[segment_of(key.second)]) << segment_of(key.second);
    EXPECT_LE(row->live, row->total);
    live.erase(segment_of(key.second));
    ++segments;
  }
  EXPECT_TRUE(live.empty());
  const auto files_there = journal::list_segments(directory / "log");
  ASSERT_TRUE(files_there);
  EXPECT_LE(segments, files_there->size());
  EXPECT_LE(files_there->size(), segments + 1);  // one may have been begun and hold nothing yet
}

/// An index made anew from the log holds the same rows; the row of the index as a whole may tell of other unknown
/// ids.
inline void expect_rebuilt_the_same(const std::filesystem::path& directory) {
  const ScratchDirectory scratch;
  const auto copy = scratch.path() / "queue";
  copy_ledger(directory, copy);
  std::filesystem::remove_all(copy / "index");
  const auto writer = open_writer(options_for(copy));
  ASSERT_NE(writer, nullptr);
  Rows there = rows_of(directory);
  Rows again = rows_of(copy);
  std::erase_if(there, [](const auto& row) { return row.first.first == 0; });
  std::erase_if(again, [](const auto& row) { return row.first.first == 0; });
  ledger::expect_the_same(there, again);
}

}  // namespace posthaste::queue
