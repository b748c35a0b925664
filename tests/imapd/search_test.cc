// SEARCH: every key, against what was written down by hand (RFC 9051 §6.4.4, RFC 3501 §6.4.4).
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

using std::chrono::sys_days;
using std::chrono::year;

/// 1: plain, seen, arrived 3 Dec 2026 at 00:30 +0100, which is 2 Dec in UTC. 2: mixed, answered and $Junk,
/// 4 Dec 2026. 3: plain again with another subject and no date, flagged, deleted and draft, 5 Dec 2025.
void fill(House& house) {
  const mailbox::InternalDate first{sys_days{year{2026} / 12 / 2} + std::chrono::minutes{23 * 60 + 30}, 60};
  const mailbox::InternalDate second{sys_days{year{2026} / 12 / 4} + std::chrono::hours{12}, 0};
  const mailbox::InternalDate third{sys_days{year{2025} / 12 / 5} + std::chrono::hours{12}, 0};
  house.append("INBOX", kPlain, {mailbox::SystemFlag::seen}, {}, first);
  house.append("INBOX", kMixed, {mailbox::SystemFlag::answered}, {"$Junk"}, second);
  house.append("INBOX",
               "Subject: Third\r\nCc: carol@example.com\r\nBcc: dave@example.com\r\n\r\nThe second text\r\n",
               {mailbox::SystemFlag::flagged, mailbox::SystemFlag::deleted, mailbox::SystemFlag::draft}, {}, third);
}

struct Case {
  const char* program;
  const char* found;
};

const Case kCases[] = {
    {"ALL", " 1 2 3"},
    {"SEEN", " 1"},
    {"UNSEEN", " 2 3"},
    {"ANSWERED", " 2"},
    {"UNANSWERED", " 1 3"},
    {"FLAGGED", " 3"},
    {"UNFLAGGED", " 1 2"},
    {"DELETED", " 3"},
    {"UNDELETED", " 1 2"},
    {"DRAFT", " 3"},
    {"UNDRAFT", " 1 2"},
    {"RECENT", ""},
    {"NEW", ""},
    {"OLD", " 1 2 3"},
    {"KEYWORD $Junk", " 2"},
    {"KEYWORD $JUNK", " 2"},
    {"KEYWORD $Other", ""},
    {"UNKEYWORD $Junk", " 1 3"},
    {"UNKEYWORD $Other", " 1 2 3"},
    {"1:2", " 1 2"},
    {"*", " 3"},
    {"UID 2:9", " 2 3"},
    {"UID 9", ""},
    {"NOT 2", " 1 3"},
    {"OR 1 3", " 1 3"},
    {"OR SEEN (FLAGGED DRAFT)", " 1 3"},
    {"UNSEEN NOT DRAFT", " 2"},
    {"ON 3-Dec-2026", " 1"},
    {"ON 2-Dec-2026", ""},
    {"SINCE 3-Dec-2026", " 1 2"},
    {"BEFORE 3-Dec-2026", " 3"},
    {"SENTON 2-Dec-2026", " 2"},
    {"SENTSINCE 2-Dec-2026", " 2"},
    {"SENTBEFORE 2-Dec-2026", " 1"},
    {"SAVEDSINCE 1-Jan-2026", " 1 2 3"},
    {"SAVEDBEFORE 1-Jan-2026", ""},
    {"LARGER 100", " 1 2"},
    {"SMALLER 100", " 3"},
    {"FROM alice", " 1"},
    {"FROM EXAMPLE.ORG", " 1 2"},
    {"TO bob@", " 1"},
    {"CC carol", " 3"},
    {"BCC dave", " 3"},
    {"SUBJECT hello", " 1"},
    {"SUBJECT \"\"", " 1 2 3"},
    {"HEADER X-Private yes", " 1"},
    {"HEADER X-Private \"\"", " 1"},
    {"HEADER Date \"\"", " 1 2"},
    {"HEADER Subject second", ""},
    {"BODY second", " 1 3"},
    {"BODY alice", ""},
    {"TEXT alice", " 1 2"},
    {"TEXT \"no such text\"", ""},
    {"CHARSET UTF-8 SUBJECT {7+}\r\nGR\xC3\x9C\xC3\x9F"
     "E",
     " 2"},
    {"CHARSET UTF-8 BODY {8+}\r\nSCH\xC3\x96NE ", " 2"},
    {"CHARSET US-ASCII SUBJECT third", " 3"},
    {"YOUNGER 60", " 1 2"},
    {"OLDER 60", " 3"},
    {"EMAILID X", ""},
    {"SUBJECT third UNSEEN FROM x", ""},
};

Script opened() {
  return {"1 login",         "1C: o SELECT INBOX", "1S: * FLAGS *",         "1S: * OK [PERM*",
          "1S: * 3 EXISTS",  "1S: * 0 RECENT",     "1S: * OK [UNSEEN 2] *", "1S: * OK [UIDV*",
          "1S: * OK [UIDN*", "1S: * OK [MAIL*",    "1S: * OK [HIGH*",       "1S: o OK *"};
}

TEST(Search, FindsByEveryKey) {
  House house;
  fill(house);
  Script script = opened();
  for (const auto& test : kCases) {
    script.push_back(std::string{"1C: a SEARCH "} + test.program);
    script.push_back(std::string{"1S: * SEARCH"} + test.found);
    script.emplace_back("1S: a OK Search completed");
  }
  house.play(script);
}

TEST(Search, FindsByEmailId) {
  House house;
  fill(house);
  const auto snapshot = house.store().read(house.alice());
  const MailboxId inbox = snapshot->mailbox("INBOX")->id;
  const auto ids = snapshot->email_ids();
  ASSERT_TRUE(ids);
  const std::string second = ids->id_of(snapshot->message(inbox, Uid{2})->blob);
  const mailbox::EmailIds others_ids(mailbox::ObjectKey{}, house.alice());
  Script script = opened();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"EMAILID " + second, " 2"},
      {"NOT EMAILID " + second, " 1 3"},
      {"OR EMAILID " + second + " EMAILID " + ids->id_of(snapshot->message(inbox, Uid{3})->blob), " 2 3"},
      {"EMAILID " + ids->id_of(BlobId{99}), ""},
      {"EMAILID " + others_ids.id_of(snapshot->message(inbox, Uid{2})->blob), ""},
      {"EMAILID M2", ""},
  };
  for (const auto& [program, found] : cases) {
    script.push_back("1C: a SEARCH " + program);
    script.push_back("1S: * SEARCH" + found);
    script.emplace_back("1S: a OK *");
  }
  script.emplace_back("1C: a FETCH 2 EMAILID");
  script.push_back("1S: * 2 FETCH (EMAILID (" + second + "))");
  script.emplace_back("1S: a OK *");
  house.play(script);
}

TEST(Search, AnswersByUidAndInTheExtendedForm) {
  House house;
  fill(house);
  Script script = opened();
  for (const char* line : {"1C: a STORE 1 +FLAGS.SILENT (\\Deleted)",
                           "1S: a OK *",
                           "1C: b UID EXPUNGE 1",
                           "1S: * 1 EXPUNGE",
                           "1S: b OK *",
                           "1C: c SEARCH ALL",
                           "1S: * SEARCH 1 2",
                           "1S: c OK *",
                           "1C: d UID SEARCH ALL",
                           "1S: * SEARCH 2 3",
                           "1S: d OK *",
                           "1C: e SEARCH RETURN (MIN MAX COUNT) ALL",
                           "1S: * ESEARCH (TAG \"e\") MIN 1 MAX 2 COUNT 2",
                           "1S: e OK *",
                           "1C: f UID SEARCH RETURN () ALL",
                           "1S: * ESEARCH (TAG \"f\") UID ALL 2:3",
                           "1S: f OK *",
                           "1C: g SEARCH RETURN (COUNT ALL) SEEN",
                           "1S: * ESEARCH (TAG \"g\") COUNT 0",
                           "1S: g OK *",
                           "1C: i SEARCH CHARSET X-NONE TEXT x",
                           "1S: i NO [BADCHARSET (US-ASCII UTF-8 ISO-8859-1 *",
                           "1C: j SEARCH",
                           "1S: j BAD *",
                           "1C: k SEARCH SINCE 31-Feb-2026",
                           "1S: k BAD *",
                           "1C: l SEARCH FROB",
                           "1S: l BAD *"}) {
    script.emplace_back(line);
  }
  house.play(script);
}

struct TextCase {
  const char* program;
  const char* found;
};

// 1: a subject in ISO-8859-1 and Cyrillic text in KOI8-R. 2: HTML in windows-1252 and base64. 3: a message that
// holds another one, and a picture.
const TextCase kTextCases[] = {
    {"CHARSET ISO-8859-1 SUBJECT {5+}\r\ngr\xFC\xDF"
     "e",
     " 1"},
    {"CHARSET KOI8-R BODY {6+}\r\n\xF0\xF2\xE9\xF7\xE5\xF4", " 1"},  // in capitals
    {"CHARSET windows-1251 TEXT {6+}\r\n\xEF\xF0\xE8\xE2\xE5\xF2", " 1"},
    {"CHARSET UTF-8 SUBJECT {8+}\r\ngru\xCC\x88\xC3\x9F"
     "e",
     " 1"},  // u and a combining diaeresis
    {"CHARSET ISO-2022-JP SUBJECT nothing", ""},
    {"SUBJECT \"one two\"", " 3"},  // over a fold
    {"BODY important", " 2"},
    {"BODY \"caf\xC3\xA9 \xE2\x82\xAC\"", " 2"},
    {"BODY strong", ""},  // a tag
    {"BODY hidden", ""},  // a comment
    {"BODY inner", " 3"},
    {"TEXT inner", " 3"},
    {"HEADER Subject inner", ""},
    {"BODY AAAA", ""},  // a picture's octets
    {"TEXT outer", " 3"},
    {"BODY outer", ""},
    {"HEADER X-Two second", " 3"},
    {"HEADER X-Two first", " 3"},
    {"HEADER X-None \"\"", ""},
    {"NOT HEADER X-Two \"\"", " 1 2"},
    {"BODY \"\"", " 1 2 3"},
};

TEST(Search, LooksThroughCharsetsEncodingsAndHtml) {
  House house;
  house.append("INBOX",
               "Subject: =?iso-8859-1?q?Gr=FC=DFe?=\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n"
               "\xF0\xD2\xC9\xD7\xC5\xD4\r\n");
  house.append("INBOX",
               "Content-Type: text/html; charset=windows-1252\r\nContent-Transfer-Encoding: base64\r\n\r\n"
               // <p>im<strong>por</strong>tant<!-- hidden --> caf\xE9 \x80</p>
               "PHA+aW08c3Ryb25nPnBvcjwvc3Ryb25nPnRhbnQ8IS0tIGhpZGRlbiAtLT4gY2Fm6SCAPC9wPg==\r\n");
  house.append("INBOX",
               "Subject: Outer one\r\n two\r\nX-Two: first\r\nX-Two: second\r\n"
               "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
               "--b\r\nContent-Type: image/png\r\n\r\nAAAA\r\n"
               "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Inner\r\n\r\ntext\r\n--b--\r\n");
  Script script = {"1 login",         "1C: o EXAMINE INBOX", "1S: * FLAGS *",         "1S: * OK [PERM*",
                   "1S: * 3 EXISTS",  "1S: * 0 RECENT",      "1S: * OK [UNSEEN 1] *", "1S: * OK [UIDV*",
                   "1S: * OK [UIDN*", "1S: * OK [MAIL*",     "1S: * OK [HIGH*",       "1S: o OK *"};
  for (const auto& test : kTextCases) {
    script.push_back(std::string{"1C: a SEARCH "} + test.program);
    script.push_back(std::string{"1S: * SEARCH"} + test.found);
    script.emplace_back("1S: a OK Search completed");
  }
  house.play(script);
}

/// 1,000 multiparts in each other; 100,000 parts beside each other; a header of 10 MB.
TEST(Search, AnswersWhateverTheMessagesAreLike) {
  std::string deep = "Subject: deep\r\n";
  for (int i = 0; i < 1'000; ++i) {
    const std::string boundary = "b" + std::to_string(i);
    deep += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
  }
  deep += "\r\nbottom\r\n";
  std::string wide = "Subject: wide\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 100'000; ++i) wide += "--b\r\n\r\nx\r\n";
  wide += "--b--\r\n";
  std::string long_header = "Subject: " + std::string(100'000, '[') + "long\r\nReferences:";
  while (long_header.size() < 10'000'000) long_header += " <1@example.org>\r\n";
  House house;
  house.append("INBOX", deep);
  house.append("INBOX", wide);
  house.append("INBOX", long_header + "\r\ntext\r\n");
  house.play({"1 login",
              "1C: o EXAMINE INBOX",
              "1S: * FLAGS *",
              "1S: * OK [PERM*",
              "1S: * 3 EXISTS",
              "1S: * 0 RECENT",
              "1S: * OK [UNSEEN 1] *",
              "1S: * OK [UIDV*",
              "1S: * OK [UIDN*",
              "1S: * OK [MAIL*",
              "1S: * OK [HIGH*",
              "1S: o OK *",
              "1C: a SEARCH TEXT nothing",
              "1S: * SEARCH",
              "1S: a OK *",
              "1C: b SEARCH SUBJECT long",
              "1S: * SEARCH 3",
              "1S: b OK *",
              "1C: c SORT (SUBJECT) UTF-8 ALL",
              "1S: * SORT 1 2 3",
              "1S: c OK *",
              "1C: d THREAD REFERENCES UTF-8 ALL",
              "1S: * THREAD (1)(2)(3)",
              "1S: d OK *",
              "1C: e FETCH 2:3 PREVIEW",
              "1S: * 2 FETCH (PREVIEW \"x\")",
              "1S: * 3 FETCH (PREVIEW \"\")",
              "1S: e OK *"});
}

TEST(Search, TellsHowFarItIsWhenItTakesLong) {
  House house{7, {.executor_delay_max = std::chrono::seconds{120}}};
  house.config.imap.login_timeout = std::chrono::hours{1};  // the password waits for an executor too
  for (int i = 0; i < 4; ++i) house.append("INBOX", kPlain + std::string(1'100'000, 'x'));
  Script script = {"1 login",
                   "1C: o EXAMINE INBOX",
                   "1S: * FLAGS *",
                   "1S: * OK [PERM*",
                   "1S: * 4 EXISTS",
                   "1S: * 0 RECENT",
                   "1S: * OK [UNSEEN 1] *",
                   "1S: * OK [UIDV*",
                   "1S: * OK [UIDN*",
                   "1S: * OK [MAIL*",
                   "1S: * OK [HIGH*",
                   "1S: o OK *",
                   "1C: a SEARCH TEXT nothing"};
  for (const char* line : {"1S: * OK [INPROGRESS (\"a\" 1 4)] *", "1S: * OK [INPROGRESS (\"a\" 2 4)] *",
                           "1S: * OK [INPROGRESS (\"a\" 3 4)] *", "1S: * SEARCH", "1S: a OK *"}) {
    script.emplace_back(line);
  }
  house.play(script);
}

struct AnswerCase {
  const char* name;
  Script script;  // in an INBOX of messages 1 (\\Seen), 2 and 3, with mod-sequences 13 to 15
};

const AnswerCase kAnswerCases[] = {
    {"ModSeqIsSaidWhenItWasAskedFor",  // RFC 7162 §3.1.5
     {"1C: a SEARCH MODSEQ 14", "1S: * OK [HIGHESTMODSEQ 15] *", "1S: * SEARCH 2 3 (MODSEQ 15)", "1S: a OK *",
      "1C: b SEARCH MODSEQ \"/flags/\\\\draft\" all 14 UNDRAFT", "1S: * SEARCH 2 (MODSEQ 14)", "1S: b OK *",
      "1C: c UID SEARCH NOT MODSEQ 14", "1S: * SEARCH 1 (MODSEQ 13)", "1S: c OK *", "1C: d SEARCH MODSEQ 16",
      "1S: * SEARCH", "1S: d OK *"}},
    {"ModSeqInTheExtendedForm",  // RFC 4731 §3.2
     {"1C: a SEARCH RETURN (ALL) MODSEQ 1", "1S: * OK [HIGHESTMODSEQ 15] *",
      "1S: * ESEARCH (TAG \"a\") ALL 1:3 MODSEQ 15", "1S: a OK *", "1C: b SEARCH RETURN (MIN) MODSEQ 1",
      "1S: * ESEARCH (TAG \"b\") MIN 1 MODSEQ 13", "1S: b OK *", "1C: c SEARCH RETURN (MIN MAX) MODSEQ 1 1:2",
      "1S: * ESEARCH (TAG \"c\") MIN 1 MAX 2 MODSEQ 14", "1S: c OK *", "1C: d SEARCH RETURN (MIN COUNT) MODSEQ 1",
      "1S: * ESEARCH (TAG \"d\") MIN 1 COUNT 3 MODSEQ 15", "1S: d OK *", "1C: e SEARCH RETURN (COUNT) MODSEQ 16",
      "1S: * ESEARCH (TAG \"e\") COUNT 0", "1S: e OK *"}},
    {"SortSaysItToo",  // RFC 7162 §3.1.9 and §3.1.10
     {"1C: a SORT (REVERSE ARRIVAL) UTF-8 MODSEQ 14", "1S: * OK [HIGHESTMODSEQ 15] *", "1S: * SORT 2 3 (MODSEQ 15)",
      "1S: a OK *", "1C: b SORT RETURN (ALL) (ARRIVAL) UTF-8 MODSEQ 14",
      "1S: * ESEARCH (TAG \"b\") ALL 3,2 MODSEQ 15", "1S: b OK *",
      "1C: c SORT RETURN (MIN) (ARRIVAL) UTF-8 MODSEQ 1", "1S: * ESEARCH (TAG \"c\") MIN 3 MODSEQ 15", "1S: c OK *",
      "1C: d SORT RETURN (PARTIAL 1:2) (ARRIVAL) UTF-8 ALL", "1S: d BAD *"}},
    {"NothingIsSavedAtFirst",
     {"1C: a SEARCH $", "1S: * SEARCH", "1S: a OK *", "1C: b FETCH $ UID", "1S: b OK *", "1C: c UID FETCH $ UID",
      "1S: c OK *", "1C: d STORE $ +FLAGS (\\Seen)", "1S: d OK *", "1C: e COPY $ Trash", "1S: e OK *"}},
    {"SaveAloneAnswersNothing",  // RFC 5182 §2.2
     {"1C: a SEARCH RETURN (SAVE) UNSEEN", "1S: a OK *", "1C: b FETCH $ UID", "1S: * 2 FETCH (UID 2)",
      "1S: * 3 FETCH (UID 3)", "1S: b OK *", "1C: c UID SEARCH NOT $", "1S: * SEARCH 1", "1S: c OK *",
      "1C: d SEARCH OR 1 UID $", "1S: * SEARCH 1 2 3", "1S: d OK *", "1C: e UID COPY $ Trash",
      "1S: e OK [COPYUID *"}},
    {"SaveWithOthersSavesAll",  // §2.4
     {"1C: a SEARCH RETURN (SAVE MIN COUNT) UNSEEN", "1S: * ESEARCH (TAG \"a\") MIN 2 COUNT 2", "1S: a OK *",
      "1C: b SEARCH $", "1S: * SEARCH 2 3", "1S: b OK *", "1C: c SEARCH RETURN () $",
      "1S: * ESEARCH (TAG \"c\") ALL 2:3", "1S: c OK *"}},
    {"SaveWithEndsSavesThem",
     {"1C: a SEARCH RETURN (SAVE MIN) ALL", "1S: * ESEARCH (TAG \"a\") MIN 1", "1S: a OK *", "1C: b SEARCH $",
      "1S: * SEARCH 1", "1S: b OK *", "1C: c SEARCH RETURN (SAVE MIN MAX) ALL",
      "1S: * ESEARCH (TAG \"c\") MIN 1 MAX 3", "1S: c OK *", "1C: d SEARCH $", "1S: * SEARCH 1 3", "1S: d OK *"}},
    {"SaveOfNothingSavesNothing",
     {"1C: a SEARCH RETURN (SAVE) ALL", "1S: a OK *", "1C: b SEARCH RETURN (SAVE MIN) DRAFT FLAGGED SEEN",
      "1S: * ESEARCH (TAG \"b\")", "1S: b OK *", "1C: c SEARCH $", "1S: * SEARCH", "1S: c OK *"}},
    {"ABadSearchLeavesTheResult",  // §2.1
     {"1C: a SEARCH RETURN (SAVE) 1", "1S: a OK *", "1C: b SEARCH RETURN (SAVE) FROB", "1S: b BAD *",
      "1C: c SEARCH $", "1S: * SEARCH 1", "1S: c OK *"}},
    {"WhatIsExpungedLeavesTheResult",
     {"1C: a SEARCH RETURN (SAVE) ALL", "1S: a OK *", "1C: b MOVE 2 Trash", "1 until b OK *", "1C: c FETCH $ UID",
      "1S: * 1 FETCH (UID 1)", "1S: * 2 FETCH (UID 3)", "1S: c OK *"}},
    {"AnotherMailboxHasAnotherResult",
     {"1C: a SEARCH RETURN (SAVE) ALL", "1S: a OK *", "1 select INBOX", "1C: b SEARCH $", "1S: * SEARCH",
      "1S: b OK *"}},
    {"PartialFromTheFirst",  // RFC 9394 §3.1
     {"1C: a UID SEARCH RETURN (PARTIAL 2:3) ALL", "1S: * ESEARCH (TAG \"a\") UID PARTIAL (2:3 2:3)", "1S: a OK *",
      "1C: b SEARCH RETURN (PARTIAL 9:3 COUNT) ALL", "1S: * ESEARCH (TAG \"b\") PARTIAL (3:9 3) COUNT 3",
      "1S: b OK *", "1C: c SEARCH RETURN (PARTIAL 4:9) ALL", "1S: * ESEARCH (TAG \"c\") PARTIAL (4:9 NIL)",
      "1S: c OK *"}},
    {"PartialFromTheLast",
     {"1C: a SEARCH RETURN (PARTIAL -1:-2) ALL", "1S: * ESEARCH (TAG \"a\") PARTIAL (-1:-2 2:3)", "1S: a OK *",
      "1C: b SEARCH RETURN (PARTIAL -9:-3) ALL", "1S: * ESEARCH (TAG \"b\") PARTIAL (-3:-9 1)", "1S: b OK *",
      "1C: c SEARCH RETURN (PARTIAL -4:-9) ALL", "1S: * ESEARCH (TAG \"c\") PARTIAL (-4:-9 NIL)", "1S: c OK *"}},
    {"PartialThatCannotBe",
     {"1C: a SEARCH RETURN (PARTIAL 1:2 ALL) ALL", "1S: a BAD *", "1C: b SEARCH RETURN (PARTIAL 1:-2) ALL",
      "1S: b BAD *", "1C: c SEARCH RETURN (PARTIAL 0:2) ALL", "1S: c BAD *",
      "1C: d SEARCH RETURN (PARTIAL 1:*) ALL", "1S: d BAD *", "1C: e SEARCH RETURN (PARTIAL 1:2 PARTIAL 1:2) ALL",
      "1S: e BAD *", "1C: f FETCH 1:* UID (PARTIAL 1:2)", "1S: f BAD *"}},
    {"PartialSaves",  // RFC 9394 §3.2
     {"1C: a SEARCH RETURN (SAVE PARTIAL 2:2) ALL", "1S: * ESEARCH (TAG \"a\") PARTIAL (2:2 2)", "1S: a OK *",
      "1C: b SEARCH $", "1S: * SEARCH 2", "1S: b OK *", "1C: c SEARCH RETURN (SAVE PARTIAL 2:2 MAX) ALL",
      "1S: * ESEARCH (TAG \"c\") MAX 3 PARTIAL (2:2 2)", "1S: c OK *", "1C: d SEARCH $", "1S: * SEARCH 2 3",
      "1S: d OK *", "1C: e SEARCH RETURN (SAVE PARTIAL 2:2 COUNT) ALL",
      "1S: * ESEARCH (TAG \"e\") PARTIAL (2:2 2) COUNT 3", "1S: e OK *", "1C: f SEARCH $", "1S: * SEARCH 1 2 3",
      "1S: f OK *"}},
    {"PartialFetch",  // RFC 9394 §3.3 and §3.4
     {"1C: a UID FETCH 1:* (UID) (PARTIAL -1:-2)", "1S: * 2 FETCH (UID 2)", "1S: * 3 FETCH (UID 3)", "1S: a OK *",
      "1C: b UID FETCH 2:9 UID (PARTIAL 1:1)", "1S: * 2 FETCH (UID 2)", "1S: b OK *",
      "1C: c UID FETCH 1:* UID (PARTIAL 1:2 CHANGEDSINCE 13)", "1S: * OK [HIGHESTMODSEQ 15] *",
      "1S: * 2 FETCH (UID 2 MODSEQ (14))", "1S: c OK *", "1C: d UID FETCH 1:* UID (PARTIAL 4:5)", "1S: d OK *"}},
};

TEST(Search, AnswersAsWritten) {
  for (const auto& test : kAnswerCases) {
    SCOPED_TRACE(test.name);
    House house;
    fill(house);
    Script script{"1 login", "1 select INBOX"};
    script.insert(script.end(), test.script.begin(), test.script.end());
    house.play(script);
  }
}

TEST(Search, ManyTextsAtOnceAreRefused) {
  House house;
  fill(house);
  std::string texts;
  for (std::size_t i = 0; i < kSearchTextsMax; ++i) texts += " NOT SUBJECT none";
  Script script = opened();
  script.push_back("1C: a SEARCH" + texts);
  script.emplace_back("1S: * SEARCH 1 2 3");
  script.emplace_back("1S: a OK *");
  script.push_back("1C: b SEARCH" + texts + " OR ALL (NOT TEXT x)");
  script.emplace_back("1S: b NO [LIMIT] *");
  house.play(script);
}

TEST(Search, NumbersAreThoseOfTheView) {
  House house;
  fill(house);
  Script script = opened();
  for (const char* line : {"1C: a STORE 1 +FLAGS.SILENT (\\Deleted)", "1S: a OK *", "1C: b UID EXPUNGE 1",
                           "1S: * 1 EXPUNGE", "1S: b OK *", "1C: c UID SEARCH 1", "1S: * SEARCH 2", "1S: c OK *",
                           "1C: d UID SEARCH NOT UID 1:2", "1S: * SEARCH 3", "1S: d OK *", "1C: e SEARCH 2,9:*",
                           "1S: * SEARCH 2", "1S: e OK *", "1C: f SEARCH NOT *", "1S: * SEARCH 1", "1S: f OK *"}) {
    script.emplace_back(line);
  }
  house.play(script);
}

}  // namespace
}  // namespace posthaste::imapd
