#include "common/journal/log_buffer.h"

#include <cassert>

#include "common/base/crc32c.h"

namespace posthaste::journal {

void LogBuffer::restart(LogPosition start) {
  if (octets_.capacity() > kKeptOctets) octets_ = {};
  octets_.clear();
  start_ = start;
  next_sequence_ = start.sequence;
  ended_ = last_ = 0;
}

void LogBuffer::begin_record() {
  last_ = octets_.size();
  octets_.resize(last_ + kRecordHeaderOctets);
}

std::uint64_t LogBuffer::complete_record(std::uint8_t type) {
  const std::string_view body = std::string_view(octets_).substr(last_ + kRecordHeaderOctets);
  RecordHeader header;
  header.type = type;
  header.body_octets = static_cast<std::uint32_t>(body.size());
  header.sequence = next_sequence_++;
  header.body_crc = crc32c(body);
  write_header(last_, header);
  return start_.offset + last_ + kRecordHeaderOctets;
}

void LogBuffer::set_end(RecordEnd end) {
  auto header = decode_header(std::string_view(octets_).substr(last_));
  assert(header);
  header->end = end;
  write_header(last_, *header);
  ended_ = last_;
}

void LogBuffer::take_back(const Mark& mark) {
  octets_.resize(mark.octets);
  next_sequence_ = mark.next_sequence;
  last_ = ended_;
}

void LogBuffer::write_header(std::size_t place, const RecordHeader& header) {
  std::string octets;
  encode_header(header, octets);
  octets_.replace(place, octets.size(), octets);
}

}  // namespace posthaste::journal
