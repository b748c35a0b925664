#include "common/store/check.h"

#include <gtest/gtest.h>

#include <functional>

#include "common/lmdb/open_readers.h"
#include "common/store/rows.h"
#include "scratch.h"

namespace posthaste::store {
namespace {

struct Harm {
  const char* name;
  std::function<void(WriteTxn&, MailboxId)> done;
  const char* said;
};

std::string hot_row(const WriteTxn& txn, MailboxId inbox, const std::function<void(Message&)>& change) {
  auto message = *decode_message_row(Uid{1}, *txn.get(Table::hot_rows, hot_key(kAlice, inbox, Uid{1})));
  change(message);
  std::string row;
  encode_message_row(message, row);
  return row;
}

const Harm kHarms[] = {
    {"AMessageIsLost",
     [](WriteTxn& txn, MailboxId inbox) { txn.erase(Table::hot_rows, hot_key(kAlice, inbox, Uid{1})); },
     "counts 2 messages"},
    {"AColdRowIsLost",
     [](WriteTxn& txn, MailboxId) { txn.erase(Table::cold_rows, user_blob_key(kAlice, BlobId{1})); },
     "cold rows do not match"},
    {"ABlobIsLost", [](WriteTxn& txn, MailboxId) { txn.erase(Table::blobs, blob_key(BlobId{1})); }, "has no blob"},
    {"ABlobLiesElsewhere",
     [](WriteTxn& txn, MailboxId) {
       auto row = *find_blob(txn, BlobId{1});
       row.location.offset += 1;
       txn.put(Table::blobs, blob_key(BlobId{1}), encode(row));
     },
     "damaged or gone"},
    {"AFlagChangesUncounted",
     [](WriteTxn& txn, MailboxId inbox) {
       auto see = [](Message& message) { message.flags = {SystemFlag::seen}; };
       txn.put(Table::hot_rows, hot_key(kAlice, inbox, Uid{1}), hot_row(txn, inbox, see));
     },
     "2 unseen"},
    {"AModseqRunsAhead",
     [](WriteTxn& txn, MailboxId inbox) {
       auto run_ahead = [](Message& message) { message.modseq = ModSeq{999}; };
       txn.put(Table::hot_rows, hot_key(kAlice, inbox, Uid{1}), hot_row(txn, inbox, run_ahead));
     },
     "modseq too high"},
    {"AUidIsNotBelowUidNext",
     [](WriteTxn& txn, MailboxId inbox) {
       auto same = [](Message&) {};
       txn.put(Table::hot_rows, hot_key(kAlice, inbox, Uid{9}), hot_row(txn, inbox, same));
     },
     "not below UIDNEXT"},
    {"QuotaIsWrong",
     [](WriteTxn& txn, MailboxId) {
       auto user = *find_user(txn, kAlice);
       user.used_octets += 1;
       txn.put(Table::users, user_key(kAlice), encode(user));
     },
     "quota counts"},
    {"ANameIsLost", [](WriteTxn& txn, MailboxId) { txn.erase(Table::mailbox_names, name_key(kAlice, "INBOX")); },
     "leads elsewhere"},
    {"AUserIsLost", [](WriteTxn& txn, MailboxId) { txn.erase(Table::users, user_key(kAlice)); }, "does not exist"},
    {"LiveOctetsAreWrong",
     [](WriteTxn& txn, MailboxId) {
       auto segment = *find_segment(txn, 1);
       segment.live -= 1;
       txn.put(Table::segments, segment_key(1), encode(segment));
     },
     "live octets"},
    {"AnAnnotationIsLost",
     [](WriteTxn& txn, MailboxId inbox) {
       txn.erase(Table::metadata, annotation_key(kAlice, inbox, "/private/comment"));
     },
     "counts 1 annotations of 17 octets, there are 0 of 0"},
    {"AnAnnotationIsOfNoMailbox",
     [](WriteTxn& txn, MailboxId) {
       txn.put(Table::metadata, annotation_key(kAlice, MailboxId{99}, "/private/a"),
               encode(AnnotationRow{ModSeq{1}, "1"}));
     },
     "annotation of a mailbox that does not exist"},
    {"AnAnnotationRunsAhead",
     [](WriteTxn& txn, MailboxId inbox) {
       txn.put(Table::metadata, annotation_key(kAlice, inbox, "/private/comment"),
               encode(AnnotationRow{ModSeq{999}, "1"}));
     },
     "an annotation has a modseq too high"},
    {"AnAnnotationIsTooShort",
     [](WriteTxn& txn, MailboxId inbox) {
       txn.put(Table::metadata, annotation_key(kAlice, inbox, "/private/comment"), "x");
     },
     "an annotation is damaged"},
    {"AMessageWentWithoutARecord",
     [](WriteTxn& txn, MailboxId inbox) {
       MailboxInfo info = *find_mailbox(txn, kAlice, inbox);
       info.uid_next = next(info.uid_next);
       txn.put(Table::mailboxes, mailbox_key(kAlice, inbox), encode(info));
     },
     "2 messages, 0 have vanished, UIDNEXT is 4"},
    {"ASubscriptionIsLost",
     [](WriteTxn& txn, MailboxId) { txn.erase(Table::subscriptions, name_key(kAlice, "Sent")); },
     "counts 6 subscriptions, there are 5"},
    {"TheCountOfSubscriptionsIsTooShort",
     [](WriteTxn& txn, MailboxId) { txn.put(Table::subscriptions, user_key(kAlice), "x"); },
     "the count of subscriptions is damaged"},
    {"ARowIsTooShort",
     [](WriteTxn& txn, MailboxId inbox) { txn.put(Table::mailboxes, mailbox_key(kAlice, inbox), "x"); },
     "the row is damaged"},
};

TEST(Check, NamesEachHarm) {
  for (const Harm& harm : kHarms) {
    SCOPED_TRACE(harm.name);
    const ScratchDirectory scratch;
    const auto writer = open_writer(options_for(scratch.path()));
    ASSERT_TRUE(deliver(*writer, delivery(kAlice, "one")));
    ASSERT_TRUE(deliver(*writer, delivery(kAlice, "two")));
    const MailboxId inbox = mailbox(writer->store(), kAlice, "INBOX").id;
    ASSERT_TRUE(apply(*writer, kAlice, {SetMetadata{inbox, {{"/private/comment", "1"}}}}));
    expect_sound(writer->store());
    {
      const auto environment =
          open_index(scratch.path() / "index", Environment::Access::write, std::uint64_t{1} << 30);
      auto txn = WriteTxn::begin(**environment);
      harm.done(**txn, inbox);
      ASSERT_EQ((*txn)->commit(), 0);
    }
    std::string said;
    for (const std::string& problem : check(writer->store(), CheckDepth::bodies).problems) said += problem + "\n";
    EXPECT_NE(said.find(harm.said), std::string::npos) << said;
  }
}

/// Changes of all kinds, one at a time, while the checker looks elsewhere.
class Changes {
 public:
  explicit Changes(Writer& writer) : writer_(writer) {}

  void make_one() {
    const UserId bob = kBob;
    ++made_;
    switch (made_ % 6) {
      case 0: {
        const BlobHandle both = blob("for both " + std::to_string(made_));
        for (const UserId user : {kBob, kCarol}) {
          Deliver message;
          message.user = user;
          message.blob = both;
          EXPECT_TRUE(deliver(writer_, std::move(message)));
        }
        return;
      }
      case 1: {  // seldom a new user, who has more mailboxes than the checker reads between two
        const UserId user = made_ % 60 == 1 ? UserId{made_} : bob;
        EXPECT_TRUE(deliver(writer_, delivery(user, "one more")));
        return;
      }
      case 2: EXPECT_TRUE(apply(writer_, bob, {Expunge{inbox(bob), first(bob), ExpungeWhich::all}})); return;
      case 3:
        EXPECT_TRUE(apply(writer_, kCarol, {Expunge{inbox(kCarol), first(kCarol), ExpungeWhich::all}}));
        return;
      case 4:
        EXPECT_TRUE(apply(writer_, bob, {SetMetadata{inbox(bob), {{"/private/a", std::to_string(made_)}}}}));
        return;
      case 5:
        EXPECT_TRUE(apply(writer_, kAlice,
                          {StoreFlags{inbox(kAlice),
                                      {kAllUids},
                                      FlagMode::add,
                                      {SystemFlag::seen},
                                      {"k" + std::to_string(made_ % 40)},
                                      {}}}));
        return;
    }
  }
  [[nodiscard]] std::uint64_t made() const { return made_; }

  static constexpr UserId kCarol{3};

 private:
  [[nodiscard]] MailboxId inbox(UserId user) const { return mailbox(writer_.store(), user, "INBOX").id; }
  [[nodiscard]] UidSet first(UserId user) const {
    const auto rows = messages(writer_.store(), user, inbox(user));
    return rows.empty() ? UidSet{} : UidSet{{rows.front().uid, rows.front().uid}};
  }

  Writer& writer_;
  std::uint64_t made_ = 1'200;
};

std::uint64_t pages_of(Environment& index) {
  MDB_envinfo info{};
  mdb_env_info(index.handle(), &info);
  return info.me_last_pgno;
}

TEST(Check, SeesNoFaultInWhatChangesMeanwhileAndHoldsNothing) {
  const ScratchDirectory scratch(quick_directory());
  WriterOptions options = options_for(scratch.path());
  options.segment_octets = 8'192;
  const auto writer = open_writer(options);
  for (int i = 0; i < 60; ++i) {
    const BlobHandle both = blob("for both " + std::to_string(i));
    for (const UserId user : {kAlice, kBob, Changes::kCarol}) {
      Deliver message;
      message.user = user;
      message.blob = both;
      ASSERT_TRUE(deliver(*writer, std::move(message)));
    }
  }
  const auto index = *open_index(scratch.path() / "index", Environment::Access::write, std::uint64_t{1} << 30);
  Changes changes(*writer);
  lmdb::ReaderLooks looks;
  std::uint64_t held = 0;
  CheckPace pace;
  pace.held_max = std::chrono::milliseconds{0};  // one row, and the next snapshot
  pace.between = [&] {
    if (looks.look().oldest_held) ++held;
    changes.make_one();
  };
  const std::uint64_t pages = pages_of(*index);
  const CheckReport report = check(writer->store(), *index, CheckDepth::bodies, pace);
  for (const std::string& problem : report.problems) ADD_FAILURE() << problem;
  EXPECT_EQ(report.changing, 0U);
  EXPECT_GE(report.users, 3U);
  EXPECT_GE(report.messages, 60U);
  EXPECT_EQ(held, 0U);
  EXPECT_GT(changes.made(), 1'300U);
  // Each change writes some ten pages anew: under one snapshot none of them would be used again.
  EXPECT_LT(pages_of(*index) - pages, (changes.made() - 1'200));
  expect_sound(writer->store());
}

TEST(Check, NamesEachHarmInSlicesToo) {
  for (const Harm& harm : kHarms) {
    SCOPED_TRACE(harm.name);
    const ScratchDirectory scratch(quick_directory());
    const auto writer = open_writer(options_for(scratch.path()));
    ASSERT_TRUE(deliver(*writer, delivery(kAlice, "one")));
    ASSERT_TRUE(deliver(*writer, delivery(kAlice, "two")));
    const MailboxId inbox = mailbox(writer->store(), kAlice, "INBOX").id;
    ASSERT_TRUE(apply(*writer, kAlice, {SetMetadata{inbox, {{"/private/comment", "1"}}}}));
    const auto environment =
        open_index(scratch.path() / "index", Environment::Access::write, std::uint64_t{1} << 30);
    {
      auto txn = WriteTxn::begin(**environment);
      harm.done(**txn, inbox);
      ASSERT_EQ((*txn)->commit(), 0);
    }
    CheckPace pace;
    pace.held_max = std::chrono::milliseconds{0};
    std::string said;
    for (const std::string& problem : check(writer->store(), **environment, CheckDepth::bodies, pace).problems) {
      said += problem + "\n";
    }
    EXPECT_NE(said.find(harm.said), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace posthaste::store
