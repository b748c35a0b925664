#include "smtpd/queue/envelope.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace posthaste::queue {
namespace {

constexpr EnvelopeField kLastField = EnvelopeField::envid;

// --- Values

template <typename Enum>
Enum take_choice(OctetReader& reader, Enum last) {
  const auto choice = reader.take<std::uint8_t>();
  if (choice > std::to_underlying(last)) reader.refuse();
  return reader.ok() ? static_cast<Enum>(choice) : last;
}

void put_delivery_id(OctetWriter& writer, const smtp::DeliveryId& id) {
  for (const std::byte octet : id.octets) writer.put(std::to_integer<std::uint8_t>(octet));
}

smtp::DeliveryId take_delivery_id(OctetReader& reader) {
  smtp::DeliveryId id;
  for (std::byte& octet : id.octets) octet = std::byte{reader.take<std::uint8_t>()};
  return id;
}

// --- Fields

/// Appends a field whose value `put` appends.
template <typename Put>
void put_field(std::string& fields, EnvelopeField field, const Put& put) {
  OctetWriter writer(fields);
  writer.put(std::to_underlying(field)).put(std::uint32_t{0});
  const std::size_t start = fields.size();
  put(writer);
  const auto octets = static_cast<std::uint32_t>(fields.size() - start);
  std::string length;
  OctetWriter(length).put(octets);
  fields.replace(start - length.size(), length.size(), length);
}

std::string fields_of(const Envelope& envelope) {
  std::string fields;
  const auto put = [&fields](EnvelopeField field, const auto& value) { put_field(fields, field, value); };
  put(EnvelopeField::trace_id, [&](OctetWriter&) { fields += envelope.trace_id; });
  put(EnvelopeField::delivery_id, [&](OctetWriter& writer) { put_delivery_id(writer, envelope.delivery_id); });
  put(EnvelopeField::arrived, [&](OctetWriter& writer) { put_time(writer, envelope.arrived); });
  if (envelope.reverse_path) {
    put(EnvelopeField::reverse_path, [&](OctetWriter& writer) { put_mailbox(writer, *envelope.reverse_path); });
  }
  if (envelope.body) {
    put(EnvelopeField::body,
        [&](OctetWriter& writer) { writer.put(static_cast<std::uint8_t>(std::to_underlying(*envelope.body))); });
  }
  if (envelope.smtp_utf8) put(EnvelopeField::smtp_utf8, [](OctetWriter&) {});
  if (envelope.ret) {
    put(EnvelopeField::ret,
        [&](OctetWriter& writer) { writer.put(static_cast<std::uint8_t>(std::to_underlying(*envelope.ret))); });
  }
  if (envelope.envid) put(EnvelopeField::envid, [&](OctetWriter&) { fields += *envelope.envid; });
  return fields += envelope.later_fields;
}

/// Takes the value of a field that we know. False when it is not one.
bool take_value(EnvelopeField field, std::string_view value, Envelope& envelope) {
  OctetReader reader(value);
  switch (field) {
    case EnvelopeField::trace_id: envelope.trace_id = value; return true;
    case EnvelopeField::delivery_id: envelope.delivery_id = take_delivery_id(reader); break;
    case EnvelopeField::arrived: envelope.arrived = take_time(reader); break;
    case EnvelopeField::reverse_path: envelope.reverse_path = take_mailbox(reader); break;
    case EnvelopeField::body: envelope.body = take_choice(reader, smtp::Body::binary_mime); break;
    case EnvelopeField::smtp_utf8: envelope.smtp_utf8 = true; break;
    case EnvelopeField::ret: envelope.ret = take_choice(reader, smtp::Return::headers); break;
    case EnvelopeField::envid: envelope.envid = value; return true;
  }
  return reader.done();
}

bool is_always_there(EnvelopeField field) { return field <= EnvelopeField::arrived; }

Envelope take_fields(OctetReader& outer) {
  Envelope envelope;
  OctetReader reader(outer.take_string());
  std::uint16_t before = 0;
  std::uint16_t always = 0;
  while (outer.ok() && !reader.rest().empty()) {
    const std::string_view start = reader.rest();
    const auto tag = reader.take<std::uint16_t>();
    const std::string_view value = reader.take_string();
    const auto number = static_cast<std::uint16_t>(tag & ~kCriticalField);
    const bool known = number <= std::to_underlying(kLastField);
    const bool critical = tag != number;
    if (!reader.ok() || number <= before || critical) {
      outer.refuse();
      break;
    }
    before = number;
    if (!known) {
      envelope.later_fields += start.substr(0, start.size() - reader.rest().size());
      continue;
    }
    const auto field = static_cast<EnvelopeField>(number);
    if (is_always_there(field)) ++always;
    if (!take_value(field, value, envelope)) outer.refuse();
  }
  if (always != std::to_underlying(EnvelopeField::arrived)) outer.refuse();
  return envelope;
}

// --- Format 1: each thing at its place

/// Zero for nothing, otherwise the enumerator's number and one.
template <typename Enum>
std::optional<Enum> take_first_format_choice(OctetReader& reader, Enum last) {
  const auto choice = reader.take<std::uint8_t>();
  if (choice > std::to_underlying(last) + 1) reader.refuse();
  if (choice == 0 || !reader.ok()) return std::nullopt;
  return static_cast<Enum>(choice - 1);
}

Envelope take_first_format(OctetReader& reader) {
  Envelope envelope;
  envelope.trace_id = reader.take_string();
  envelope.delivery_id = take_delivery_id(reader);
  if (reader.take_bool()) envelope.reverse_path = take_mailbox(reader);
  envelope.body = take_first_format_choice(reader, smtp::Body::binary_mime);
  envelope.smtp_utf8 = reader.take_bool();
  envelope.ret = take_first_format_choice(reader, smtp::Return::headers);
  if (reader.take_bool()) envelope.envid = reader.take_string();
  envelope.arrived = take_time(reader);
  return envelope;
}

}  // namespace

void put_envelope(OctetWriter& writer, const Envelope& envelope) {
  writer.put(kEnvelopeMark).put_string(fields_of(envelope));
}

Envelope take_envelope(OctetReader& reader) {
  if (OctetReader(reader.rest()).take<std::uint32_t>() != kEnvelopeMark) return take_first_format(reader);
  static_cast<void>(reader.take<std::uint32_t>());
  return take_fields(reader);
}

void put_time(OctetWriter& writer, WallTime time) {
  writer.put(static_cast<std::int64_t>(time.time_since_epoch().count()));
}

WallTime take_time(OctetReader& reader) { return WallTime{std::chrono::milliseconds{reader.take<std::int64_t>()}}; }

void put_mailbox(OctetWriter& writer, const smtp::Mailbox& mailbox) {
  writer.put_string(mailbox.local_part).put_string(mailbox.domain);
}

smtp::Mailbox take_mailbox(OctetReader& reader) {
  smtp::Mailbox mailbox;
  mailbox.local_part = reader.take_string();
  mailbox.domain = reader.take_string();
  return mailbox;
}

}  // namespace posthaste::queue
