#include "common/store/check.h"

#include <gtest/gtest.h>

#include <functional>

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

}  // namespace
}  // namespace posthaste::store
