// The queue's records: what each says, and its octets. Pure: no file, no index.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/octet_codec.h"
#include "common/journal/record.h"
#include "smtpd/queue/change.h"
#include "smtpd/queue/entry.h"

namespace posthaste::queue {

/// The front of each of its segments.
inline constexpr journal::SegmentMagic kSegmentMagic = {'P', 'O', 'H', 'Q', 'U', 'E'};

/// Number in the record's header. Never reused for another meaning.
enum class RecordType : std::uint8_t { entry = 1, update = 2, remove = 3 };

/// All of an entry: when it comes, and again when compaction moves it. The message's octets stand last.
struct EntryRecord {
  EntryId id{};
  Envelope envelope;
  std::vector<QueuedRecipient> recipients;
  std::string_view message;  // looks into the record's body
  bool operator==(const EntryRecord&) const = default;
};

struct UpdateRecord {
  EntryId id{};
  std::vector<Update::Change> changes;
  bool operator==(const UpdateRecord&) const = default;
};

struct RemoveRecord {
  EntryId id{};
  bool operator==(const RemoveRecord&) const = default;
};

using Record = std::variant<EntryRecord, UpdateRecord, RemoveRecord>;

/// Append a record's body to `out`.
void encode_entry(EntryId id, const Envelope& envelope, std::span<const QueuedRecipient> recipients,
                  std::span<const SharedOctets> message, std::string& out);
void encode_update(EntryId id, std::span<const Update::Change> changes, std::string& out);
void encode_remove(EntryId id, std::string& out);

/// Octets of the record that `add` becomes, header included.
[[nodiscard]] std::uint64_t entry_record_octets(const Add& add);

/// All of `body`. Nothing for what the encoders do not write and never wrote: the envelopes of format 1 are read.
[[nodiscard]] std::optional<Record> decode_body(std::uint8_t type, std::string_view body);

// --- Parts that the index's rows share with the records

/// The status stands first, so that what a summary needs lies in front.
void put_recipient(OctetWriter& writer, const QueuedRecipient& recipient);
[[nodiscard]] QueuedRecipient take_recipient(OctetReader& reader);
[[nodiscard]] Status take_status(OctetReader& reader);

/// The front of a recipient, for summaries.
struct StatusFront {
  Fate fate = Fate::waiting;
  bool held = false;
  WallTime next_attempt{};
};
[[nodiscard]] StatusFront take_status_front(OctetReader& reader);

}  // namespace posthaste::queue
