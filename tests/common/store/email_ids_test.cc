#include "common/mailbox/email_ids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "common/store/redo.h"
#include "common/store/rows.h"
#include "scratch.h"

namespace posthaste::store {
namespace {

using mailbox::EmailIds;

/// FIPS-197, appendix C.1: key 00 01 .. 0f, plaintext 00 11 22 .. ff, ciphertext 69c4e0d8 6a7b0430 d8cdb780
/// 70b4c55a.
constexpr ObjectKey kKey{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
constexpr UserId kUser{0x7766554433221100};
constexpr BlobId kBlob{0xffeeddccbbaa9988};

TEST(EmailIds, AreABlockOfAes) {
  const EmailIds ids(kKey, kUser);
  EXPECT_EQ(ids.id_of(kBlob), "MacTg2Gp7BDDYzbeAcLTFWg");
  EXPECT_EQ(ids.blob_of("MacTg2Gp7BDDYzbeAcLTFWg"), kBlob);
}

TEST(EmailIds, AreObjectIds) {  // RFC 8474 §7
  const EmailIds ids(kKey, kAlice);
  std::set<std::string> seen;
  for (std::uint64_t number = 1; number <= 1'000; ++number) {
    const std::string id = ids.id_of(BlobId{number});
    EXPECT_EQ(id.size(), 23U);
    const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_'; };
    EXPECT_TRUE(std::ranges::all_of(id, fits)) << id;
    EXPECT_EQ(ids.blob_of(id), BlobId{number});
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(EmailIds, OfOneBlobDifferForEachUserAndKey) {
  ObjectKey other = kKey;
  other.octets[0] = 99;
  const std::string id = EmailIds(kKey, kAlice).id_of(kBlob);
  EXPECT_NE(id, EmailIds(kKey, kBob).id_of(kBlob));
  EXPECT_NE(id, EmailIds(other, kAlice).id_of(kBlob));
  EXPECT_EQ(EmailIds(kKey, kBob).blob_of(id), std::nullopt);
}

TEST(EmailIds, KnowNoOtherText) {
  const EmailIds ids(kKey, kUser);
  for (const char* text : {"", "M", "M1", "F1", "macTg2Gp7BDDYzbeAcLTFWg", "MacTg2Gp7BDDYzbeAcLTFW",
                           "MacTg2Gp7BDDYzbeAcLTFWgA", "MacTg2Gp7BDDYzbeAcLTFWh", "MacTg2Gp7BDDYzbeAcLTFW=",
                           "MacTg2Gp7BDDYzbeAcLTFWg==", "MacTg2Gp7BDDYzbeAcLTF+g", "MbcTg2Gp7BDDYzbeAcLTFWg"}) {
    EXPECT_EQ(ids.blob_of(text), std::nullopt) << text;
  }
}

std::string id_of(const Store& store, UserId user, BlobId blob) {
  const auto snapshot = store.read(user);
  const auto ids = snapshot->email_ids();
  return ids ? ids->id_of(blob) : "no key";
}

TEST(ObjectKey, IsThereFromTheBeginningAndStays) {
  const ScratchDirectory scratch;
  std::string first;
  {
    const auto writer = open_writer(options_for(scratch.path()));
    EXPECT_NE(id_of(writer->store(), kAlice, kBlob), "no key");  // before anything was stored
    const auto delivered = deliver(*writer, delivery(kAlice, "one"));
    first = id_of(writer->store(), kAlice, delivered->message.blob);
    const MailboxId inbox = mailbox(writer->store(), kAlice, "INBOX").id;
    apply(*writer, kAlice, {CreateMailbox{"Kept", {}}});
    const MailboxId kept = mailbox(writer->store(), kAlice, "Kept").id;
    apply(*writer, kAlice, {Copy{inbox, {{Uid{1}, Uid{1}}}, kept}});
    const auto copied = messages(writer->store(), kAlice, kept);
    ASSERT_EQ(copied.size(), 1U);
    EXPECT_EQ(id_of(writer->store(), kAlice, copied[0].blob), first);  // RFC 8474 §5.1
  }
  expect_rebuilt_the_same(scratch.path());
  {
    const auto writer = open_writer(options_for(scratch.path()));
    EXPECT_EQ(id_of(writer->store(), kAlice, BlobId{1}), first);
  }
  std::filesystem::remove_all(scratch.path() / "index");  // a log that was restored
  const auto writer = open_writer(options_for(scratch.path()));
  EXPECT_EQ(id_of(writer->store(), kAlice, BlobId{1}), first);
}

TEST(ObjectKey, DiffersFromStoreToStore) {
  const ScratchDirectory here;
  const ScratchDirectory there;
  EXPECT_NE(id_of(open_writer(options_for(here.path()))->store(), kAlice, BlobId{1}),
            id_of(open_writer(options_for(there.path()))->store(), kAlice, BlobId{1}));
}

TEST(ObjectKey, IsGivenToAStoreOfAnEarlierVersion) {
  const ScratchDirectory scratch;
  const auto store = scratch.path() / "store";
  std::filesystem::copy(std::filesystem::path(POSTHASTE_SOURCE_DIR) / "tests/common/store/format1", store,
                        std::filesystem::copy_options::recursive);
  std::string id;
  for (int i = 0; i < 2; ++i) {
    const auto writer = open_writer(options_for(store));
    const std::string now = id_of(writer->store(), kAlice, BlobId{1});
    EXPECT_NE(now, "no key");
    EXPECT_TRUE(i == 0 || now == id);
    id = now;
    for (const UserId user : {kAlice, kBob}) {  // from here on their subscriptions are counted
      EXPECT_TRUE(apply(*writer, user, {SetSubscribed{"Later", i == 0}}));
    }
    expect_sound(writer->store());
  }
  expect_rebuilt_the_same(store);
}

TEST(ObjectKey, OfSeveralTheFirstCounts) {
  const ScratchDirectory scratch;
  const auto writer = open_writer(options_for(scratch.path()));
  const auto environment = open_index(scratch.path() / "index", Environment::Access::write, std::uint64_t{1} << 30);
  auto txn = std::move(*WriteTxn::begin(**environment));
  journal::SegmentFiles files(scratch.path() / "log");
  Redo redo(*txn, files);
  const auto first = find_object_key(*txn);
  ASSERT_TRUE(redo.apply(ObjectKeyRecord{kKey}, 1, 0));
  EXPECT_EQ(find_object_key(*txn), first);
  EXPECT_NE(first, std::optional(kKey));
}

}  // namespace
}  // namespace posthaste::store
