#include "common/journal/log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "../scratch_directory.h"
#include "common/journal/log_buffer.h"
#include "common/journal/record.h"
#include "common/journal/scan.h"

namespace posthaste::journal {
namespace {

constexpr SegmentMagic kMagic = {'T', 'E', 'S', 'T', 'L', 'O'};
constexpr std::uint64_t kSecret = 0xFEDC'BA98'7654'3210;

const Framing kFramings[] = {Framing{}, framing_of(kSecret)};

std::string with_wrong_bit(std::string octets, std::size_t bit) {
  octets[bit / 8] = static_cast<char>(octets[bit / 8] ^ (1 << (bit % 8)));
  return octets;
}

TEST(Header, AHeaderIsRefusedWhenAnyBitIsWrong) {
  for (const Framing& framing : kFramings) {
    std::string octets;
    RecordHeader header{3, RecordEnd::apply, 1234, 56, 78};
    if (framing.format != 1) header.place_in_group = 9;
    encode_header(framing, 4096, header, octets);
    ASSERT_EQ(octets.size(), kRecordHeaderOctets);
    EXPECT_EQ(decode_header(framing, 4096, octets), header);
    EXPECT_EQ(decode_header(framing, 4096, octets.substr(0, kRecordHeaderOctets - 1)), std::nullopt);
    for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
      EXPECT_EQ(decode_header(framing, 4096, with_wrong_bit(octets, bit)), std::nullopt) << bit;
    }
  }
}

TEST(Header, AHeaderIsOneAtItsPlaceInItsSegmentAlone) {
  const Framing framing = framing_of(kSecret);
  std::string octets;
  encode_header(framing, 4096, {3, RecordEnd::apply, 1234, 56, 78}, octets);
  EXPECT_EQ(decode_header(framing, 4097, octets), std::nullopt);
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_EQ(decode_header(framing_of(kSecret ^ (std::uint64_t{1} << bit)), 4096, octets), std::nullopt) << bit;
  }
  EXPECT_EQ(decode_header(Framing{}, 4096, octets), std::nullopt);
}

TEST(Header, ASegmentHeaderIsRefusedWhenAnyBitIsWrong) {
  for (const Framing& framing : kFramings) {
    std::string octets;
    const SegmentHeader header{1, 2, 3, framing};
    encode_segment_header(kMagic, header, octets);
    ASSERT_EQ(octets.size(), header.octets());
    ASSERT_EQ(octets.size(), framing.format == 1 ? 36U : 44U);
    EXPECT_EQ(octets.substr(0, 8), framing.format == 1 ? "TESTLO01" : "TESTLO02");
    EXPECT_EQ(decode_segment_header(kMagic, octets), header);
    EXPECT_EQ(decode_segment_header(octets), header);
    EXPECT_EQ(decode_segment_header(octets.substr(0, octets.size() - 1)), std::nullopt);
    for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
      EXPECT_EQ(decode_segment_header(kMagic, with_wrong_bit(octets, bit)), std::nullopt) << bit;
    }
  }
}

TEST(Header, ASegmentOfAnotherLogIsRefused) {
  std::string octets;
  encode_segment_header(kMagic, {1, 2, 3, framing_of(kSecret)}, octets);
  SegmentMagic other = kMagic;
  other.back() = 'X';
  EXPECT_EQ(decode_segment_header(other, octets), std::nullopt);
}

// --- Writing

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(LogWriter, GivesEachSegmentASecretOfItsOwn) {
  const ScratchDirectory scratch;
  std::uint64_t secret = kSecret;
  LogWriter writer(scratch.path(), kMagic, 100, [&secret] { return ++secret; });
  ASSERT_TRUE(writer.open({}));
  LogBuffer buffer;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(writer.begin_segment_when_due(1));
    buffer.restart(writer.tail(), writer.framing());
    buffer.add(1, [](std::string& out) { out.assign(out + std::string(100, 'x')); });
    buffer.end_apply();
    buffer.end_group();
    ASSERT_TRUE(writer.append(buffer.octets(), buffer.next_sequence()));
    ASSERT_TRUE(writer.sync());
  }
  SegmentFiles files(scratch.path());
  for (std::uint32_t segment = 1; segment <= 3; ++segment) {
    const auto header = files.header(segment);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->framing, framing_of(kSecret + segment));
    const std::string octets = contents(segment_path(scratch.path(), segment));
    EXPECT_TRUE(decode_header(header->framing, header->octets(), octets.substr(header->octets())));
  }
}

TEST(LogWriter, LeavesASegmentOfFormat1AtOnce) {
  const ScratchDirectory scratch;
  std::string octets;
  encode_segment_header(kMagic, {1, 1, 1, Framing{}}, octets);
  std::ofstream(segment_path(scratch.path(), 1), std::ios::binary) << octets;
  LogWriter writer(scratch.path(), kMagic, 1 << 20, [] { return kSecret; });
  ASSERT_TRUE(writer.open({1, octets.size(), 1}));
  EXPECT_EQ(writer.framing(), Framing{});
  ASSERT_TRUE(writer.begin_segment_when_due(1));
  EXPECT_EQ(writer.framing(), framing_of(kSecret));
  EXPECT_EQ(writer.tail(), (LogPosition{2, 44, 1}));
  EXPECT_EQ(contents(segment_path(scratch.path(), 1)), octets);
}

}  // namespace
}  // namespace posthaste::journal
