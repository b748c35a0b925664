// The framing of a log's records, whatever they say. Pure: no file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::journal {

inline constexpr std::size_t kSegmentHeaderOctets = 36;
inline constexpr std::size_t kRecordHeaderOctets = 28;
inline constexpr std::uint32_t kRecordBodyMaxOctets = std::uint32_t{1} << 30;

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
  bool operator==(const RecordHeader&) const = default;
};

/// kRecordHeaderOctets of them, their own checksum last.
void encode_header(const RecordHeader& header, std::string& out);
/// The front of `octets`. Nothing when it is too short, not a header, or damaged.
[[nodiscard]] std::optional<RecordHeader> decode_header(std::string_view octets);

/// Whose log it is, and in which format.
using SegmentMagic = std::array<char, 8>;

/// The front of every segment's file.
struct SegmentHeader {
  std::uint32_t segment = 0;         // the number in the file's name
  std::uint64_t first_sequence = 0;  // of its first record
  std::uint64_t next_id = 0;         // nothing added in earlier segments has this id or a higher one
  bool operator==(const SegmentHeader&) const = default;
};

void encode_segment_header(const SegmentMagic& magic, const SegmentHeader& header, std::string& out);
[[nodiscard]] std::optional<SegmentHeader> decode_segment_header(const SegmentMagic& magic,
                                                                 std::string_view octets);

}  // namespace posthaste::journal
