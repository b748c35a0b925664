// What sessions hear of changes, their own and those of others, and when (RFC 9051 §7.5.1, RFC 2177).
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

struct Case {
  const char* name;
  Script script;  // sessions 1 and 2 have an INBOX of three messages open
};

const Case kCases[] = {
    {"StoreAnswersWithFlags",
     {"1C: a STORE 2 +FLAGS (\\Flagged)", "1S: * 2 FETCH (FLAGS (\\Flagged))", "1S: a OK Flags stored"}},
    {"StoreAnswersAlsoWhenNothingChanges",
     {"1C: a STORE 2 -FLAGS (\\Flagged)", "1S: * 2 FETCH (FLAGS ())", "1S: a OK Flags stored"}},
    {"UidStoreSaysTheUid",
     {"1C: a UID STORE 2 FLAGS (\\Draft $Junk)",
      "1S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk)", "1S: * OK [PERMANENTFLAGS *",
      "1S: * 2 FETCH (UID 2 FLAGS (\\Draft $Junk))", "1S: a OK Flags stored"}},
    {"SilentStoreIsSilent",
     {"1C: a STORE 1:3 +FLAGS.SILENT (\\Seen)", "1S: a OK Flags stored", "1C: b NOOP", "1S: b OK *"}},
    {"SilentStoreStillTellsWhatOthersDid",
     {"2C: a STORE 1 +FLAGS.SILENT (\\Flagged)", "2S: a OK *", "1C: b STORE 1 +FLAGS.SILENT (\\Seen)",
      "1S: * 1 FETCH (FLAGS (\\Flagged \\Seen))", "1S: b OK *"}},
    {"FlagsOfOthersComeWithNoop",
     {"1C: a STORE 1,3 +FLAGS.SILENT (\\Answered)", "1S: a OK *", "2C: b NOOP",
      "2S: * 1 FETCH (FLAGS (\\Answered))", "2S: * 3 FETCH (FLAGS (\\Answered))", "2S: b OK *", "2C: c NOOP",
      "2S: c OK *"}},
    {"FlagsOfOthersComeWithFetch",
     {"1C: a STORE 1 +FLAGS.SILENT (\\Answered)", "1S: a OK *", "2C: b FETCH 2 UID", "2S: * 2 FETCH (UID 2)",
      "2S: * 1 FETCH (FLAGS (\\Answered))", "2S: b OK *"}},
    {"ExpungeTellsTheHighestFirst",
     {"1C: a STORE 1,3 +FLAGS.SILENT (\\Deleted)", "1S: a OK *", "1C: b EXPUNGE", "1S: * 3 EXPUNGE",
      "1S: * 1 EXPUNGE", "1S: b OK Expunged", "1C: c FETCH 1 UID", "1S: * 1 FETCH (UID 2)", "1S: c OK *"}},
    {"UidExpungeTakesOnlyThose",
     {"1C: a STORE 1:3 +FLAGS.SILENT (\\Deleted)", "1S: a OK *", "1C: b UID EXPUNGE 2,9", "1S: * 2 EXPUNGE",
      "1S: b OK *", "1C: c UID EXPUNGE 7:9", "1S: c OK Nothing to expunge"}},
    {"OthersHearExpungeAtNoop",
     {"1C: a STORE 2 +FLAGS.SILENT (\\Deleted)", "1S: a OK *", "1C: b EXPUNGE", "1S: * 2 EXPUNGE", "1S: b OK *",
      "2C: c NOOP", "2S: * 2 EXPUNGE", "2S: c OK *"}},
    {"NoExpungeDuringFetchStoreSearchByNumber",
     {"1C: a STORE 2 +FLAGS.SILENT (\\Deleted)",
      "1S: a OK *",
      "1C: b EXPUNGE",
      "1S: * 2 EXPUNGE",
      "1S: b OK *",
      "2C: c FETCH 3 UID",
      "2S: * 3 FETCH (UID 3)",
      "2S: c OK *",
      "2C: d FETCH 2:3 UID",
      "2S: * 3 FETCH (UID 3)",
      "2S: d NO [EXPUNGEISSUED] Some of the messages are gone",
      "2C: e SEARCH ALL",
      "2S: * SEARCH 1 3",
      "2S: e OK [EXPUNGEISSUED] Search completed",
      "2C: f STORE 3 +FLAGS (\\Seen)",
      "2S: * 3 FETCH (FLAGS (\\Seen))",
      "2S: f OK *",
      "2C: g NOOP",
      "2S: * 2 EXPUNGE",
      "2S: g OK *",
      "2C: h FETCH 2 UID",
      "2S: * 2 FETCH (UID 3)",
      "2S: h OK *"}},
    // RFC 5530 §3: what is searched is not what the client counts
    {"SearchWithoutTheGoneSaysSo",
     {"2C: a MOVE 2 Trash", "2 until a OK *", "1C: b SEARCH UNSEEN", "1S: * SEARCH 1 3",
      "1S: b OK [EXPUNGEISSUED] *", "1C: c SEARCH RETURN (COUNT) ALL", "1S: * ESEARCH (TAG \"c\") COUNT 2",
      "1S: c OK [EXPUNGEISSUED] *", "1C: d SEARCH RETURN (SAVE) 1:2", "1S: d OK [EXPUNGEISSUED] *",
      "1C: e SEARCH SUBJECT nowhere", "1S: * SEARCH", "1S: e OK [EXPUNGEISSUED] *", "1C: f NOOP", "1S: * 2 EXPUNGE",
      "1S: f OK *", "1C: g SEARCH ALL", "1S: * SEARCH 1 2", "1S: g OK Search completed"}},
    {"SearchOfTextsWithoutTheGoneSaysSo",
     {"2C: a MOVE 1:3 Trash", "2 until a OK *", "1C: b SEARCH BODY line", "1S: * SEARCH",
      "1S: b OK [EXPUNGEISSUED] *", "1C: c SEARCH TEXT line NOT 1", "1S: * SEARCH", "1S: c OK [EXPUNGEISSUED] *"}},
    {"UidSearchSaysItBesideTheExpunge",
     {"2C: a MOVE 3 Trash", "2 until a OK *", "1C: b UID SEARCH ALL", "1S: * SEARCH 1 2", "1S: * 3 EXPUNGE",
      "1S: b OK [EXPUNGEISSUED] *", "1C: c UID SEARCH ALL", "1S: * SEARCH 1 2", "1S: c OK Search completed"}},
    {"SortAndThreadSayIt",
     {"2C: a MOVE 3 Trash", "2 until a OK *", "1C: b SORT (ARRIVAL) UTF-8 ALL", "1S: * SORT 1 2",
      "1S: b OK [EXPUNGEISSUED] *", "1C: c SORT RETURN (COUNT) (ARRIVAL) UTF-8 ALL",
      "1S: * ESEARCH (TAG \"c\") COUNT 2", "1S: c OK [EXPUNGEISSUED] *", "1C: d THREAD REFERENCES UTF-8 ALL",
      "1S: * THREAD *", "1S: d OK [EXPUNGEISSUED] *"}},
    {"WhatIsNotExpungedIsNotSaidToBe",
     {"2C: a STORE 2 +FLAGS.SILENT (\\Deleted)", "2S: a OK *", "1C: b SEARCH UNDELETED", "1S: * SEARCH 1 3",
      "1S: * 2 FETCH (FLAGS (\\Deleted))", "1S: b OK Search completed"}},
    // RFC 9051 §7.3.5: FLAGS names them all before FETCH uses one
    {"NewKeywordBeforeTheFetchThatHasIt",
     {"2C: a STORE 2 +FLAGS.SILENT ($Urgent)", "2 until a OK *", "1C: b FETCH 2 FLAGS",
      "1S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Urgent)", "1S: * OK [PERMANENTFLAGS *",
      "1S: * 2 FETCH (FLAGS ($Urgent))", "1S: * 2 FETCH (FLAGS ($Urgent))", "1S: b OK *", "1C: c FETCH 2 FLAGS",
      "1S: * 2 FETCH (FLAGS ($Urgent))", "1S: c OK *"}},
    {"NewKeywordBeforeTheUidFetchThatHasIt",
     {"2C: a STORE 1:3 +FLAGS.SILENT (one)", "2 until a OK *", "2C: b STORE 3 +FLAGS.SILENT (two)",
      "2 until b OK *", "1C: c UID FETCH 3 (FLAGS)",
      "1S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft one two)", "1S: * OK [PERMANENTFLAGS *",
      "1S: * 3 FETCH (UID 3 FLAGS (one two))", "1 until c OK *"}},
    {"NewKeywordBeforeAFetchThatMarks",
     {"2C: a STORE 1 +FLAGS.SILENT (one)", "2 until a OK *", "1C: b FETCH 1 BODY[]<0.1>",
      "1S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft one)", "1S: * OK [PERMANENTFLAGS *",
      "1S: * 1 FETCH (BODY[]<0> {1}", "1S: F FLAGS (\\Seen one))", "1 until b OK *"}},
    {"NewKeywordOfAMessageNotFetched",
     {"2C: a STORE 1 +FLAGS.SILENT (one)", "2 until a OK *", "1C: b FETCH 2 FLAGS",
      "1S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft one)", "1S: * OK [PERMANENTFLAGS *",
      "1S: * 2 FETCH (FLAGS ())", "1S: * 1 FETCH (FLAGS (one))", "1S: b OK *"}},
    {"FetchWithoutFlagsTellsOfItAfterwards",
     {"2C: a STORE 1 +FLAGS.SILENT (one)", "2 until a OK *", "1C: b FETCH 1 UID", "1S: * 1 FETCH (UID 1)",
      "1S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft one)", "1S: * OK [PERMANENTFLAGS *",
      "1S: * 1 FETCH (FLAGS (one))", "1S: b OK *"}},
    {"ExpungeWithUidFetch",
     {"1C: a STORE 2 +FLAGS.SILENT (\\Deleted)", "1S: a OK *", "1C: b EXPUNGE", "1S: * 2 EXPUNGE", "1S: b OK *",
      "2C: c UID FETCH 3 UID", "2S: * 3 FETCH (UID 3)", "2S: * 2 EXPUNGE", "2S: c OK *"}},
    {"NewMailComesWithNoop",
     {"deliver plain INBOX", "1C: a NOOP", "1S: * 4 EXISTS", "1S: * 1 RECENT", "1S: a OK *", "1C: b FETCH 4 UID",
      "1S: * 4 FETCH (UID 4)", "1S: b OK *"}},
    {"NewMailComesWithAnyCommand",
     {"deliver plain INBOX", "1C: a FETCH 1 UID", "1S: * 1 FETCH (UID 1)", "1S: * 4 EXISTS", "1S: * 1 RECENT",
      "1S: a OK *"}},
    {"WhatCameAndWentIsNotTold",
     {"deliver plain INBOX",
      "2C: a NOOP",
      "2S: * 4 EXISTS",
      "2S: * 1 RECENT",
      "2S: a OK *",
      "2C: b STORE 4 +FLAGS.SILENT (\\Deleted)",
      "2S: b OK *",
      "2C: c EXPUNGE",
      "2S: * 4 EXPUNGE",
      "2S: c OK *",
      "1C: d NOOP",
      "1S: d OK *",
      "deliver plain INBOX",
      "1C: e NOOP",
      "1S: * 4 EXISTS",
      "1S: * 1 RECENT",
      "1S: e OK *",
      "1C: f FETCH 4 UID",
      "1S: * 4 FETCH (UID 5)",
      "1S: f OK *"}},
    {"MailElsewhereIsNotTold", {"deliver plain Archive", "1C: a NOOP", "1S: a OK *"}},
    {"IdleTellsNewMail",
     {"1C: a IDLE", "1S: + idling", "1 silent", "deliver plain INBOX", "1S: * 4 EXISTS", "1S: * 1 RECENT",
      "deliver plain INBOX", "1S: * 5 EXISTS", "1S: * 2 RECENT", "1C: DONE", "1S: a OK Idled"}},
    {"IdleTellsFlagsAndExpunges",
     {"1C: a IDLE", "1S: + idling", "2C: b STORE 1 +FLAGS.SILENT (\\Deleted)", "2S: b OK *",
      "1S: * 1 FETCH (FLAGS (\\Deleted))", "2C: c EXPUNGE", "2S: * 1 EXPUNGE", "2S: c OK *", "1S: * 1 EXPUNGE",
      "1C: done", "1S: a OK Idled"}},
    {"WhatHappenedBeforeIdleIsTold",
     {"deliver plain INBOX", "1C: a IDLE", "1S: + idling", "1S: * 4 EXISTS", "1S: * 1 RECENT"}},
    {"DoneAndTheNextCommandInOnePacket",
     {"1C: a IDLE", "1S: + idling", "1C+ DONE\r\nb FETCH 1 UID\r\nc IDLE\r\n", "1S: a OK Idled",
      "1S: * 1 FETCH (UID 1)", "1S: b OK *", "1S: + idling", "deliver plain INBOX", "1S: * 4 EXISTS"}},
    {"IdleAndDoneInOnePacket",
     {"1C+ a IDLE\r\nDONE\r\nb NOOP\r\n", "1S: + idling", "1S: a OK Idled", "1S: b OK *"}},
    {"IdleEndsWithDoneAlone",
     {"1C: a IDLE", "1S: + idling", "1C: b NOOP", "1S: a BAD DONE ends IDLE", "1C: c NOOP", "1S: c OK *"}},
    {"DeletingTheMailboxOfOthersEndsTheirSession",
     {"1C: a CREATE Short", "1S: a OK [MAILBOXID (F*", "1C: b SELECT Short", "1S: * OK [CLOSED] *", "1S: * FLAGS *",
      "1S: * OK [PERM*", "1S: * 0 EXISTS", "1S: * 0 RECENT", "1S: * OK [UIDV*", "1S: * OK [UIDN*",
      "1S: * OK [MAIL*", "1S: * OK [HIGH*", "1S: b OK *", "2C: c DELETE Short", "2S: c OK Mailbox deleted",
      "1C: d NOOP", "1S: * BYE [NONEXISTENT] The selected mailbox was deleted", "1S: d OK *", "1 closed"}},
    {"CopyingFromADeletedMailboxAsksForNoTarget",
     {"1C: a CREATE Short",
      "1S: a OK [MAILBOXID (F*",
      "1C: b COPY 1 Short",
      "1S: b OK *",
      "1C: c SELECT Short",
      "1S: * OK [CLOSED] *",
      "1S: * FLAGS *",
      "1S: * OK [PERM*",
      "1S: * 1 EXISTS",
      "1S: * 0 RECENT",
      "1S: * OK [UNSEEN*",
      "1S: * OK [UIDV*",
      "1S: * OK [UIDN*",
      "1S: * OK [MAIL*",
      "1S: * OK [HIGH*",
      "1S: c OK *",
      "2C: d DELETE Short",
      "2S: d OK Mailbox deleted",
      "1C: e UID COPY 1 Archive",
      "1S: * BYE [NONEXISTENT] The selected mailbox was deleted",
      "1S: e NO [NONEXISTENT] No such mailbox",
      "1 closed"}},
    {"DeletingOnesOwnLeavesIt",
     {"1C: a CREATE Short", "1S: a OK *", "1C: b EXAMINE Short", "1S: * OK [CLOSED] *", "1S: * FLAGS *",
      "1S: * OK [PERM*", "1S: * 0 EXISTS", "1S: * 0 RECENT", "1S: * OK [UIDV*", "1S: * OK [UIDN*",
      "1S: * OK [MAIL*", "1S: * OK [HIGH*", "1S: b OK *", "1C: c DELETE Short", "1S: c OK *", "1C: d EXPUNGE",
      "1S: d BAD Select a mailbox first"}},
    {"RenamingKeepsItOpen",
     {"2C: c CREATE Box",    "2S: c OK *",      "2C: d SELECT Box", "2S: * OK [CLOSED] *",    "2S: * FLAGS *",
      "2S: * OK [PERM*",     "2S: * 0 EXISTS",  "2S: * 0 RECENT",   "2S: * OK [UIDV*",        "2S: * OK [UIDN*",
      "2S: * OK [MAIL*",     "2S: * OK [HIGH*", "2S: d OK *",       "1C: e RENAME Box Chest", "1S: e OK *",
      "deliver plain Chest", "2C: f NOOP",      "2S: * 1 EXISTS",   "2S: * 1 RECENT",         "2S: f OK *"}},
};

Script opened_then(const Script& then) {
  Script script;
  for (const std::string client : {"1", "2"}) {
    script.push_back(client + " login");
    script.push_back(client + "C: o SELECT INBOX");
    for (const char* line : {"* FLAGS *", "* OK [PERM*", "* 3 EXISTS", "* 0 RECENT", "* OK [UNSEEN 1] *",
                             "* OK [UIDV*", "* OK [UIDN*", "* OK [MAIL*", "* OK [HIGH*", "o OK *"}) {
      script.push_back(client + "S: " + line);
    }
  }
  script.insert(script.end(), then.begin(), then.end());
  return script;
}

TEST(News, ComesAtTheRightMoment) {
  for (const auto& test : kCases) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(testing::Message() << test.name << ", seed " << seed);
      House house{seed};
      house.messages["plain"] = kPlain;
      for (int i = 0; i < 3; ++i) house.append("INBOX", kPlain);
      house.play(opened_then(test.script));
    }
  }
}

TEST(News, SubscriptionsEndWithTheirSessions) {
  House house;
  house.messages["plain"] = kPlain;
  for (int i = 0; i < 3; ++i) house.append("INBOX", kPlain);
  house.play(opened_then({"1C: a IDLE", "1S: + idling"}));
  EXPECT_EQ(house.subscriptions.count(), 0U);  // all sessions have ended
}

/// A FETCH that sets \Seen does so in parts, each at a modseq of its own.
TEST(News, ChangesOfOthersBetweenTwoPartsOfAFetchAreTold) {
  constexpr int kMessages = 300;
  House house;
  for (int i = 0; i < kMessages; ++i) house.append("INBOX", kPlain);
  mailbox::Batch flagging;
  const mailbox::UidRange first_message{Uid{1}, Uid{1}};
  flagging.operations.emplace_back(mailbox::StoreFlags{house.store().read(house.alice())->mailbox("INBOX")->id,
                                                       mailbox::UidSet{first_message},
                                                       mailbox::FlagMode::add,
                                                       mailbox::FlagSet{mailbox::SystemFlag::flagged},
                                                       {},
                                                       std::nullopt});
  house.applier.others[house.applier.batches + 2] = std::move(flagging);
  Script script{"1 login", "1C: o SELECT INBOX"};
  for (const char* line : {"1S: * FLAGS *", "1S: * OK [PERM*", "1S: * 300 EXISTS", "1S: * 0 RECENT",
                           "1S: * OK [UNSEEN 1] *", "1S: * OK [UIDV*", "1S: * OK [UIDN*", "1S: * OK [MAIL*",
                           "1S: * OK [HIGH*", "1S: o OK *", "1C: a FETCH 1:* BODY[]<0.1>"}) {
    script.emplace_back(line);
  }
  for (int i = 1; i <= kMessages; ++i) {
    script.push_back("1S: * " + std::to_string(i) + " FETCH (BODY[]<0> {1}");
    script.emplace_back("1S: F FLAGS (\\Seen))");
  }
  script.emplace_back("1S: * 1 FETCH (FLAGS (\\Flagged \\Seen))");
  script.emplace_back("1S: a OK *");
  house.play(script);
}

TEST(News, ManyFlagsAtOnce) {
  House house;
  for (int i = 0; i < 3; ++i) house.append("INBOX", kPlain);
  house.play(opened_then({"1C: a UID STORE 1:* +FLAGS (\\Seen)", "1S: * 1 FETCH (UID 1 FLAGS (\\Seen))",
                          "1S: * 2 FETCH (UID 2 FLAGS (\\Seen))", "1S: * 3 FETCH (UID 3 FLAGS (\\Seen))",
                          "1S: a OK Flags stored", "2C: b UID SEARCH SEEN", "2S: * SEARCH 1 2 3",
                          "2S: * 1 FETCH (UID 1 FLAGS (\\Seen))", "2S: * 2 FETCH (UID 2 FLAGS (\\Seen))",
                          "2S: * 3 FETCH (UID 3 FLAGS (\\Seen))", "2S: b OK *"}));
  EXPECT_EQ(house.applier.batches, 3 * 2 + 1);  // each append() makes the user too
}

}  // namespace
}  // namespace posthaste::imapd
