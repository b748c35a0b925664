// The framing of a log's records, whatever they say. Pure: no file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::journal {

inline constexpr std::uint8_t kFormat = 2;  // of the segments that are begun now
inline constexpr std::size_t kSegmentHeaderMaxOctets = 44;
inline constexpr std::size_t kRecordHeaderOctets = 28;
inline constexpr std::uint32_t kRecordBodyMaxOctets = std::uint32_t{1} << 30;

/// How the records of one segment are marked as ours. Bodies hold what strangers wrote: in format 2 the mark and
/// the seed are secrets of the segment, so that no octets of a body pass for a record. In format 1, which is read
/// and not begun any more, anybody knows them.
struct Framing {
  std::uint8_t format = 1;
  std::uint32_t mark = 0x31524850;  // "PHR1"; the first octets of each record
  std::uint32_t seed = 0;           // from which the checksums of headers are counted
  bool operator==(const Framing&) const = default;
};

/// Of kFormat, with a secret from a source of randomness.
[[nodiscard]] Framing framing_of(std::uint64_t secret);

/// Where a record stands in its apply, and its apply in the octets written and synced together.
enum class RecordEnd : std::uint8_t {
  none = 0,   // more records of the same apply follow
  apply = 1,  // the last of its apply
  group = 2,  // the last of its apply and of its group: what follows it was written after it was synced
};

struct RecordHeader {
  std::uint8_t type = 0;  // its meaning is the log's owner's
  RecordEnd end = RecordEnd::none;
  std::uint32_t body_octets = 0;
  std::uint64_t sequence = 0;  // one more than the record before, across segments
  std::uint32_t body_crc = 0;
  std::uint16_t place_in_group = 0;  // records of its group before it, kPlaceUnknown at most; 0 in format 1
  bool operator==(const RecordHeader&) const = default;
};

inline constexpr std::uint16_t kPlaceUnknown = 0xFFFF;

/// kRecordHeaderOctets of them, their own checksum last: the header of a record at `offset` of its segment.
void encode_header(const Framing& framing, std::uint64_t offset, const RecordHeader& header, std::string& out);
/// The front of `octets`, which stand at `offset` of the segment. Nothing when it is too short, not a header that
/// we wrote at this place, or damaged.
[[nodiscard]] std::optional<RecordHeader> decode_header(const Framing& framing, std::uint64_t offset,
                                                        std::string_view octets);

/// Whose log it is. The format follows it, two digits.
using SegmentMagic = std::array<char, 6>;

/// The front of every segment's file.
struct SegmentHeader {
  std::uint32_t segment = 0;         // the number in the file's name
  std::uint64_t first_sequence = 0;  // of its first record
  std::uint64_t next_id = 0;         // nothing added in earlier segments has this id or a higher one
  Framing framing;                   // of its records
  /// Its own length: where the first record stands.
  [[nodiscard]] std::uint64_t octets() const;
  bool operator==(const SegmentHeader&) const = default;
};

void encode_segment_header(const SegmentMagic& magic, const SegmentHeader& header, std::string& out);
/// The front of `octets`, of any format. Nothing when it is damaged, or another's.
[[nodiscard]] std::optional<SegmentHeader> decode_segment_header(const SegmentMagic& magic,
                                                                 std::string_view octets);
/// The same, whosever it is.
[[nodiscard]] std::optional<SegmentHeader> decode_segment_header(std::string_view octets);

}  // namespace posthaste::journal
