#include "common/store/record.h"

#include <gtest/gtest.h>

#include "common/base/octet_codec.h"

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
    {"Metadata", MetadataRecord{kUser,
                                kMailbox,
                                ModSeq{5},
                                {{"/private/a", std::string("\0\xff", 2)}, {"/shared/b", std::nullopt}, {"", ""}}}},
    {"MailboxBury", MailboxBuryRecord{kUser, kMailbox, ModSeq{5}}},
    {"CopyStage", CopyStageRecord{kUser, kMailbox, ModSeq{5}, {a_message(1), a_message(2)}}},
    {"CopyFinish", CopyFinishRecord{kUser, kMailbox}},
    {"Clear", ClearRecord{kUser, kMailbox, 1'024}},
    {"ClearOfTheUser", ClearRecord{kUser, std::nullopt, 0}},
    {"MetadataOfTheServer", MetadataRecord{kUser, std::nullopt, ModSeq{5}, {{"/private/a", "1"}}}},
    {"ObjectKey", ObjectKeyRecord{{{'\xff', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, '\x80'}}}},
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
  for (const int type : {0, 19, 20, 255}) {
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

TEST(StoredSummary, ComesBackInBothOrders) {
  const Summary summary{"envelope", "structure", "header"};
  const std::string octets = encode_summary(summary);
  EXPECT_EQ(decode_summary(octets)->copy(), summary);
  std::string as_first_written;
  OctetWriter(as_first_written).put_string("envelope").put_string("structure").put_string("header");
  EXPECT_EQ(decode_summary(as_first_written)->copy(), summary);
  for (const std::string& whole : {octets, as_first_written}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_FALSE(decode_summary(whole.substr(0, length))) << length;
      EXPECT_EQ(decode_header_cache(whole.substr(0, length)).value_or("header"), "header") << length;
    }
    EXPECT_FALSE(decode_summary(whole + "x"));
    EXPECT_EQ(decode_header_cache(whole), "header");
  }
}

}  // namespace
}  // namespace posthaste::store
