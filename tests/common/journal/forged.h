// What a stranger who knows the log's formats writes into a message, so that its octets pass for records.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/crc32c.h"
#include "common/journal/record.h"

namespace posthaste::journal {

/// A record with a sequence far above any, the end of a group.
inline std::string forged_record(const Framing& framing, std::uint64_t sequence, std::string body = {}) {
  RecordHeader header;
  header.type = 1;
  header.end = RecordEnd::group;
  header.sequence = (std::uint64_t{1} << 40) + sequence;
  header.body_octets = static_cast<std::uint32_t>(body.size());
  header.body_crc = crc32c(body);
  std::string octets;
  encode_header(framing, 0, header, octets);
  return octets + body;
}

/// Whole groups, one after the other, in format 1 and in format 2 with a secret that was guessed.
inline std::string forged_groups() {
  std::string octets = "Subject: records\r\n\r\n";
  for (const Framing& framing : {Framing{}, framing_of(0), framing_of(0x0123'4567'89AB'CDEF)}) {
    for (std::uint64_t sequence = 0; sequence < 3; ++sequence) octets += forged_record(framing, sequence, "forged");
    octets += "\r\n";
  }
  return octets;
}

/// Headers without end, the body of each the rest of `octets_max`: who reads the bodies reads it as often.
inline std::string forged_headers(const Framing& framing, std::size_t octets_max) {
  std::string octets;
  while (octets.size() + 2 * kRecordHeaderOctets < octets_max) {
    RecordHeader header;
    header.type = 1;
    header.end = RecordEnd::group;
    header.sequence = std::uint64_t{1} << 40;
    header.body_octets = static_cast<std::uint32_t>(octets_max - octets.size() - 2 * kRecordHeaderOctets);
    header.body_crc = 1;
    encode_header(framing, 0, header, octets);
  }
  return octets;
}

}  // namespace posthaste::journal
