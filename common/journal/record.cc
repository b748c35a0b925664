#include "common/journal/record.h"

#include <tuple>

#include "common/base/crc32c.h"
#include "common/base/octet_codec.h"

namespace posthaste::journal {
namespace {

constexpr std::size_t kMagicOctets = std::tuple_size_v<SegmentMagic>;
constexpr std::size_t kFirstFormatHeaderOctets = 36;
constexpr std::size_t kCrcOctets = sizeof(std::uint32_t);

std::uint64_t header_octets(std::uint8_t format) {
  return format == 1 ? kFirstFormatHeaderOctets : kSegmentHeaderMaxOctets;
}

/// In format 2 a header is sound in its own segment, at its own place, and nowhere else.
std::uint32_t header_crc(const Framing& framing, std::uint64_t offset, std::string_view octets) {
  if (framing.format == 1) return crc32c(octets);
  const std::string_view place(reinterpret_cast<const char*>(&offset), sizeof(offset));
  return crc32c(octets, crc32c(place, framing.seed));
}

}  // namespace

Framing framing_of(std::uint64_t secret) {
  return {kFormat, static_cast<std::uint32_t>(secret), static_cast<std::uint32_t>(secret >> 32)};
}

void encode_header(const Framing& framing, std::uint64_t offset, const RecordHeader& header, std::string& out) {
  const std::size_t start = out.size();
  const std::uint16_t place = framing.format == 1 ? std::uint16_t{0} : header.place_in_group;
  OctetWriter writer(out);
  writer.put(framing.mark).put(header.type).put(header.end).put(place);
  writer.put(header.body_octets).put(header.sequence).put(header.body_crc);
  writer.put(header_crc(framing, offset, std::string_view(out).substr(start)));
}

std::optional<RecordHeader> decode_header(const Framing& framing, std::uint64_t offset, std::string_view octets) {
  octets = octets.substr(0, kRecordHeaderOctets);
  OctetReader reader(octets);
  RecordHeader header;
  if (reader.take<std::uint32_t>() != framing.mark) return std::nullopt;
  header.type = reader.take<std::uint8_t>();
  header.end = reader.take_enum(RecordEnd::group);
  header.place_in_group = reader.take<std::uint16_t>();
  if (framing.format == 1 && header.place_in_group != 0) reader.refuse();
  header.body_octets = reader.take<std::uint32_t>();
  header.sequence = reader.take<std::uint64_t>();
  header.body_crc = reader.take<std::uint32_t>();
  const auto crc = reader.take<std::uint32_t>();
  if (!reader.done() || header.body_octets > kRecordBodyMaxOctets) return std::nullopt;
  if (crc != header_crc(framing, offset, octets.substr(0, kRecordHeaderOctets - kCrcOctets))) return std::nullopt;
  return header;
}

std::uint64_t SegmentHeader::octets() const { return header_octets(framing.format); }

void encode_segment_header(const SegmentMagic& magic, const SegmentHeader& header, std::string& out) {
  const std::size_t start = out.size();
  out.append(magic.data(), magic.size()).append(1, '0');
  out.push_back(static_cast<char>('0' + header.framing.format));
  OctetWriter writer(out);
  writer.put(header.segment).put(std::uint32_t{0}).put(header.first_sequence).put(header.next_id);
  if (header.framing.format != 1) writer.put(header.framing.mark).put(header.framing.seed);
  writer.put(crc32c(std::string_view(out).substr(start)));
}

std::optional<SegmentHeader> decode_segment_header(std::string_view octets) {
  if (octets.size() < kFirstFormatHeaderOctets || octets[kMagicOctets] != '0') return std::nullopt;
  SegmentHeader header;
  header.framing.format = static_cast<std::uint8_t>(octets[kMagicOctets + 1] - '0');
  if (header.framing.format == 0 || header.framing.format > kFormat) return std::nullopt;
  octets = octets.substr(0, header.octets());
  OctetReader reader(octets);
  reader.take_octets(kMagicOctets + 2);
  header.segment = reader.take<std::uint32_t>();
  if (reader.take<std::uint32_t>() != 0) reader.refuse();
  header.first_sequence = reader.take<std::uint64_t>();
  header.next_id = reader.take<std::uint64_t>();
  if (header.framing.format != 1) {
    header.framing.mark = reader.take<std::uint32_t>();
    header.framing.seed = reader.take<std::uint32_t>();
  }
  const auto crc = reader.take<std::uint32_t>();
  if (!reader.done() || crc != crc32c(octets.substr(0, octets.size() - kCrcOctets))) return std::nullopt;
  return header;
}

std::optional<SegmentHeader> decode_segment_header(const SegmentMagic& magic, std::string_view octets) {
  if (!octets.starts_with(std::string_view(magic.data(), magic.size()))) return std::nullopt;
  return decode_segment_header(octets);
}

}  // namespace posthaste::journal
