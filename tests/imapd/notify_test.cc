// NOTIFY: what is told while no command runs (RFC 5465), and UIDONLY (RFC 9586).
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

struct Case {
  const char* name;
  Script script;  // sessions 1 and 2 are logged in; INBOX has two messages; $Junk is its UIDVALIDITY
};

const Case kCases[] = {
    {"SelectedTellsAtOnce",  // §6.1.1
     {"1 select INBOX", "2 select INBOX", "1C: a NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))",
      "1S: a OK *", "1 silent", "deliver plain INBOX", "1S: * 3 EXISTS", "1S: * 1 RECENT",
      "2C: b STORE 1 +FLAGS.SILENT (\\Deleted)", "2 until b OK *", "1S: * 1 FETCH (UID 1 FLAGS (\\Deleted))",
      "2C: c EXPUNGE", "2 until c OK *", "1S: * 1 EXPUNGE", "1C: d FETCH 1 UID", "1S: * 1 FETCH (UID 2)",
      "1S: d OK *"}},
    {"ChangesSoFarComeWithTheAnswer",  // §3.1
     {"1 select INBOX", "deliver plain INBOX", "1C: a NOTIFY SET (SELECTED (MessageNew MessageExpunge))",
      "1S: * 3 EXISTS", "1S: * 1 RECENT", "1S: a OK *"}},
    {"NewMessagesSayWhatWasAskedFor",  // §5.2
     {"1 select INBOX",
      "1C: a NOTIFY SET (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge))",
      "1S: a OK *",
      "deliver plain INBOX",
      "1S: * 3 EXISTS",
      "1S: * 1 RECENT",
      "1S: * 3 FETCH (UID 3 BODY[HEADER.FIELDS (SUBJECT)] {18}",
      "1S: Subject: Hello",
      "1S: ",
      "1S: )",
      "deliver plain INBOX",
      "1C: b NOOP",
      "1S: * 4 EXISTS",
      "1S: * 2 RECENT",
      "1S: * 4 FETCH (UID 4 BODY[HEADER.FIELDS (SUBJECT)] {18}",
      "1S: Subject: Hello",
      "1S: ",
      "1S: )",
      "1S: * 3 FETCH (FLAGS (\\Recent))",
      "1S: * 4 FETCH (FLAGS (\\Recent))",
      "1S: b OK *"}},
    {"OwnMessagesDoNot",
     {"1 select INBOX", "1C: a NOTIFY SET (selected (MessageNew (UID) MessageExpunge))", "1S: a OK *",
      "1C+ b APPEND INBOX {3+}\r\nabc\r\n", "1S: * 3 EXISTS", "1S: * 1 RECENT", "1S: b OK *", "1 silent"}},
    {"WithoutFlagChangeNoFlags",
     {"1 select INBOX", "2 select INBOX", "1C: a NOTIFY SET (selected (MessageNew MessageExpunge))", "1S: a OK *",
      "2C: b STORE 1 +FLAGS.SILENT (\\Seen)", "2S: b OK *", "1 silent", "deliver plain INBOX", "1S: * 3 EXISTS",
      "1S: * 1 RECENT", "1 silent", "1C: c NOOP", "1S: * 1 FETCH (FLAGS (\\Seen))",
      "1S: * 3 FETCH (FLAGS (\\Recent))", "1S: c OK *"}},
    {"SelectedDelayedKeepsTheNumbers",  // §6.1.2
     {"1 select INBOX", "2 select INBOX",
      "1C: a NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))", "1S: a OK *",
      "2C: b MOVE 1 Trash", "2 until b OK *", "1 silent", "deliver plain INBOX", "1S: * 3 EXISTS", "1S: * 1 RECENT",
      "1C: c FETCH 2 UID", "1S: * 2 FETCH (UID 2)", "1S: c OK *", "1C: d NOOP", "1S: * 1 EXPUNGE", "1S: d OK *"}},
    {"VanishedForThoseWhoKnowIt",
     {"1C: e ENABLE QRESYNC", "1 until e OK *", "1 select INBOX", "2 select INBOX",
      "1C: a NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))", "1S: a OK *", "2C: b MOVE 1 Trash",
      "2 until b OK *", "1S: * VANISHED 1"}},
    {"OtherMailboxesSayStatus",  // §5.2
     {"1 select INBOX", "1C: a NOTIFY SET (personal (MessageNew MessageExpunge))", "1S: a OK *",
      "deliver plain Sent", "1S: * STATUS Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY *", "deliver plain INBOX",
      "1 silent", "2 select Sent", "2C: b STORE 1 +FLAGS.SILENT (\\Flagged)", "2S: b OK *", "1 silent",
      "2C: c MOVE 1 Trash", "2 until c OK *", "1S: * STATUS Sent (MESSAGES 0 UIDNEXT 2 UIDVALIDITY *",
      "1S: * STATUS Trash (MESSAGES 1 UIDNEXT 2 UIDVALIDITY *"}},
    {"TheSubtreeOfNothingIsAllMailboxes",  // §6.5
     {"1C: a NOTIFY SET (subtree \"\" (MessageNew MessageExpunge))", "1S: a OK *", "deliver plain Sent",
      "1S: * STATUS Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY *", "deliver plain INBOX", "1S: * STATUS INBOX *"}},
    {"FlagChangesWithCondstoreSayTheModSeq",  // §5.1
     {"1C: e ENABLE CONDSTORE", "1 until e OK *", "deliver plain Sent",
      "1C: a NOTIFY SET (mailboxes (Sent Junk) (MessageNew MessageExpunge FlagChange))", "1S: a OK *",
      "2 select Sent", "2C: b STORE 1 +FLAGS.SILENT (\\Flagged)", "2S: b OK *",
      "1S: * STATUS Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY *", "2C: c COPY 1 Trash", "2S: c OK *", "1 silent"}},
    {"WithoutCondstoreFlagChangesSayUnseen",
     {"deliver plain Sent", "1C: a NOTIFY SET (subtree Sent (MessageNew MessageExpunge FlagChange))", "1S: a OK *",
      "2 select Sent", "2C: b STORE 1 +FLAGS.SILENT (\\Flagged)", "2S: b OK *", "1 silent",
      "2C: c STORE 1 +FLAGS.SILENT (\\Seen)", "2S: c OK *",
      "1S: * STATUS Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY *"}},
    {"StatusComesFirstWhenAskedFor",  // §3.1
     {"1 select INBOX", "deliver plain Sent", "1C: a NOTIFY SET STATUS (subscribed (MessageNew MessageExpunge))",
      "1S: * STATUS Archive (MESSAGES 0 *", "1S: * STATUS Drafts (MESSAGES 0 *", "1S: * STATUS Junk (MESSAGES 0 *",
      "1S: * STATUS Sent (MESSAGES 1 *", "1S: * STATUS Trash (MESSAGES 0 *", "1S: a OK *"}},
    {"NamesAreTold",  // §5.4
     {"1C: a NOTIFY SET (personal (MailboxName))", "1S: a OK *", "2C: b CREATE New/Deep", "2S: b OK *",
      "1S: * LIST (\\HasChildren) \"/\" New", "1S: * LIST (\\HasNoChildren) \"/\" New/Deep",
      "2C: c RENAME New/Deep Other", "2S: c OK *",
      "1S: * LIST (\\HasNoChildren) \"/\" Other (\"OLDNAME\" (New/Deep))", "2C: d DELETE Other", "2S: d OK *",
      "1S: * LIST (\\NonExistent \\Noselect \\HasNoChildren) \"/\" Other", "2C: e SUBSCRIBE New", "2S: e OK *",
      "1 silent"}},
    {"SubscriptionsAreTold",  // §5.5
     {"1C: a NOTIFY SET (subscribed (SubscriptionChange))", "1S: a OK *", "2C: b UNSUBSCRIBE Sent", "2S: b OK *",
      "1S: * LIST (\\HasNoChildren \\Sent) \"/\" Sent", "2C: c SUBSCRIBE Sent", "2S: c OK *",
      "1S: * LIST (\\HasNoChildren \\Subscribed \\Sent) \"/\" Sent"}},
    {"TheSubscribedAreThoseOfNow",  // §6.4
     {"1C: a NOTIFY SET (subscribed (MessageNew MessageExpunge))", "1S: a OK *", "2C: b UNSUBSCRIBE Sent",
      "2S: b OK *", "1 silent", "deliver plain Sent", "1 silent", "2C: c SUBSCRIBE Sent", "2S: c OK *",
      "deliver plain Sent", "1S: * STATUS Sent (MESSAGES 2 *"}},
    {"NoneEndsIt",
     {"1 select INBOX",
      "1C: a NOTIFY SET (selected (MessageNew MessageExpunge)) (personal (MessageNew MessageExpunge))",
      "1S: a OK *", "1C: b NOTIFY NONE", "1S: b OK *", "deliver plain INBOX", "deliver plain Sent", "1 silent",
      "1C: c NOOP", "1S: * 3 EXISTS", "1S: * 1 RECENT", "1S: c OK *"}},
    {"SelectedNoneTellsNothingOfIt",
     {"1 select INBOX", "1C: a NOTIFY SET (selected NONE) (personal (MessageNew MessageExpunge))", "1S: a OK *",
      "deliver plain INBOX", "1 silent", "deliver plain Sent", "1S: * STATUS Sent *"}},
    {"ANewSetReplacesTheOld",
     {"1C: a NOTIFY SET (mailboxes Sent (MessageNew MessageExpunge))", "1S: a OK *",
      "1C: b NOTIFY SET (mailboxes Junk (MessageNew MessageExpunge))", "1S: b OK *", "deliver plain Sent",
      "1 silent", "deliver plain Junk", "1S: * STATUS Junk *"}},
    {"IdleTellsTheSame",  // §4
     {"1 select INBOX",
      "1C: a NOTIFY SET (selected-delayed (MessageNew MessageExpunge)) (mailboxes Sent (MessageNew "
      "MessageExpunge))",
      "1S: a OK *", "2 select INBOX", "1C: b IDLE", "1S: + idling", "deliver plain Sent", "1S: * STATUS Sent *",
      "deliver plain Junk", "1 silent", "2C: c MOVE 1 Trash", "2 until c OK *", "1S: * 1 EXPUNGE", "1C: DONE",
      "1S: b OK *"}},
    {"UnknownEventsAreNamed",  // §3.1
     {"1C: a NOTIFY SET (selected (MessageNew MessageExpunge AnnotationChange))",
      "1S: a NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange "
      "MailboxMetadataChange ServerMetadataChange)] *",
      "1C: b NOTIFY SET (personal (Frobbed))", "1S: b NO [BADEVENT *"}},
    {"EventsThatCannotBe",  // §5, §6.1
     {"1C: a NOTIFY SET (selected (MessageNew))", "1S: a BAD *", "1C: b NOTIFY SET (personal (FlagChange))",
      "1S: b BAD *", "1C: c NOTIFY SET (selected (MailboxName))", "1S: c BAD *",
      "1C: d NOTIFY SET (selected NONE) (selected-delayed NONE)", "1S: d BAD *",
      "1C: e NOTIFY SET (personal (MessageNew (UID) MessageExpunge))", "1S: e BAD *", "1C: f NOTIFY SET",
      "1S: f BAD *", "1C: g NOTIFY", "1S: g BAD *", "1C: h NOTIFY SET (mailboxes () NONE)", "1S: h BAD *"}},
    {"FlagChangeSaysTheModSeqAtFirst",  // §3.1
     {"1C: a NOTIFY SET STATUS (mailboxes Junk (MessageNew MessageExpunge FlagChange))",
      "1S: * STATUS Junk (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $Junk UNSEEN 0 HIGHESTMODSEQ *", "1S: a OK *"}},
    {"SoItDoesOfMailboxesWithMessages",
     {"deliver plain Sent", "1C: a NOTIFY SET STATUS (subtree Sent (FlagChange MessageNew MessageExpunge))",
      "1S: * STATUS Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY $Sent UNSEEN 1 HIGHESTMODSEQ *", "1S: a OK *"}},
    {"SoItDoesBesideTheSelectedMailbox",
     {"1 select INBOX",
      "1C: a NOTIFY SET STATUS (selected (MessageNew MessageExpunge FlagChange)) (mailboxes (INBOX Junk) "
      "(MessageNew "
      "MessageExpunge FlagChange))",
      "1S: * STATUS Junk (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $Junk UNSEEN 0 HIGHESTMODSEQ *", "1S: a OK *"}},
    {"SoItDoesOfThoseAloneThatAskForIt",
     {"1C: a NOTIFY SET STATUS (mailboxes Junk (MessageNew MessageExpunge FlagChange)) (mailboxes Sent (MessageNew "
      "MessageExpunge))",
      "1S: * STATUS Junk (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $Junk UNSEEN 0 HIGHESTMODSEQ *",
      "1S: * STATUS Sent (MESSAGES 0 UIDNEXT 1 UIDVALIDITY $Sent)", "1S: a OK *"}},
    {"ChangesThatFollowSayItToo",
     {"1C: a NOTIFY SET (mailboxes Sent (MessageNew MessageExpunge FlagChange))", "1S: a OK *",
      "deliver plain Sent", "1S: * STATUS Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY $Sent UNSEEN 1 HIGHESTMODSEQ *",
      "2 select Sent", "2C: b STORE 1 +FLAGS.SILENT (\\Seen)", "2S: b OK *",
      "1S: * STATUS Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY $Sent UNSEEN 0 HIGHESTMODSEQ *"}},
    {"MailboxesThatAreNotThereArePassedOver",
     {"1C: a NOTIFY SET STATUS (mailboxes (Nowhere Junk) (MessageNew MessageExpunge))", "1S: * STATUS Junk *",
      "1S: a OK *"}},
    {"ACommandInPiecesIsWaitedFor",
     {"1 select INBOX", "1C: a NOTIFY SET (selected (MessageNew MessageExpunge))", "1S: a OK *", "1C+ b NO",
      "1 silent", "deliver plain INBOX", "1 silent", "1C+ OP\r\n", "1S: * 3 EXISTS", "1S: * 1 RECENT",
      "1S: b OK *"}},
};

const Case kUidOnlyCases[] = {
    {"NumbersAreRefused",
     {"1C: e ENABLE UIDONLY",
      "1S: * ENABLED UIDONLY",
      "1S: e OK *",
      "1 select INBOX",
      "1C: a FETCH 1 FLAGS",
      "1S: a BAD [UIDREQUIRED] *",
      "1C: b STORE 1 FLAGS ()",
      "1S: b BAD [UIDREQUIRED] *",
      "1C: c SEARCH ALL",
      "1S: c BAD [UIDREQUIRED] *",
      "1C: d COPY 1 Trash",
      "1S: d BAD [UIDREQUIRED] *",
      "1C: f MOVE 1 Trash",
      "1S: f BAD [UIDREQUIRED] *",
      "1C: g UID SEARCH NOT (1)",
      "1S: g BAD [UIDREQUIRED] *",
      "1C: h SORT (ARRIVAL) UTF-8 ALL",
      "1S: h BAD [UIDREQUIRED] *",
      "1C: i ENABLE QRESYNC",
      "1 until i OK *",
      "1C: j SELECT INBOX (QRESYNC (1 5 1:3 (1 1)))",
      "1S: j BAD [UIDREQUIRED] *"}},
    {"ResponsesHaveUids",
     {"1C: e ENABLE UIDONLY",
      "1 until e OK *",
      "1C: o SELECT INBOX",
      "1S: * FLAGS *",
      "1S: * OK [PERM*",
      "1S: * 2 EXISTS",
      "1S: * 0 RECENT",
      "1S: * OK [UIDV*",
      "1S: * OK [UIDN*",
      "1S: * OK [MAIL*",
      "1S: * OK [HIGH*",
      "1S: o OK *",
      "2 select INBOX",
      "2C: a MOVE 1 Trash",
      "2 until a OK *",
      "2C: b STORE 1 FLAGS (\\Seen)",
      "2 until b OK *",
      "1C: c NOOP",
      "1S: * VANISHED 1",
      "1S: * 2 UIDFETCH (FLAGS (\\Seen))",
      "1S: c OK *",
      "1C: d UID FETCH 1:* FLAGS",
      "1S: * 2 UIDFETCH (UID 2 FLAGS (\\Seen))",
      "1S: d OK *",
      "1C: f UID STORE 2 -FLAGS (\\Seen)",
      "1S: * 2 UIDFETCH (UID 2 FLAGS ())",
      "1S: f OK *",
      "1C: g UID SEARCH UID 1:*",
      "1S: * SEARCH 2",
      "1S: g OK *",
      "1C: h UID SEARCH RETURN (SAVE) ALL",
      "1S: h OK *",
      "1C: i UID SEARCH $",
      "1S: * SEARCH 2",
      "1S: i OK *"}},
};

template <std::size_t count>
void play_all(const Case (&cases)[count]) {
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    House house;
    house.messages["plain"] = kPlain;
    for (int i = 0; i < 2; ++i) house.append("INBOX", kPlain);
    Script script{"1 login", "2 login"};
    for (std::string line : test.script) {
      for (const char* mailbox : {"Junk", "Sent"}) {
        const std::string sign = std::string{"$"} + mailbox;
        const auto info = house.store().read(house.alice())->mailbox(mailbox);
        if (const auto at = line.find(sign); at != std::string::npos)
          line.replace(at, sign.size(), std::to_string(number(info->uid_validity)));
      }
      script.push_back(std::move(line));
    }
    house.play(script);
    EXPECT_EQ(house.subscriptions.count(), 0U);  // all sessions have ended
  }
}

TEST(Notify, TellsAsWritten) { play_all(kCases); }
TEST(UidOnly, HasNoNumbers) { play_all(kUidOnlyCases); }

}  // namespace
}  // namespace posthaste::imapd
