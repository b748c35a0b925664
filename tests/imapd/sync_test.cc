// CONDSTORE and QRESYNC: mod-sequences, conditional STORE, and what a client hears that was away (RFC 7162).
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

/// Sessions 1 and 2 are logged in. INBOX has three messages: UID 1 to 3, mod-sequence 13 to 15, for a user's first
/// mailboxes and subscriptions took 12. "$V" stands for its UIDVALIDITY.
struct Case {
  const char* name;
  Script script;
};

const Case kCases[] = {
    {"SelectSaysTheHighestModSeq",
     {"1C: a SELECT INBOX", "1 until * OK [HIGHESTMODSEQ 15] *", "1S: a OK *", "1C: b EXAMINE INBOX",
      "1S: * OK [CLOSED] *", "1 until * OK [HIGHESTMODSEQ 15] *", "1S: b OK [READ-ONLY] *"}},
    {"EnableSaysWhatItEnabled",
     {"1C: a ENABLE CONDSTORE X-OTHER", "1S: * ENABLED CONDSTORE", "1S: a OK *", "1C: b ENABLE qresync",
      "1S: * ENABLED QRESYNC", "1S: b OK *", "1C: c ENABLE X-OTHER", "1S: * ENABLED", "1S: c OK *"}},
    {"WithoutCondstoreFlagsHaveNoModSeq",
     {"1 select INBOX", "2 select INBOX", "2C: a STORE 1 +FLAGS.SILENT (\\Seen)", "2S: a OK *", "1C: b NOOP",
      "1S: * 1 FETCH (FLAGS (\\Seen))", "1S: b OK *"}},
    {"TheSelectParameterIsEnough",
     {"1 select INBOX (CONDSTORE)", "2 select INBOX", "2C: a STORE 1 +FLAGS.SILENT (\\Seen)", "2S: a OK *",
      "1C: b NOOP", "1S: * 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (16))", "1S: b OK *"}},
    {"TheFirstUseSaysTheHighestModSeq",
     {"1 select INBOX", "1C: a FETCH 1:2 (MODSEQ)", "1S: * OK [HIGHESTMODSEQ 15] *", "1S: * 1 FETCH (MODSEQ (13))",
      "1S: * 2 FETCH (MODSEQ (14))", "1S: a OK *", "1C: b FETCH 3 MODSEQ", "1S: * 3 FETCH (MODSEQ (15))",
      "1S: b OK *"}},
    {"EnableInASelectedMailboxIsSuchAUse",
     {"1 select INBOX", "1C: a ENABLE QRESYNC", "1S: * ENABLED QRESYNC", "1S: * OK [HIGHESTMODSEQ 15] *",
      "1S: a OK *", "1C: b STORE 1 +FLAGS (\\Seen)", "1S: * 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (16))",
      "1S: b OK *"}},
    {"StatusIsSuchAUse",
     {"1 select INBOX", "1C: a STATUS INBOX (HIGHESTMODSEQ)", "1S: * OK [HIGHESTMODSEQ 15] *",
      "1S: * STATUS INBOX (HIGHESTMODSEQ 15)", "1S: a OK *", "1C: b STORE 1 +FLAGS.SILENT (\\Seen)",
      "1S: * 1 FETCH (UID 1 MODSEQ (16))", "1S: b OK *"}},
    {"ListStatusHasIt",
     {"1C: a LIST \"\" INBOX RETURN (STATUS (HIGHESTMODSEQ))", "1S: * LIST *",
      "1S: * STATUS INBOX (HIGHESTMODSEQ 15)", "1S: a OK *"}},
    {"ChangedSinceAnswersWithModSeq",
     {"1 select INBOX (CONDSTORE)", "1C: a UID FETCH 1:* (FLAGS) (CHANGEDSINCE 14)",
      "1S: * 3 FETCH (UID 3 FLAGS () MODSEQ (15))", "1S: a OK *", "1C: b FETCH 1:* FLAGS (CHANGEDSINCE 15)",
      "1S: b OK *", "1C: c FETCH 1:2 (UID MODSEQ) (CHANGEDSINCE 13)", "1S: * 2 FETCH (UID 2 MODSEQ (14))",
      "1S: c OK *"}},
    {"ChangedSinceMarksOnlyWhatChanged",
     {"1 select INBOX (CONDSTORE)", "1C: a UID FETCH 1:* (BODY[]<0.1>) (CHANGEDSINCE 14)",
      "1S: * 3 FETCH (UID 3 BODY[]<0> {1}", "1S: F MODSEQ (16) FLAGS (\\Seen))", "1S: a OK *",
      "1C: b UID SEARCH SEEN", "1S: * SEARCH 3", "1S: b OK *"}},
    {"FetchThatMarksSaysUidAndModSeq",
     {"1 select INBOX (CONDSTORE)", "1C: a FETCH 2 BODY[]<0.1>", "1S: * 2 FETCH (BODY[]<0> {1}",
      "1S: F UID 2 FLAGS (\\Seen) MODSEQ (16))", "1S: a OK *", "1C: b FETCH 2 (UID BODY[]<0.1>)",
      "1S: * 2 FETCH (UID 2 BODY[]<0> {1}", "1S: F)", "1S: b OK *"}},
    {"StoreSaysUidAndModSeq",
     {"1 select INBOX (CONDSTORE)", "1C: a STORE 1 +FLAGS (\\Seen)",
      "1S: * 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (16))", "1S: a OK *", "1C: b STORE 1:2 +FLAGS.SILENT (\\Seen)",
      "1S: * 2 FETCH (UID 2 MODSEQ (17))", "1S: b OK *", "1C: c NOOP", "1S: c OK *"}},
    {"ConditionalStoreThatPasses",  // RFC 7162 §3.1.3, examples 3 and 5
     {"1 select INBOX", "1C: a UID STORE 1,3 (UNCHANGEDSINCE 15) +FLAGS.SILENT (\\Deleted)",
      "1S: * OK [HIGHESTMODSEQ 15] *", "1S: * 1 FETCH (UID 1 MODSEQ (16))", "1S: * 3 FETCH (UID 3 MODSEQ (16))",
      "1S: a OK Flags stored", "1C: b STORE 2 (UNCHANGEDSINCE 14) FLAGS (\\Draft)",
      "1S: * 2 FETCH (UID 2 FLAGS (\\Draft) MODSEQ (17))", "1S: b OK Flags stored"}},
    {"ConditionalStoreThatFailsForSome",  // example 6
     {"1 select INBOX (CONDSTORE)", "1C: a STORE 3,1,2 (UNCHANGEDSINCE 13) +FLAGS.SILENT (\\Deleted)",
      "1S: * 1 FETCH (UID 1 MODSEQ (16))", "1S: a OK [MODIFIED 2:3] *",
      "1C: b UID STORE 1:3 (UNCHANGEDSINCE 14) -FLAGS (\\Deleted)", "1S: * 2 FETCH (UID 2 FLAGS () MODSEQ (14))",
      "1S: b OK [MODIFIED 1,3] *"}},
    {"UnchangedSinceZeroAlwaysFails",  // example 8
     {"1 select INBOX (CONDSTORE)", "1C: a STORE 2 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)",
      "1S: a OK [MODIFIED 2] *", "1C: b FETCH 2 FLAGS", "1S: * 2 FETCH (FLAGS ())", "1S: b OK *"}},
    {"WhatOthersChangedIsToldWithModified",  // example 7
     {"1 select INBOX (CONDSTORE)", "2 select INBOX", "2C: a STORE 2 +FLAGS.SILENT (\\Seen)", "2S: a OK *",
      "1C: b STORE 1:2 (UNCHANGEDSINCE 15) +FLAGS.SILENT (\\Deleted)",
      "1S: * 2 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (16))", "1S: * 1 FETCH (UID 1 MODSEQ (17))",
      "1S: b OK [MODIFIED 2] *"}},
    {"SilentStoreOverTheChangeOfAnotherIsToldWhole",
     {"1 select INBOX (CONDSTORE)", "2 select INBOX", "2C: a STORE 2 +FLAGS.SILENT (\\Seen)", "2S: a OK *",
      "1C: b STORE 1:2 +FLAGS.SILENT (\\Deleted)", "1S: * 2 FETCH (UID 2 FLAGS (\\Deleted \\Seen) MODSEQ (18))",
      "1S: * 1 FETCH (UID 1 MODSEQ (17))", "1S: b OK *", "1C: c NOOP", "1S: c OK *"}},
    {"ExpungeStaysExpungeForCondstoreAlone",
     {"1 select INBOX (CONDSTORE)", "1C: a STORE 1:2 +FLAGS.SILENT (\\Deleted)",
      "1S: * 1 FETCH (UID 1 MODSEQ (16))", "1S: * 2 FETCH (UID 2 MODSEQ (16))", "1S: a OK *", "1C: b EXPUNGE",
      "1S: * 2 EXPUNGE", "1S: * 1 EXPUNGE", "1S: b OK Expunged"}},
    {"QresyncNeedsEnable",
     {"1C: a SELECT INBOX (QRESYNC ($V 12))", "1S: a BAD ENABLE QRESYNC first", "1 select INBOX (CONDSTORE)",
      "1C: b UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)", "1S: b BAD ENABLE QRESYNC first"}},
    {"VanishedBelongsToUidFetchWithChangedSince",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1 select INBOX", "1C: b FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)",
      "1S: b BAD *", "1C: c UID FETCH 1:* FLAGS (VANISHED)", "1S: c BAD *"}},
    {"ExpungeSaysVanishedAndTheHighestModSeq",  // §3.2.7
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1 select INBOX", "1C: b STORE 1,3 +FLAGS.SILENT (\\Deleted)",
      "1 until b OK *", "1C: c EXPUNGE", "1S: * VANISHED 1,3", "1S: c OK [HIGHESTMODSEQ 17] Expunged",
      "1C: d EXPUNGE", "1S: d OK Expunged"}},
    {"UidExpungeSaysThemToo",  // §3.2.9
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1 select INBOX", "1C: b STORE 1:3 +FLAGS.SILENT (\\Deleted)",
      "1 until b OK *", "1C: c UID EXPUNGE 2:9", "1S: * VANISHED 2:3", "1S: c OK [HIGHESTMODSEQ 17] Expunged"}},
    {"MoveSaysThemToo",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1 select INBOX", "1C: b MOVE 2 Trash", "1S: * OK [COPYUID *",
      "1S: * VANISHED 2", "1S: b OK [HIGHESTMODSEQ 16] Moved"}},
    {"CloseDoesNot",  // §3.2.8
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1 select INBOX", "1C: b STORE 1 +FLAGS.SILENT (\\Deleted)",
      "1 until b OK *", "1C: c CLOSE", "1S: c OK Mailbox left"}},
    {"OthersHearVanished",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1 select INBOX", "2 select INBOX",
      "2C: b STORE 2 +FLAGS.SILENT (\\Deleted)", "2S: b OK *", "2C: c EXPUNGE", "2S: * 2 EXPUNGE", "2S: c OK *",
      "1C: d NOOP", "1S: * VANISHED 2", "1S: d OK *", "1C: e FETCH 2 UID", "1S: * 2 FETCH (UID 3)", "1S: e OK *"}},
    {"WhatCameAndWentIsNotSaidToVanish",  // §3.2.10.2
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1 select INBOX", "deliver plain INBOX", "2 select INBOX",
      "2C: b STORE 4 +FLAGS.SILENT (\\Deleted)", "2S: b OK *", "2C: c EXPUNGE", "2S: * 4 EXPUNGE", "2S: c OK *",
      "1C: d NOOP", "1S: d OK *"}},
    {"WhileExpungesWaitTheHighestModSeqIsBelowThem",  // §3.2
     {"1C: a ENABLE QRESYNC",
      "1 until a OK *",
      "1 select INBOX",
      "2 select INBOX",
      "2C: b STORE 2 +FLAGS.SILENT (\\Deleted)",
      "2S: b OK *",
      "2C: c EXPUNGE",
      "2S: * 2 EXPUNGE",
      "2S: c OK *",
      "2C: d STORE 1 +FLAGS.SILENT (\\Seen)",
      "2S: d OK *",
      "1C: e FETCH 3 UID",
      "1S: * 3 FETCH (UID 3)",
      "1S: * 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (18))",
      "1S: * OK [HIGHESTMODSEQ 15] *",
      "1S: e OK *",
      "1C: f NOOP",
      "1S: * VANISHED 2",
      "1S: f OK *",
      "1C: g FETCH 1 UID",
      "1S: * 1 FETCH (UID 1)",
      "1S: g OK *"}},
    {"NoVanishedDuringUidSearchWithNumbers",  // §3.2.10.2
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1 select INBOX", "2 select INBOX", "2C: b MOVE 1 Trash",
      "2 until b OK *", "1C: c UID SEARCH NOT (2)", "1S: * SEARCH 3", "1S: * OK [HIGHESTMODSEQ 15] *", "1S: c OK *",
      "1C: d UID SEARCH UID 2", "1S: * SEARCH 2", "1S: * VANISHED 1", "1S: d OK *"}},
    {"UidFetchTellsWhatVanishedEarlier",  // §3.2.6
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "2 select INBOX", "2C: b MOVE 1 Trash", "2 until b OK *",
      "2C: c STORE 1 +FLAGS.SILENT (\\Seen)", "2S: c OK *", "1 select INBOX",
      "1C: d UID FETCH 1:2 (FLAGS) (CHANGEDSINCE 15 VANISHED)", "1S: * VANISHED (EARLIER) 1",
      "1S: * 1 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (17))", "1S: d OK *",
      "1C: e UID FETCH 2:3 (FLAGS) (CHANGEDSINCE 17 VANISHED)", "1S: e OK *"}},
    {"TheHighestUidVanished",  // §3.2.6: "*" must not end below it
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "2 select INBOX", "2C: b MOVE 3 Trash", "2 until b OK *",
      "1 select INBOX", "1C: d UID FETCH 1:* (FLAGS) (CHANGEDSINCE 15 VANISHED)", "1S: * VANISHED (EARLIER) 3",
      "1S: d OK *"}},
    {"TheHighestUidsVanishedAndOthersChanged",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "2 select INBOX", "2C: b MOVE 2:3 Trash", "2 until b OK *",
      "2C: c STORE 1 +FLAGS.SILENT (\\Seen)", "2S: c OK *", "1 select INBOX",
      "1C: d UID FETCH 1:* (FLAGS) (CHANGEDSINCE 15 VANISHED)", "1S: * VANISHED (EARLIER) 2:3",
      "1S: * 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (17))", "1S: d OK *"}},
    {"AllVanished",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "2 select INBOX", "2C: b MOVE 1:* Trash", "2 until b OK *",
      "1 select INBOX", "1C: d UID FETCH 1:* (FLAGS) (CHANGEDSINCE 15 VANISHED)", "1S: * VANISHED (EARLIER) 1:3",
      "1S: d OK *"}},
    {"AllButWhatWasNotAskedForVanished",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "2 select INBOX", "2C: b MOVE 1:* Trash", "2 until b OK *",
      "1 select INBOX", "1C: d UID FETCH 2:* (FLAGS) (CHANGEDSINCE 15 VANISHED)", "1S: * VANISHED (EARLIER) 2:3",
      "1S: d OK *", "1C: e UID FETCH 1:2 (FLAGS) (CHANGEDSINCE 15 VANISHED)", "1S: * VANISHED (EARLIER) 1:2",
      "1S: e OK *", "1C: f UID FETCH 1:* (FLAGS) (CHANGEDSINCE 16 VANISHED)", "1S: f OK *"}},
    {"WhatCameAndWentVanishedToo",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "deliver plain INBOX", "2 select INBOX", "2C: b MOVE 3:4 Trash",
      "2 until b OK *", "1 select INBOX", "1C: d UID FETCH *:1 (FLAGS) (CHANGEDSINCE 15 VANISHED)",
      "1S: * VANISHED (EARLIER) 3:4", "1S: d OK *"}},
    {"WithUidsAloneTheHighestVanishedToo",  // RFC 9586
     {"1C: a ENABLE QRESYNC UIDONLY", "1 until a OK *", "2 select INBOX", "2C: b MOVE 3 Trash", "2 until b OK *",
      "1 select INBOX", "1C: d UID FETCH 1:* (FLAGS) (CHANGEDSINCE 15 VANISHED)", "1S: * VANISHED (EARLIER) 3",
      "1S: d OK *"}},
    {"AnEmptyMailboxHasNothingToTell",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1 select Junk",
      "1C: d UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)", "1S: d OK *"}},
    {"WhatIsStillInTheViewVanishesLater",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1 select INBOX", "2 select INBOX", "2C: b MOVE 1 Trash",
      "2 until b OK *", "1C: c UID FETCH 1:3 (FLAGS) (CHANGEDSINCE 15 VANISHED)", "1S: * VANISHED 1",
      "1S: c OK *"}},
    {"SelectTellsWhatTheClientMissed",  // §3.2.5.1
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "2 select INBOX", "2C: b MOVE 1 Trash", "2 until b OK *",
      "2C: c STORE 1 +FLAGS.SILENT (\\Seen)", "2S: c OK *", "1C: d SELECT INBOX (QRESYNC ($V 15))",
      "1 until * OK [HIGHESTMODSEQ 17] *", "1S: * VANISHED (EARLIER) 1",
      "1S: * 1 FETCH (UID 2 FLAGS (\\Seen) MODSEQ (17))", "1S: d OK [READ-WRITE] *"}},
    {"SelectTellsOfKnownUidsAlone",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "2 select INBOX", "2C: b MOVE 1:2 Trash", "2 until b OK *",
      "2C: c STORE 1 +FLAGS.SILENT (\\Seen)", "2S: c OK *", "1C: d EXAMINE INBOX (QRESYNC ($V 15 2))",
      "1 until * OK [HIGHESTMODSEQ 17] *", "1S: * VANISHED (EARLIER) 2", "1S: d OK [READ-ONLY] *"}},
    {"SelectPassesOverWhatMatchDataProves",  // §3.2.5.2
     {"1C: a ENABLE QRESYNC",
      "1 until a OK *",
      "2 select INBOX",
      "deliver plain INBOX",
      "2C: b NOOP",
      "2 until b OK *",
      "2C: c UID MOVE 1,3 Trash",
      "2 until c OK *",
      "1C: d SELECT INBOX (QRESYNC ($V 15 1:4 (1 2)))",
      "1 until * OK [HIGHESTMODSEQ 17] *",
      "1S: * VANISHED (EARLIER) 3",
      "1S: * 2 FETCH (UID 4 FLAGS () MODSEQ (16))",
      "1S: d OK *",
      "1C: e SELECT INBOX (QRESYNC ($V 15 1:4 (2 2)))",
      "1 until * OK [HIGHESTMODSEQ 17] *",
      "1S: * VANISHED (EARLIER) 1,3",
      "1S: * 2 FETCH (UID 4 FLAGS () MODSEQ (16))",
      "1S: e OK *",
      "1C: f SELECT INBOX (QRESYNC ($V 16 (1:2 2,4)))",
      "1 until * OK [HIGHESTMODSEQ 17] *",
      "1S: f OK *"}},
    {"AnotherUidValidityTellsNothing",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1C: d SELECT INBOX (QRESYNC (1 1 1:3))",
      "1 until * OK [HIGHESTMODSEQ 15] *", "1S: d OK *"}},
    {"NothingMissedIsNothingTold",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1C: d SELECT INBOX (QRESYNC ($V 15))",
      "1 until * OK [HIGHESTMODSEQ 15] *", "1S: d OK *"}},
    {"MatchDataMustPairUp",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1C: d SELECT INBOX (QRESYNC ($V 15 1:3 (1:2 1)))", "1S: d BAD *",
      "1C: e NOOP", "1S: e OK *", "1C: f CLOSE", "1S: f BAD Select a mailbox first"}},
    {"IdleSpeaksTheDialect",
     {"1C: a ENABLE QRESYNC", "1 until a OK *", "1 select INBOX", "2 select INBOX", "1C: b IDLE", "1S: + idling",
      "2C: c STORE 2 +FLAGS.SILENT (\\Deleted)", "2S: c OK *",
      "1S: * 2 FETCH (UID 2 FLAGS (\\Deleted) MODSEQ (16))", "2C: d EXPUNGE", "2S: * 2 EXPUNGE", "2S: d OK *",
      "1S: * VANISHED 2", "1C: DONE", "1S: b OK *"}},
};

Script with_uid_validity(const House& house, const Script& script) {
  const auto inbox = house.store().read(house.alice())->mailbox("INBOX");
  const std::string uid_validity = std::to_string(number(inbox->uid_validity));
  Script filled{"1 login", "2 login"};
  for (std::string line : script) {
    if (const auto place = line.find("$V"); place != std::string::npos) line.replace(place, 2, uid_validity);
    filled.push_back(std::move(line));
  }
  return filled;
}

TEST(Synchronization, IsAsWritten) {
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.name);
    House house;
    house.messages["plain"] = kPlain;
    for (int i = 0; i < 3; ++i) house.append("INBOX", kPlain);
    house.play(with_uid_validity(house, test.script));
  }
}

}  // namespace
}  // namespace posthaste::imapd
