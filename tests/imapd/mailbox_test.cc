// APPEND, COPY, MOVE, and the commands on mailboxes by name.
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

struct Case {
  const char* name;
  Script script;
};

const Case kCases[] = {
    {"AppendWithSynchronizingLiteral",
     {"1 login", "1C: a APPEND Drafts (\\Draft $Mine) \" 1-Feb-2026 10:00:00 +0200\" {12}",
      "1S: + Ready for literal data", "1C: Subject: x\r\n", "1S: a OK [APPENDUID *"}},
    {"AppendWithNonSynchronizingLiteral",
     {"1 login",
      "1C+ a APPEND Drafts (\\Seen) {14+}\r\nSubject: x\r\n\r\n\r\nb STATUS Drafts (MESSAGES UNSEEN RECENT UIDNEXT "
      "SIZE)\r\n",
      "1S: a OK [APPENDUID *", "1S: * STATUS Drafts (MESSAGES 1 UNSEEN 0 RECENT 0 UIDNEXT 2 SIZE 14)",
      "1S: b OK *"}},
    {"AppendToNoMailbox",
     {"1 login", "1C+ a APPEND Nowhere {3+}\r\nabc\r\n", "1S: a NO [TRYCREATE] No such mailbox"}},
    {"AppendNothing", {"1 login", "1C+ a APPEND INBOX {0+}\r\n\r\n", "1S: a NO [CANNOT] *"}},
    {"AppendToTheOpenMailbox",
     {"1 login", "1C: o SELECT Drafts", "1S: * FLAGS *", "1S: * OK [PERM*", "1S: * 0 EXISTS", "1S: * 0 RECENT",
      "1S: * OK [UIDV*", "1S: * OK [UIDN*", "1S: * OK [MAIL*", "1S: o OK *", "1C+ a APPEND Drafts {3+}\r\nabc\r\n",
      "1S: * 1 EXISTS", "1S: * 0 RECENT", "1S: a OK [APPENDUID *"}},
    {"AppendOfBinary",
     {"1 login", std::string("1C+ a APPEND Drafts ~{3+}\r\na\0b\r\n", 32), "1S: a OK [APPENDUID *",
      "1C: o EXAMINE Drafts", "1S: * FLAGS *", "1S: * OK [PERM*", "1S: * 1 EXISTS", "1S: * 0 RECENT",
      "1S: * OK [UNSEEN 1] *", "1S: * OK [UIDV*", "1S: * OK [UIDN*", "1S: * OK [MAIL*", "1S: o OK *",
      "1C: b FETCH 1 (BINARY.PEEK[] BODY.PEEK[])", "1S: * 1 FETCH (BINARY[] ~{3}",
      std::string("1S: a\0b BODY[] {3}", 18),
      "1S: a\x80"
      "b)",
      "1S: b OK *"}},
    {"CopySaysTheUids",
     {"1 login",
      "deliver plain INBOX",
      "deliver plain INBOX",
      "1C: o SELECT INBOX",
      "1S: * FLAGS *",
      "1S: * OK [PERM*",
      "1S: * 2 EXISTS",
      "1S: * 0 RECENT",
      "1S: * OK [UNSEEN 1] *",
      "1S: * OK [UIDV*",
      "1S: * OK [UIDN*",
      "1S: * OK [MAIL*",
      "1S: o OK *",
      "1C: a COPY 1:2 Archive",
      "1S: a OK [COPYUID *",
      "1C: b UID COPY 7:9 Archive",
      "1S: b OK No messages to copy",
      "1C: c COPY 1 Nowhere",
      "1S: c NO [TRYCREATE] No such mailbox",
      "1C: d COPY 3 Archive",
      "1S: d BAD No such message",
      "1C: e STATUS Archive (MESSAGES)",
      "1S: * STATUS Archive (MESSAGES 2)",
      "1S: e OK *"}},
    {"MoveTellsCopyuidThenExpunge",
     {"1 login",
      "deliver plain INBOX",
      "deliver plain INBOX",
      "1C: o SELECT INBOX",
      "1S: * FLAGS *",
      "1S: * OK [PERM*",
      "1S: * 2 EXISTS",
      "1S: * 0 RECENT",
      "1S: * OK [UNSEEN 1] *",
      "1S: * OK [UIDV*",
      "1S: * OK [UIDN*",
      "1S: * OK [MAIL*",
      "1S: o OK *",
      "1C: a UID MOVE 1 Archive",
      "1S: * OK [COPYUID *",
      "1S: * 1 EXPUNGE",
      "1S: a OK Moved",
      "1C: b UID MOVE 1 Archive",
      "1S: b OK No messages to move",
      "1C: c MOVE 1 Trash",
      "1S: * OK [COPYUID *",
      "1S: * 1 EXPUNGE",
      "1S: c OK Moved",
      "1C: d MOVE 1 Trash",
      "1S: d BAD No such message"}},
    {"CopyOfWhatOthersExpunged",
     {"1 login",
      "2 login",
      "deliver plain INBOX",
      "1C: o SELECT INBOX",
      "1S: * FLAGS *",
      "1S: * OK [PERM*",
      "1S: * 1 EXISTS",
      "1S: * 0 RECENT",
      "1S: * OK [UNSEEN 1] *",
      "1S: * OK [UIDV*",
      "1S: * OK [UIDN*",
      "1S: * OK [MAIL*",
      "1S: o OK *",
      "2C: o SELECT INBOX",
      "2S: * FLAGS *",
      "2S: * OK [PERM*",
      "2S: * 1 EXISTS",
      "2S: * 0 RECENT",
      "2S: * OK [UNSEEN 1] *",
      "2S: * OK [UIDV*",
      "2S: * OK [UIDN*",
      "2S: * OK [MAIL*",
      "2S: o OK *",
      "2C: a MOVE 1 Trash",
      "2S: * OK [COPYUID *",
      "2S: * 1 EXPUNGE",
      "2S: a OK *",
      "1C: b COPY 1 Archive",
      "1S: * 1 EXPUNGE",
      "1S: b NO [EXPUNGEISSUED] These messages are gone"}},
    {"CreateDeleteRename",
     {"1 login",
      "1C: a CREATE Work/2026",
      "1S: a OK [MAILBOXID (F*",
      "1C: b CREATE Work/2026",
      "1S: b NO [ALREADYEXISTS] Mailbox exists already",
      "1C: c RENAME Work Job",
      "1S: c OK *",
      "1C: d STATUS Job/2026 (MESSAGES)",
      "1S: * STATUS Job/2026 (MESSAGES 0)",
      "1S: d OK *",
      "1C: e DELETE Job",
      "1S: e OK *",
      "1C: f LIST \"\" Job*",
      "1S: * LIST (\\NonExistent \\Noselect \\HasChildren) \"/\" Job",
      "1S: * LIST (\\HasNoChildren) \"/\" Job/2026",
      "1S: f OK *",
      "1C: g DELETE INBOX",
      "1S: g NO [CANNOT] *",
      "1C: h CREATE inbox",
      "1S: h NO [ALREADYEXISTS] *",
      "1C: i DELETE Nowhere",
      "1S: i NO [NONEXISTENT] *",
      "1C: j CREATE a//b",
      "1S: j NO [CANNOT] *",
      "1C: k RENAME Nowhere Here",
      "1S: k NO [NONEXISTENT] *"}},
    {"NamesTravelInModifiedUtf7",
     {"1 login", "1C: a CREATE Entw&APw-rfe", "1S: a OK *", "1C: b LIST \"\" Entw*",
      "1S: * LIST (\\HasNoChildren) \"/\" Entw&APw-rfe", "1S: b OK *", "1C: c STATUS Entw&APw-rfe (MESSAGES)",
      "1S: * STATUS Entw&APw-rfe (MESSAGES 0)", "1S: c OK *"}},
    {"SpecialUses",
     {"1 login", "1C: a CREATE Everything (USE (\\All))", "1S: a OK *", "1C: b CREATE Other (USE (\\All))",
      "1S: b NO [USEATTR] Another mailbox has this special use", "1C: b CREATE Sent (USE (\\All))",
      "1S: b NO [ALREADYEXISTS] *", "1C: c CREATE Other (USE (\\Odd))", "1S: c NO [USEATTR] *",
      "1C: d LIST (SPECIAL-USE) \"\" *", "1S: * LIST (\\HasNoChildren \\Archive) \"/\" Archive",
      "1S: * LIST (\\HasNoChildren \\Drafts) \"/\" Drafts", "1S: * LIST (\\HasNoChildren \\All) \"/\" Everything",
      "1S: * LIST (\\HasNoChildren \\Junk) \"/\" Junk", "1S: * LIST (\\HasNoChildren \\Sent) \"/\" Sent",
      "1S: * LIST (\\HasNoChildren \\Trash) \"/\" Trash", "1S: d OK *"}},
    {"ListWildcards",
     {"1 login",
      "1C: a CREATE a/b/c",
      "1S: a OK *",
      "1C: b LIST \"\" a/%",
      "1S: * LIST (\\HasChildren) \"/\" a/b",
      "1S: b OK *",
      "1C: c LIST a/ *",
      "1S: * LIST (\\HasChildren) \"/\" a/b",
      "1S: * LIST (\\HasNoChildren) \"/\" a/b/c",
      "1S: c OK *",
      "1C: d LIST \"\" \"\"",
      "1S: * LIST (\\Noselect) \"/\" \"\"",
      "1S: d OK *",
      "1C: e LIST \"\" inbox",
      "1S: * LIST (\\HasNoChildren) \"/\" INBOX",
      "1S: e OK *",
      "1C: f LIST \"\" (\"a\" \"I%\") RETURN (SUBSCRIBED CHILDREN)",
      "1S: * LIST (\\HasNoChildren \\Subscribed) \"/\" INBOX",
      "1S: * LIST (\\HasChildren) \"/\" a",
      "1S: f OK *"}},
    {"ListWithStatus",
     {"1 login", "deliver plain Sent", "1C: a LIST \"\" S% RETURN (STATUS (MESSAGES UNSEEN))",
      "1S: * LIST (\\HasNoChildren \\Sent) \"/\" Sent", "1S: * STATUS Sent (MESSAGES 1 UNSEEN 1)", "1S: a OK *"}},
    {"ListWithStatusOfWhatWasChosenItself",  // RFC 5819 §3
     {"1 login", "1C: a CREATE foo/bar", "1S: a OK *", "1C: c SUBSCRIBE foo/bar", "1S: c OK *",
      "1C: d LIST (SUBSCRIBED RECURSIVEMATCH) \"\" f% RETURN (STATUS (MESSAGES))",
      "1S: * LIST (\\HasChildren) \"/\" foo (CHILDINFO (\"SUBSCRIBED\"))", "1S: d OK *",
      // A name that was not chosen itself is not told beside all of those that were (RFC 5258 §3.5).
      "1C: d LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (foo foo/%) RETURN (STATUS (MESSAGES))",
      "1S: * LIST (\\HasNoChildren \\Subscribed) \"/\" foo/bar", "1S: * STATUS foo/bar (MESSAGES 0)",
      "1S: d OK *"}},
    {"Subscriptions",
     {"1 login",
      "1C: a SUBSCRIBE gone/deep",
      "1S: a OK Subscribed",
      "1C: b UNSUBSCRIBE Junk",
      "1S: b OK Unsubscribed",
      "1C: c LSUB \"\" %",
      "1S: * LSUB () \"/\" Archive",
      "1S: * LSUB () \"/\" Drafts",
      "1S: * LSUB () \"/\" INBOX",
      "1S: * LSUB () \"/\" Sent",
      "1S: * LSUB () \"/\" Trash",
      "1S: * LSUB (\\Noselect) \"/\" gone",
      "1S: c OK *",
      "1C: d LIST (SUBSCRIBED) \"\" g*",
      "1S: * LIST (\\NonExistent \\Noselect \\HasNoChildren \\Subscribed) \"/\" gone/deep",
      "1S: d OK *",
      "1C: e LIST (SUBSCRIBED RECURSIVEMATCH) \"\" J%",
      "1S: e OK *",
      "1C: x LIST (SUBSCRIBED RECURSIVEMATCH) \"\" g%",
      "1S: * LIST (\\NonExistent \\Noselect \\HasNoChildren) \"/\" gone (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: x OK *",
      "1C: f CREATE gone",
      "1S: f OK *",
      "1C: g LIST (SUBSCRIBED RECURSIVEMATCH) \"\" g%",
      "1S: * LIST (\\HasNoChildren) \"/\" gone (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: g OK *"}},
    {"Xlist",
     {"1 login", "1C: a XLIST \"\" %", "1S: * XLIST (\\HasNoChildren \\Archive) \"/\" Archive",
      "1S: * XLIST (\\HasNoChildren \\Drafts) \"/\" Drafts", "1S: * XLIST (\\HasNoChildren \\Inbox) \"/\" INBOX",
      "1S: * XLIST (\\HasNoChildren \\Junk \\Spam) \"/\" Junk", "1S: * XLIST (\\HasNoChildren \\Sent) \"/\" Sent",
      "1S: * XLIST (\\HasNoChildren \\Trash) \"/\" Trash", "1S: a OK *"}},
    {"Namespace", {"1 login", "1C: a NAMESPACE", "1S: * NAMESPACE ((\"\" \"/\")) NIL NIL", "1S: a OK *"}},
    {"StatusOfNoMailbox", {"1 login", "1C: a STATUS Nowhere (MESSAGES)", "1S: a NO [NONEXISTENT] *"}},
};

TEST(Mailboxes, BehaveAsWritten) {
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.name);
    House house;
    house.messages["plain"] = kPlain;
    house.play(test.script);
  }
}

TEST(Mailboxes, AMessageBeyondTheLimitIsRefused) {
  House house;
  house.config.smtp.message_max_octets = 10'000;
  const std::string large(10'001, 'x');
  house.play({"1 login", "1C: a APPEND INBOX {10001}", "1S: a NO [TOOBIG] Message too large",
              "1C: b APPEND INBOX {10001+}", "1C: " + large, "1S: b NO [TOOBIG] Message too large",
              "1C: c STATUS INBOX (MESSAGES APPENDLIMIT)", "1S: * STATUS INBOX (MESSAGES 0 APPENDLIMIT 10000)",
              "1S: c OK *"});
}

struct FailureCase {
  store::StoreError error;
  const char* answer;
};

const FailureCase kFailures[] = {
    {store::StoreError::over_quota, "1S: a NO [OVERQUOTA] Quota exceeded"},
    {store::StoreError::full, "1S: a NO [UNAVAILABLE] Mail system full, try again later"},
    {store::StoreError::io, "1S: a NO [UNAVAILABLE] Storage error, try again later"},
    {store::StoreError::unavailable, "1S: a NO [UNAVAILABLE] Mail store is away, try again later"},
    {store::StoreError::no_such_mailbox, "1S: a NO [TRYCREATE] No such mailbox"},
    {store::StoreError::too_many_keywords, "1S: a NO [LIMIT] Too many keywords in this mailbox"},
};

TEST(Mailboxes, WhatTheStoreRefusesIsSaidByItsCode) {
  for (const auto& test : kFailures) {
    House house;
    house.append("INBOX", kPlain);
    house.applier.failure = test.error;
    house.play({"1 login", "1C+ a APPEND INBOX {3+}\r\nabc\r\n", test.answer});
  }
}

}  // namespace
}  // namespace posthaste::imapd
