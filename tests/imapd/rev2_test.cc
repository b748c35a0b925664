// IMAP4rev2 and UTF8=ACCEPT: what ENABLE changes (RFC 9051 §E, RFC 6855).
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

struct Case {
  const char* name;
  Script script;  // sessions 1 and 2 are logged in; INBOX has two messages
};

const Case kCases[] = {
    {"EnableSpellsItAsCapabilityDoes",
     {"1C: a ENABLE IMAP4REV2 UTF8=ACCEPT", "1S: * ENABLED IMAP4rev2 UTF8=ACCEPT", "1S: a OK *"}},
    {"SelectSaysListAndNeitherRecentNorUnseen",  // §6.3.2
     {"1C: e ENABLE IMAP4rev2", "1 until e OK *", "1C: a SELECT inbox", "1S: * FLAGS *", "1S: * OK [PERM*",
      "1S: * 2 EXISTS", "1S: * OK [UIDV*", "1S: * OK [UIDN*", "1S: * OK [MAIL*", "1S: * OK [HIGH*",
      "1S: * LIST () \"/\" INBOX", "1S: a OK [READ-WRITE] *", "1C: b EXAMINE Sent", "1S: * OK [CLOSED] *",
      "1 until * LIST *", "1S: b OK [READ-ONLY] *"}},
    {"ListInSelectHasTheSpecialUse",
     {"1C: e ENABLE IMAP4rev2", "1 until e OK *", "1C: a SELECT Sent", "1 until * LIST (\\Sent) \"/\" Sent",
      "1S: a OK *"}},
    {"NewMailSaysNoRecent",
     {"1C: e ENABLE IMAP4rev2", "1 until e OK *", "1 select INBOX", "deliver plain INBOX", "1C: a NOOP",
      "1S: * 3 EXISTS", "1S: a OK *", "1C: b FETCH 3 FLAGS", "1S: * 3 FETCH (FLAGS ())", "1S: b OK *"}},
    {"SearchAnswersInTheExtendedForm",  // §6.4.4
     {"1C: e ENABLE IMAP4rev2", "1 until e OK *", "1 select INBOX", "1C: a SEARCH ALL",
      "1S: * ESEARCH (TAG \"a\") ALL 1:2", "1S: a OK *", "1C: b UID SEARCH DRAFT", "1S: * ESEARCH (TAG \"b\") UID",
      "1S: b OK *", "1C: c SEARCH RETURN (COUNT) ALL", "1S: * ESEARCH (TAG \"c\") COUNT 2", "1S: c OK *"}},
    {"FlagsUnaskedSayTheUid",  // §7.5.2
     {"1C: e ENABLE IMAP4rev2", "1 until e OK *", "1 select INBOX", "2 select INBOX",
      "2C: a STORE 1 FLAGS (\\Seen)", "2S: * 1 FETCH (FLAGS (\\Seen))", "2S: a OK *", "1C: b NOOP",
      "1S: * 1 FETCH (UID 1 FLAGS (\\Seen))", "1S: b OK *", "1C: c STORE 2 +FLAGS (\\Seen)",
      "1S: * 2 FETCH (UID 2 FLAGS (\\Seen))", "1S: c OK *", "1C: d STORE 1 -FLAGS.SILENT (\\Seen)", "1S: d OK *",
      "1C: f FETCH 1 BODY[]<0.1>", "1S: * 1 FETCH (BODY[]<0> {1}", "1S: F UID 1 FLAGS (\\Seen))", "1S: f OK *"}},
    {"NamesAreUtf8",  // §5.1
     {"1C: e ENABLE IMAP4rev2", "1 until e OK *", "1C: a CREATE \"Gr\xC3\xBC\xC3\x9F\x65\"", "1S: a OK *",
      "1C: b LIST \"\" G%", "1S: * LIST (\\HasNoChildren) \"/\" \"Gr\xC3\xBC\xC3\x9F\x65\"", "1S: b OK *",
      "1C: c STATUS \"Gr\xC3\xBC\xC3\x9F\x65\" (MESSAGES)", "1S: * STATUS \"Gr\xC3\xBC\xC3\x9F\x65\" (MESSAGES 0)",
      "1S: c OK *", "1C: d CREATE \"a&b\"", "1S: d OK *", "1C: f LIST \"\" a%",
      "1S: * LIST (\\HasNoChildren) \"/\" a&b", "1S: f OK *", "2C: g LIST \"\" (a% G%)",
      "2S: * LIST (\\HasNoChildren) \"/\" Gr&APwA3w-e", "2S: * LIST (\\HasNoChildren) \"/\" a&-b", "2S: g OK *"}},
    {"Utf8AcceptDoesSoToo",  // RFC 6855 §3
     {"1C: e ENABLE UTF8=ACCEPT", "1 until e OK *", "1C: a CREATE \"\xC3\xA9t\xC3\xA9\"", "1S: a OK *",
      "1C: b LSUB \"\" *", "1 until b OK *", "1C: c SUBSCRIBE \"\xC3\xA9t\xC3\xA9\"", "1S: c OK *",
      "1C: d LSUB \"\" \"\xC3\xA9%\"", "1S: * LSUB () \"/\" \"\xC3\xA9t\xC3\xA9\"", "1S: d OK *",
      "1 select \"\xC3\xA9t\xC3\xA9\"", "2C: f LIST \"\" &AOk-%", "2S: * LIST (\\HasNoChildren) \"/\" &AOk-t&AOk-",
      "2S: f OK *"}},
    {"WhatIsNotUtf8IsBad",  // RFC 6855 §3
     {"1C: e ENABLE UTF8=ACCEPT", "1 until e OK *", "1C: a CREATE \"\xC3\"", "1S: a BAD *"}},
    {"BeforeEnableNamesAreModifiedUtf7",
     {"1C: a CREATE \"\xC3\xA9\"", "1S: a NO [CANNOT] *", "1C: b CREATE a&b", "1S: b NO [CANNOT] *"}},
    {"AppendOfUtf8",  // RFC 6855 §4
     {"1C: e ENABLE UTF8=ACCEPT", "1 until e OK *",
      "1C+ a APPEND Drafts (\\Seen) UTF8 (~{16+}\r\nSubject: \xC3\xA9\xC3\xA9\r\n\x20)\r\n",
      "1S: a OK [APPENDUID *", "1C: b STATUS Drafts (SIZE)", "1S: * STATUS Drafts (SIZE 16)", "1S: b OK *",
      "1C+ c APPEND Drafts UTF8 ({3+}\r\nabc)\r\n", "1S: c BAD *", "1C+ d APPEND Drafts UTF8 (~{3+}\r\nabc\r\n",
      "1S: d BAD *"}},
    {"TheSavedResultIsThere",
     {"1C: e ENABLE IMAP4rev2", "1 until e OK *", "1 select INBOX", "1C: a SEARCH RETURN (SAVE) 2", "1S: a OK *",
      "1C: b FETCH $ UID", "1S: * 2 FETCH (UID 2)", "1S: b OK *"}},
};

TEST(Rev2, SpeaksAsWritten) {
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.name);
    House house;
    house.messages["plain"] = kPlain;
    for (int i = 0; i < 2; ++i) house.append("INBOX", kPlain);
    Script script{"1 login", "2 login"};
    script.insert(script.end(), test.script.begin(), test.script.end());
    house.play(script);
  }
}

const Case kRecentCases[] = {
    {"TheFirstSessionHasIt",  // RFC 3501 §2.3.2
     {"1C: a SELECT INBOX", "1 until * 2 RECENT", "1 until a OK *", "2C: b SELECT INBOX", "2 until * 0 RECENT",
      "2 until b OK *", "1C: c FETCH 1 FLAGS", "1S: * 1 FETCH (FLAGS (\\Recent))", "1S: c OK *",
      "2C: d FETCH 1 FLAGS", "2S: * 1 FETCH (FLAGS ())", "2S: d OK *"}},
    {"ExamineTakesItFromNobody",  // §6.3.2
     {"1C: a EXAMINE INBOX", "1 until * 2 RECENT", "1 until a OK *", "2C: b SELECT INBOX", "2 until * 2 RECENT",
      "2 until b OK *", "1C: c FETCH 1 FLAGS", "1S: * 1 FETCH (FLAGS (\\Recent))", "1S: c OK *"}},
    {"SearchFindsIt",  // §6.4.4
     {"1 select INBOX", "2 select INBOX", "1C: a STORE 1 +FLAGS.SILENT (\\Seen)", "1S: a OK *",
      "1C: b SEARCH RECENT", "1S: * SEARCH 1 2", "1S: b OK *", "1C: c SEARCH NEW", "1S: * SEARCH 2", "1S: c OK *",
      "1C: d SEARCH OLD", "1S: * SEARCH", "1S: d OK *", "2C: e UID SEARCH OLD", "2S: * SEARCH 1 2",
      "2S: * 1 FETCH (UID 1 FLAGS (\\Seen))", "2S: e OK *"}},
    {"StatusCountsWhatNobodyHasHeardOf",
     {"1C: a STATUS INBOX (RECENT MESSAGES)", "1S: * STATUS INBOX (RECENT 2 MESSAGES 2)", "1S: a OK *",
      "1C: b STATUS INBOX (RECENT)", "1S: * STATUS INBOX (RECENT 2)", "1S: b OK *", "2 select INBOX",
      "1C: c STATUS INBOX (RECENT)", "1S: * STATUS INBOX (RECENT 0)", "1S: c OK *", "deliver plain INBOX",
      "1C: d LIST \"\" INBOX RETURN (STATUS (RECENT))", "1S: * LIST *", "1S: * STATUS INBOX (RECENT 1)",
      "1S: d OK *"}},
    {"NewMailIsRecentToWhoHearsItFirst",
     {"1 select INBOX", "2 select INBOX", "deliver plain INBOX", "2C: a NOOP", "2S: * 3 EXISTS", "2S: * 1 RECENT",
      "2S: a OK *", "1C: b NOOP", "1S: * 3 EXISTS", "1S: * 2 RECENT", "1S: b OK *", "2C: c FETCH 3 FLAGS",
      "2S: * 3 FETCH (FLAGS (\\Recent))", "2S: c OK *", "1C: d FETCH 3 FLAGS", "1S: * 3 FETCH (FLAGS ())",
      "1S: d OK *"}},
    {"ExpungedMessagesAreNotCounted",
     {"1 select INBOX", "1C: a MOVE 1 Trash", "1 until a OK *", "deliver plain INBOX", "1C: b NOOP",
      "1S: * 2 EXISTS", "1S: * 2 RECENT", "1S: b OK *"}},
    {"ACopyIsRecent",
     {"1 select INBOX", "1C: a COPY 1 Archive", "1S: a OK *", "2C: b SELECT Archive", "2 until * 1 RECENT",
      "2 until b OK *"}},
    {"NobodySetsIt",
     {"1 select INBOX", "2 select INBOX", "2C: a STORE 1 FLAGS (\\Recent \\Seen)", "2S: * 1 FETCH (FLAGS (\\Seen))",
      "2S: a OK *", "1C: b NOOP", "1S: * 1 FETCH (FLAGS (\\Recent \\Seen))", "1S: b OK *"}},
    {"Rev2LeavesItToOthers",
     {"1C: e ENABLE IMAP4rev2", "1 until e OK *", "1 select INBOX", "2C: b SELECT INBOX", "2 until * 2 RECENT",
      "2 until b OK *"}},
};

TEST(Recent, IsWhatRfc3501Says) {
  for (const auto& test : kRecentCases) {
    SCOPED_TRACE(test.name);
    House house;
    house.recent_since = {};
    house.messages["plain"] = kPlain;
    for (int i = 0; i < 2; ++i) house.append("INBOX", kPlain);
    Script script{"1 login", "2 login"};
    script.insert(script.end(), test.script.begin(), test.script.end());
    house.play(script);
  }
}

}  // namespace
}  // namespace posthaste::imapd
