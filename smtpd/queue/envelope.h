// An envelope's octets in records and rows: tagged fields, so that more can come without a new format. Pure.
#pragma once

#include <cstdint>

#include "common/base/clock.h"
#include "common/base/octet_codec.h"
#include "common/smtp/path.h"
#include "smtpd/queue/entry.h"

namespace posthaste::queue {

/// What a field says. Never reused for another meaning. A later version appends its own.
enum class EnvelopeField : std::uint16_t {
  trace_id = 1,
  delivery_id = 2,
  arrived = 3,
  reverse_path = 4,  // without it: the null one
  body = 5,
  smtp_utf8 = 6,  // empty; it is there, or not
  ret = 7,
  envid = 8,
};

/// Set in the tag of a field without which the message would be handled wrongly: whoever does not know it refuses
/// the envelope. Other fields that he does not know he keeps.
inline constexpr std::uint16_t kCriticalField = 0x8000;

/// kEnvelopeMark, the octets of all fields (4), then each: tag (2), octets (4), value. Known fields first, then
/// later ones, each by ascending number; what is absent has no field.
void put_envelope(OctetWriter& writer, const Envelope& envelope);

/// That, or an envelope of format 1. Refuses what neither wrote, and critical fields of later versions.
[[nodiscard]] Envelope take_envelope(OctetReader& reader);

/// No envelope of format 1 begins so: there it is the length of the trace id.
inline constexpr std::uint32_t kEnvelopeMark = 0xFFFF'FFFF;

// --- Parts that recipients share with it

void put_time(OctetWriter& writer, WallTime time);
[[nodiscard]] WallTime take_time(OctetReader& reader);
void put_mailbox(OctetWriter& writer, const smtp::Mailbox& mailbox);
[[nodiscard]] smtp::Mailbox take_mailbox(OctetReader& reader);

}  // namespace posthaste::queue
