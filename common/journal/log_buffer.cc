#include "common/journal/log_buffer.h"

#include <algorithm>
#include <cassert>

#include "common/base/crc32c.h"
#include "common/base/release.h"

namespace posthaste::journal {

void LogBuffer::restart(LogPosition start, const Framing& framing) {
  if (octets_.capacity() > kKeptOctets) release(octets_);
  octets_.clear();
  start_ = start;
  framing_ = framing;
  next_sequence_ = start.sequence;
  ended_ = last_ = {};
}

void LogBuffer::begin_record() {
  last_.place = octets_.size();
  octets_.resize(last_.place + kRecordHeaderOctets);
}

std::uint64_t LogBuffer::complete_record(std::uint8_t type) {
  const std::string_view body = std::string_view(octets_).substr(last_.place + kRecordHeaderOctets);
  const std::uint64_t before = next_sequence_ - start_.sequence;
  RecordHeader header;
  header.type = type;
  header.body_octets = static_cast<std::uint32_t>(body.size());
  header.sequence = next_sequence_++;
  header.body_crc = crc32c(body);
  header.place_in_group = static_cast<std::uint16_t>(std::min<std::uint64_t>(before, kPlaceUnknown));
  last_.header = header;
  write(last_);
  return start_.offset + last_.place + kRecordHeaderOctets;
}

void LogBuffer::set_end(RecordEnd end) {
  assert(last_.place < octets_.size());
  last_.header.end = end;
  write(last_);
  ended_ = last_;
}

void LogBuffer::take_back(const Mark& mark) {
  octets_.resize(mark.octets);
  next_sequence_ = mark.next_sequence;
  last_ = ended_;
}

void LogBuffer::write(const Placed& placed) {
  written_.clear();
  encode_header(framing_, start_.offset + placed.place, placed.header, written_);
  octets_.replace(placed.place, written_.size(), written_);
}

}  // namespace posthaste::journal
