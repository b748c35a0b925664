#include "smtpd/queue/record.h"

#include <utility>

#include "smtpd/queue/envelope.h"

namespace posthaste::queue {
namespace {

constexpr std::size_t kRecipientLeastOctets = 40;  // of a record, with every string empty
constexpr std::size_t kChangeLeastOctets = 34;

constexpr std::uint8_t kHeld = 1;
constexpr std::uint8_t kDelayReported = 2;

constexpr std::uint8_t kNotifySuccess = 1;
constexpr std::uint8_t kNotifyFailure = 2;
constexpr std::uint8_t kNotifyDelay = 4;
constexpr std::uint8_t kNotifyGiven = 8;

void put_notify(OctetWriter& writer, const std::optional<smtp::Notify>& notify) {
  std::uint8_t bits = 0;
  if (notify) {
    bits = kNotifyGiven;
    if (notify->success) bits |= kNotifySuccess;
    if (notify->failure) bits |= kNotifyFailure;
    if (notify->delay) bits |= kNotifyDelay;
  }
  writer.put(bits);
}

std::optional<smtp::Notify> take_notify(OctetReader& reader) {
  const auto bits = reader.take<std::uint8_t>();
  if (bits == 0) return std::nullopt;
  if (bits < kNotifyGiven || bits >= 2 * kNotifyGiven) reader.refuse();
  return smtp::Notify{(bits & kNotifySuccess) != 0, (bits & kNotifyFailure) != 0, (bits & kNotifyDelay) != 0};
}

void put_status(OctetWriter& writer, const Status& status) {
  std::uint8_t flags = 0;
  if (status.held) flags |= kHeld;
  if (status.delay_reported) flags |= kDelayReported;
  writer.put(status.fate).put(flags).put(status.attempts);
  put_time(writer, status.next_attempt);
  put_time(writer, status.last_attempt);
  writer.put_string(status.last_host).put_string(status.last_reply);
}

EntryRecord take_entry(OctetReader& reader) {
  EntryRecord record;
  record.id = reader.take<EntryId>();
  record.envelope = take_envelope(reader);
  const std::uint32_t count = reader.take_count(kRecipientLeastOctets);
  record.recipients.reserve(count);
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) record.recipients.push_back(take_recipient(reader));
  record.message = reader.take_octets(reader.rest().size());
  return record;
}

UpdateRecord take_update(OctetReader& reader) {
  UpdateRecord record;
  record.id = reader.take<EntryId>();
  const std::uint32_t count = reader.take_count(kChangeLeastOctets);
  record.changes.reserve(count);
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    const auto index = reader.take<std::uint32_t>();
    record.changes.push_back({index, take_status(reader)});
  }
  return record;
}

Record take_record(std::uint8_t type, OctetReader& reader) {
  switch (static_cast<RecordType>(type)) {
    case RecordType::entry: return take_entry(reader);
    case RecordType::update: return take_update(reader);
    case RecordType::remove: return RemoveRecord{reader.take<EntryId>()};
  }
  reader.refuse();
  return RemoveRecord{};
}

void put_entry_head(OctetWriter& writer, EntryId id, const Envelope& envelope,
                    std::span<const QueuedRecipient> recipients) {
  writer.put(id);
  put_envelope(writer, envelope);
  writer.put(static_cast<std::uint32_t>(recipients.size()));
  for (const QueuedRecipient& recipient : recipients) put_recipient(writer, recipient);
}

}  // namespace

void encode_entry(EntryId id, const Envelope& envelope, std::span<const QueuedRecipient> recipients,
                  std::span<const SharedOctets> message, std::string& out) {
  OctetWriter writer(out);
  put_entry_head(writer, id, envelope, recipients);
  for (const SharedOctets& piece : message) out.append(piece.octets);
}

void encode_update(EntryId id, std::span<const Update::Change> changes, std::string& out) {
  OctetWriter writer(out);
  writer.put(id).put(static_cast<std::uint32_t>(changes.size()));
  for (const Update::Change& change : changes) {
    writer.put(change.index);
    put_status(writer, change.status);
  }
}

void encode_remove(EntryId id, std::string& out) { OctetWriter(out).put(id); }

std::uint64_t entry_record_octets(const Add& add) {
  std::string head;
  OctetWriter writer(head);
  put_entry_head(writer, EntryId{}, add.envelope, add.recipients);
  std::uint64_t octets = journal::kRecordHeaderOctets + head.size();
  for (const SharedOctets& piece : add.message) octets += piece.octets.size();
  return octets;
}

std::optional<Record> decode_body(std::uint8_t type, std::string_view body) {
  OctetReader reader(body);
  Record record = take_record(type, reader);
  if (!reader.done()) return std::nullopt;
  return record;
}

void put_recipient(OctetWriter& writer, const QueuedRecipient& recipient) {
  put_status(writer, recipient.status);
  put_mailbox(writer, recipient.recipient.mailbox);
  put_notify(writer, recipient.recipient.notify);
  const auto& orcpt = recipient.recipient.orcpt;
  writer.put(static_cast<std::uint8_t>(orcpt.has_value()));
  if (orcpt) writer.put_string(orcpt->address_type).put_string(orcpt->address);
}

QueuedRecipient take_recipient(OctetReader& reader) {
  QueuedRecipient recipient;
  recipient.status = take_status(reader);
  recipient.recipient.mailbox = take_mailbox(reader);
  recipient.recipient.notify = take_notify(reader);
  if (reader.take_bool()) {
    smtp::OriginalRecipient orcpt;
    orcpt.address_type = reader.take_string();
    orcpt.address = reader.take_string();
    recipient.recipient.orcpt = std::move(orcpt);
  }
  return recipient;
}

Status take_status(OctetReader& reader) {
  Status status;
  status.fate = reader.take_enum(Fate::dropped);
  const auto flags = reader.take<std::uint8_t>();
  if (flags > (kHeld | kDelayReported)) reader.refuse();
  status.held = (flags & kHeld) != 0;
  status.delay_reported = (flags & kDelayReported) != 0;
  status.attempts = reader.take<std::uint32_t>();
  status.next_attempt = take_time(reader);
  status.last_attempt = take_time(reader);
  status.last_host = reader.take_string();
  status.last_reply = reader.take_string();
  return status;
}

StatusFront take_status_front(OctetReader& reader) {
  StatusFront front;
  front.fate = reader.take_enum(Fate::dropped);
  front.held = (reader.take<std::uint8_t>() & kHeld) != 0;
  static_cast<void>(reader.take<std::uint32_t>());  // attempts
  front.next_attempt = take_time(reader);
  return front;
}

}  // namespace posthaste::queue
