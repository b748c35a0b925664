#include "common/journal/log.h"

#include <gtest/gtest.h>

#include "common/journal/log_buffer.h"
#include "common/journal/record.h"

namespace posthaste::journal {
namespace {

constexpr SegmentMagic kMagic = {'T', 'E', 'S', 'T', 'L', 'O', 'G', '1'};

void add(LogBuffer& buffer, std::string_view body) {
  buffer.add(1, [body](std::string& out) { out.append(body); });
}

TEST(Header, AHeaderIsRefusedWhenAnyBitIsWrong) {
  std::string octets;
  const RecordHeader header{3, RecordEnd::apply, 1234, 56, 78};
  encode_header(header, octets);
  ASSERT_EQ(octets.size(), kRecordHeaderOctets);
  EXPECT_EQ(decode_header(octets), header);
  EXPECT_EQ(decode_header(octets.substr(0, kRecordHeaderOctets - 1)), std::nullopt);
  for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
    std::string wrong = octets;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(decode_header(wrong), std::nullopt) << bit;
  }
}

TEST(Header, ASegmentHeaderIsRefusedWhenAnyBitIsWrong) {
  std::string octets;
  const SegmentHeader header{1, 2, 3};
  encode_segment_header(kMagic, header, octets);
  ASSERT_EQ(octets.size(), kSegmentHeaderOctets);
  EXPECT_EQ(octets.substr(0, 8), "TESTLOG1");
  EXPECT_EQ(decode_segment_header(kMagic, octets), header);
  for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
    std::string wrong = octets;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(decode_segment_header(kMagic, wrong), std::nullopt) << bit;
  }
}

TEST(Header, ASegmentOfAnotherLogIsRefused) {
  std::string octets;
  encode_segment_header(kMagic, {1, 2, 3}, octets);
  SegmentMagic other = kMagic;
  other.back() = '2';
  EXPECT_EQ(decode_segment_header(other, octets), std::nullopt);
}

// --- Scanning: three groups, of two applies, one apply, and one apply of two records.
struct Scanned {
  std::string segment;
  std::vector<std::uint64_t> ends;  // of records
};

Scanned a_segment() {
  Scanned scanned;
  const auto group = [&](std::vector<std::vector<std::string>> applies, std::uint64_t sequence) {
    LogBuffer buffer({1, scanned.segment.size(), sequence});
    const std::size_t start = scanned.segment.size();
    for (const auto& apply : applies) {
      for (const std::string& body : apply) {
        add(buffer, body);
        scanned.ends.push_back(start + buffer.octets().size());
      }
      buffer.end_apply();
    }
    buffer.end_group();
    scanned.segment += buffer.octets();
  };
  group({{"one"}, {"the second"}}, 1);
  group({{"third"}}, 3);
  group({{"octets of the fourth", "and fifth"}}, 4);
  return scanned;
}

struct Found {
  ScanEnd end = ScanEnd::clean;
  std::uint64_t offset = 0;
  std::size_t applies = 0;
  bool operator==(const Found&) const = default;
};

Found scan(std::string_view segment, std::uint64_t sequence = 1) {
  std::size_t applies = 0;
  const ScanResult result = scan_records(segment, 0, sequence, [&](std::span<const ScannedRecord>) {
    ++applies;
    return true;
  });
  return {result.end, result.offset, applies};
}

TEST(Scan, GivesWholeAppliesAndCutsATornEndAtEveryOctet) {
  const Scanned scanned = a_segment();
  const std::size_t ends[] = {0, scanned.ends[0], scanned.ends[1], scanned.ends[2], scanned.ends[4]};
  for (std::size_t octets = 0; octets <= scanned.segment.size(); ++octets) {
    std::size_t whole = 0;
    while (whole < 4 && ends[whole + 1] <= octets) ++whole;
    const ScanEnd end = ends[whole] == octets ? ScanEnd::clean : ScanEnd::torn;
    EXPECT_EQ(scan(scanned.segment.substr(0, octets)), (Found{end, ends[whole], whole})) << octets;
  }
}

TEST(Scan, TellsDamageFromATornEnd) {
  const Scanned scanned = a_segment();
  std::string wrong = scanned.segment;
  wrong[scanned.ends[0] - 1] ^= 1;  // the first body: a synced group follows its own
  EXPECT_EQ(scan(wrong), (Found{ScanEnd::damaged, 0, 0}));
  wrong = scanned.segment;
  wrong[scanned.ends[2] - 1] ^= 1;
  EXPECT_EQ(scan(wrong), (Found{ScanEnd::damaged, scanned.ends[1], 2}));
  wrong = scanned.segment;
  wrong[scanned.ends[3] - 1] ^= 1;  // within the last group: it may never have been synced
  EXPECT_EQ(scan(wrong), (Found{ScanEnd::torn, scanned.ends[2], 3}));
}

TEST(Scan, AWrongHeaderBeforeSoundRecordsIsDamage) {
  const Scanned scanned = a_segment();
  std::string wrong = scanned.segment;
  wrong[scanned.ends[1] + 5] ^= 1;  // the second group's only header
  EXPECT_EQ(scan(wrong), (Found{ScanEnd::damaged, scanned.ends[1], 2}));
  wrong = scanned.segment;
  wrong[scanned.ends[2] + 5] ^= 1;  // the blob of the last group, whose link is sound
  EXPECT_EQ(scan(wrong), (Found{ScanEnd::damaged, scanned.ends[2], 3}));
  wrong = scanned.segment;
  wrong[scanned.ends[3] + 5] ^= 1;  // the very last header: nothing sound follows
  EXPECT_EQ(scan(wrong), (Found{ScanEnd::torn, scanned.ends[2], 3}));
}

TEST(Scan, ASectorThatWasNeverWrittenIsATornEnd) {
  // One group, larger than a sector: its first sector did not get to the disk, its end did.
  LogBuffer buffer({1, 0, 1});
  add(buffer, std::string(1000, 'x'));
  add(buffer, "end");
  buffer.end_apply();
  buffer.end_group();
  std::string segment(buffer.octets());
  ASSERT_EQ(scan(segment).end, ScanEnd::clean);
  segment.replace(0, 512, std::string(512, '\0'));
  EXPECT_EQ(scan(segment), (Found{ScanEnd::torn, 0, 0}));
  segment[511] = 'x';
  EXPECT_EQ(scan(segment), (Found{ScanEnd::damaged, 0, 0}));
}

TEST(Scan, RefusesARecordOutOfSequence) {
  const Scanned scanned = a_segment();
  EXPECT_EQ(scan(scanned.segment, 2), (Found{ScanEnd::damaged, 0, 0}));
  const std::string twice = scanned.segment + scanned.segment.substr(scanned.ends[2]);
  EXPECT_EQ(scan(twice), (Found{ScanEnd::torn, scanned.ends[4], 4}));
}

}  // namespace
}  // namespace posthaste::journal
