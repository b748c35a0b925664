#include "common/store/record.h"

#include <gtest/gtest.h>

#include "common/base/crc32c.h"
#include "common/store/log.h"
#include "common/store/log_buffer.h"

namespace posthaste::store {
namespace {

constexpr UserId kUser{7};
constexpr MailboxId kMailbox{3};

Message a_message(std::uint32_t uid) {
  Message message;
  message.uid = Uid{uid};
  message.modseq = ModSeq{5};
  message.flags = {SystemFlag::seen, SystemFlag::deleted};
  message.keywords = KeywordBits(0x8000000000000001U);
  message.internal_date = {std::chrono::sys_seconds{std::chrono::seconds{-1}}, -720};
  message.octets = 12;
  message.blob = BlobId{9};
  return message;
}

struct Case {
  const char* name;
  Record record;
};

const UidSet kSomeUids = {{Uid{1}, Uid{3}}, {Uid{5}, Uid{0xffffffff}}};

const Case kCases[] = {
    {"Blob", BlobRecord{BlobId{1}, Codec::none, "summary", "octets\r\n"}},
    {"EmptyBlob", BlobRecord{BlobId{1}, Codec::none, "", ""}},
    {"Link", LinkRecord{kUser, kMailbox, ModSeq{5}, {a_message(1), a_message(2)}}},
    {"Flags",
     FlagsRecord{kUser, kMailbox, ModSeq{5}, FlagMode::replace, {SystemFlag::draft}, KeywordBits(6), kSomeUids}},
    {"Expunge", ExpungeRecord{kUser, kMailbox, ModSeq{5}, kSomeUids}},
    {"Move",
     MoveRecord{kUser, kMailbox, MailboxId{4}, ModSeq{5}, {{Uid{7}, Uid{8}}}, {a_message(1), a_message(2)}}},
    {"Keywords", KeywordsRecord{kUser, kMailbox, {"$Junk", ""}}},
    {"MailboxCreate",
     MailboxCreateRecord{kUser, kMailbox, ModSeq{5}, UidValidity{6}, "a/b", SpecialUse::important}},
    {"MailboxRename", MailboxRenameRecord{kUser, kMailbox, ModSeq{5}, "a/c"}},
    {"MailboxDelete", MailboxDeleteRecord{kUser, kMailbox, ModSeq{5}}},
    {"SpecialUse", SpecialUseRecord{kUser, kMailbox, ModSeq{5}, std::nullopt}},
    {"Subscription", SubscriptionRecord{kUser, ModSeq{5}, true, "a"}},
    {"UserCreate", UserCreateRecord{kUser}},
    {"UserDelete", UserDeleteRecord{kUser}},
    {"Quota", QuotaRecord{kUser, {std::nullopt, 0}}},
    {"Delivery", DeliveryRecord{{"id", "a@example.org"},
                                Day{20'000},
                                {{kMailbox, UidValidity{1}, Uid{2}, BlobId{3}}, ModSeq{4}, Delivery::first}}},
    {"Applied", AppliedRecord{kUser,
                              "key",
                              Day{20'000},
                              {{Appended{kMailbox, UidValidity{1}, Uid{2}, BlobId{3}}, FlagsStored{kSomeUids, {}},
                                Expunged{kSomeUids}, Copied{UidValidity{1}, kSomeUids, {}},
                                MailboxChanged{kMailbox, UidValidity{1}}, Done{}},
                               ModSeq{9}}}},
    {"Expire", ExpireRecord{Day{20'000}, 256}},
};

TEST(Record, EachKindComesBackAsItWas) {
  for (const Case& c : kCases) {
    std::string body;
    encode_body(c.record, body);
    const auto decoded = decode_body(type_of(c.record), body);
    ASSERT_TRUE(decoded) << c.name;
    EXPECT_TRUE(*decoded == c.record) << c.name;
  }
}

TEST(Record, ABodyThatIsCutOrLongerIsRefused) {
  for (const Case& c : kCases) {
    if (std::holds_alternative<BlobRecord>(c.record)) continue;  // its octets end where the body ends
    std::string body;
    encode_body(c.record, body);
    for (std::size_t octets = 0; octets < body.size(); ++octets) {
      EXPECT_EQ(decode_body(type_of(c.record), body.substr(0, octets)), std::nullopt) << c.name << " " << octets;
    }
    EXPECT_EQ(decode_body(type_of(c.record), body + '\0'), std::nullopt) << c.name;
  }
}

TEST(Record, NumbersThatNothingStandsForAreRefused) {
  for (const int type : {0, 18, 255}) {
    EXPECT_EQ(decode_body(static_cast<RecordType>(type), ""), std::nullopt) << type;
  }
  std::string body;
  encode_body(ExpungeRecord{kUser, kMailbox, ModSeq{5}, {{Uid{5}, Uid{9}}, {Uid{20}, Uid{21}}}}, body);
  const std::size_t second = body.size() - 8;
  for (const char first : {'\x0a', '\x05', '\x16'}) {  // adjacent to 9; within; above its own last
    std::string wrong = body;
    wrong[second] = first;
    EXPECT_EQ(decode_body(RecordType::expunge, wrong), std::nullopt) << int{first};
  }
}

TEST(Record, AHeaderIsRefusedWhenAnyBitIsWrong) {
  std::string octets;
  const RecordHeader header{RecordType::flags, RecordEnd::apply, 1234, 56, 78};
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

TEST(Record, ASegmentHeaderIsRefusedWhenAnyBitIsWrong) {
  std::string octets;
  const SegmentHeader header{1, 2, BlobId{3}};
  encode_segment_header(header, octets);
  ASSERT_EQ(octets.size(), kSegmentHeaderOctets);
  EXPECT_EQ(octets.substr(0, 8), "POHSEG01");
  EXPECT_EQ(decode_segment_header(octets), header);
  for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
    std::string wrong = octets;
    wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(decode_segment_header(wrong), std::nullopt) << bit;
  }
}

TEST(UidSet, MergesWhatTouchesAndStaysAscending) {
  UidSet set;
  for (const std::uint32_t uid : {5, 1, 3, 9, 4, 2, 9}) set.add(Uid{uid});
  EXPECT_EQ(set, (UidSet{{Uid{1}, Uid{5}}, {Uid{9}, Uid{9}}}));
  EXPECT_EQ(set.size(), 6U);
  set.add({Uid{4}, Uid{8}});
  EXPECT_EQ(set, (UidSet{{Uid{1}, Uid{9}}}));
  set.add({Uid{8}, Uid{7}});  // empty
  EXPECT_EQ(set.size(), 9U);
  EXPECT_TRUE(set.contains(Uid{9}));
  EXPECT_FALSE(set.contains(Uid{10}));
  set.add(kAllUids);
  set.add(Uid{0xffffffff});
  EXPECT_EQ(set, UidSet{kAllUids});
  EXPECT_FALSE(UidSet{}.contains(Uid{1}));
}

// --- Scanning: three groups, of two applies, one apply, and one apply of two records.
struct Scanned {
  std::string segment;
  std::vector<std::uint64_t> ends;  // of records
};

Scanned a_segment() {
  Scanned scanned;
  const auto group = [&](std::vector<std::vector<Record>> applies, std::uint64_t sequence) {
    LogBuffer buffer({1, scanned.segment.size(), sequence});
    const std::size_t start = scanned.segment.size();
    for (const auto& apply : applies) {
      for (const Record& record : apply) {
        buffer.add(record);
        scanned.ends.push_back(start + buffer.octets().size());
      }
      buffer.end_apply();
    }
    buffer.end_group();
    scanned.segment += buffer.octets();
  };
  group({{UserCreateRecord{kUser}}, {QuotaRecord{kUser, {}}}}, 1);
  group({{ExpireRecord{}}}, 3);
  group({{BlobRecord{BlobId{1}, Codec::none, "s", "octets"}, LinkRecord{kUser, kMailbox, {}, {}}}}, 4);
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
  buffer.add(BlobRecord{BlobId{1}, Codec::none, "s", std::string(1000, 'x')});
  buffer.add(LinkRecord{kUser, kMailbox, {}, {}});
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
}  // namespace posthaste::store
