#include "common/journal/record.h"

#include "common/base/crc32c.h"
#include "common/base/octet_codec.h"

namespace posthaste::journal {
namespace {

constexpr std::uint32_t kRecordMagic = 0x31524850;  // "PHR1"

}  // namespace

void encode_header(const RecordHeader& header, std::string& out) {
  const std::size_t start = out.size();
  OctetWriter writer(out);
  writer.put(kRecordMagic).put(header.type).put(header.end).put(std::uint16_t{0});
  writer.put(header.body_octets).put(header.sequence).put(header.body_crc);
  writer.put(crc32c(std::string_view(out).substr(start)));
}

std::optional<RecordHeader> decode_header(std::string_view octets) {
  octets = octets.substr(0, kRecordHeaderOctets);
  OctetReader reader(octets);
  RecordHeader header;
  if (reader.take<std::uint32_t>() != kRecordMagic) return std::nullopt;
  header.type = reader.take<std::uint8_t>();
  header.end = reader.take_enum(RecordEnd::group);
  if (reader.take<std::uint16_t>() != 0) reader.refuse();
  header.body_octets = reader.take<std::uint32_t>();
  header.sequence = reader.take<std::uint64_t>();
  header.body_crc = reader.take<std::uint32_t>();
  const auto crc = reader.take<std::uint32_t>();
  if (!reader.done() || header.body_octets > kRecordBodyMaxOctets) return std::nullopt;
  if (crc != crc32c(octets.substr(0, kRecordHeaderOctets - sizeof(crc)))) return std::nullopt;
  return header;
}

void encode_segment_header(const SegmentMagic& magic, const SegmentHeader& header, std::string& out) {
  const std::size_t start = out.size();
  out.append(magic.data(), magic.size());
  OctetWriter writer(out);
  writer.put(header.segment).put(std::uint32_t{0}).put(header.first_sequence).put(header.next_id);
  writer.put(crc32c(std::string_view(out).substr(start)));
}

std::optional<SegmentHeader> decode_segment_header(const SegmentMagic& magic, std::string_view octets) {
  octets = octets.substr(0, kSegmentHeaderOctets);
  OctetReader reader(octets);
  SegmentHeader header;
  if (reader.take_octets(magic.size()) != std::string_view(magic.data(), magic.size())) return std::nullopt;
  header.segment = reader.take<std::uint32_t>();
  if (reader.take<std::uint32_t>() != 0) reader.refuse();
  header.first_sequence = reader.take<std::uint64_t>();
  header.next_id = reader.take<std::uint64_t>();
  const auto crc = reader.take<std::uint32_t>();
  if (!reader.done() || crc != crc32c(octets.substr(0, kSegmentHeaderOctets - sizeof(crc)))) return std::nullopt;
  return header;
}

}  // namespace posthaste::journal
