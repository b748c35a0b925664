// The rules of mailbox names and of the hierarchy (RFC 3501 and RFC 9051 §6.3.3-10, RFC 5258), command by command.
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

// The user's own mailboxes are Archive, Drafts, INBOX, Junk, Sent and Trash, all of them subscribed to.

struct Case {
  const char* name;
  Script script;
};

const Case kNames[] = {
    {"InboxInAnyCase",
     {"1 login", "1C: a STATUS iNbOx (MESSAGES)", "1S: * STATUS INBOX (MESSAGES 0)", "1S: a OK *",
      "1C: b SUBSCRIBE inbox", "1S: b OK *", "1C: c LSUB \"\" inBOX", "1S: * LSUB () \"/\" INBOX", "1S: c OK *",
      "1C: d CREATE iNBOX", "1S: d NO [ALREADYEXISTS] *", "1C: e DELETE inbox", "1S: e NO [CANNOT] *",
      "1C: f RENAME Junk Inbox", "1S: f NO [ALREADYEXISTS] *"}},
    {"BelowInbox",
     {"1 login", "1C: a CREATE Inbox/Child", "1S: a OK *", "1C: b LIST \"\" inbox/%",
      "1S: * LIST (\\HasNoChildren) \"/\" INBOX/Child", "1S: b OK *", "1C: c LIST iNbOx/ C*",
      "1S: * LIST (\\HasNoChildren) \"/\" INBOX/Child", "1S: c OK *", "1C: d LIST \"\" I%",
      "1S: * LIST (\\HasChildren) \"/\" INBOX", "1S: d OK *", "1C: e STATUS INBOX/child (MESSAGES)",
      "1S: e NO [NONEXISTENT] *", "1C: f DELETE inbox/Child", "1S: f OK *"}},
    {"InboxAtALowerLevelIsANameAsAnyOther",
     {"1 login", "1C: a CREATE x/inbox", "1S: a OK *", "1C: b LIST \"\" x/*",
      "1S: * LIST (\\HasNoChildren) \"/\" x/inbox", "1S: b OK *", "1C: c STATUS x/INBOX (MESSAGES)",
      "1S: c NO [NONEXISTENT] *"}},
    {"ASeparatorAtTheEndIsNoPartOfTheName",
     {"1 login", "1C: a CREATE a/", "1S: a OK *", "1C: b LIST \"\" a*", "1S: * LIST (\\HasNoChildren) \"/\" a",
      "1S: b OK *", "1C: c CREATE a", "1S: c NO [ALREADYEXISTS] *", "1C: d STATUS a/ (MESSAGES)",
      "1S: * STATUS a (MESSAGES 0)", "1S: d OK *", "1C: e RENAME a/ b/", "1S: e OK *", "1C: f DELETE b/",
      "1S: f OK *"}},
    {"NoLevelIsEmpty",
     {"1 login", "1C: a CREATE a//", "1S: a NO [CANNOT] *", "1C: b CREATE /a", "1S: b NO [CANNOT] *",
      "1C: c CREATE /", "1S: c NO [CANNOT] *", "1C: d CREATE \"\"", "1S: d NO [CANNOT] *", "1C: e CREATE a//b",
      "1S: e NO [CANNOT] *", "1C: f RENAME Junk a//b", "1S: f NO [CANNOT] *", "1C: g SUBSCRIBE a//b",
      "1S: g NO [CANNOT] *"}},
    {"WildcardsAreNoPartOfAName",
     {"1 login", "1C: a CREATE \"a*b\"", "1S: a NO [CANNOT] *", "1C: b CREATE \"a%\"", "1S: b NO [CANNOT] *",
      "1C: c RENAME Junk \"%\"", "1S: c NO [CANNOT] *", "1C: d CREATE a*", "1S: d BAD *", "1C: e DELETE \"*\"",
      "1S: e NO [CANNOT] *", "1C: f STATUS Junk (MESSAGES)", "1S: * STATUS Junk (MESSAGES 0)", "1S: f OK *"}},
    {"WhatIsNoModifiedUtf7",  // RFC 3501 §5.1.3
     {"1 login", "1C: a CREATE a&b", "1S: a NO [CANNOT] *", "1C: b CREATE &AGE-", "1S: b NO [CANNOT] *",
      "1C: c CREATE &APw", "1S: c NO [CANNOT] *", "1C: d CREATE &2AA-", "1S: d NO [CANNOT] *", "1C: e CREATE a&-b",
      "1S: e OK *", "1C: f LIST \"\" a*", "1S: * LIST (\\HasNoChildren) \"/\" a&-b", "1S: f OK *",
      "1C: g LIST \"\" \"&APw\"", "1S: g OK *"}},
    {"ControlsAreNoPartOfAName",
     {"1 login", "1C: a CREATE \"a\tb\"", "1S: a NO [CANNOT] *", "1C: b CREATE &AAc-", "1S: b NO [CANNOT] *",
      "1C: c CREATE &AIU-", "1S: c NO [CANNOT] *", "1C: d CREATE &ICg-", "1S: d NO [CANNOT] *"}},
    {"WhatIsNoUtf8",  // RFC 6855 §3
     {"1 login", "1C: e ENABLE UTF8=ACCEPT", "1 until e OK *", "1C: a CREATE \"Entw\xc3\xbcrfe\"", "1S: a OK *",
      "1C: b LIST \"\" \"Entw\xc3\xbc%\"", "1S: * LIST (\\HasNoChildren) \"/\" \"Entw\xc3\xbcrfe\"", "1S: b OK *",
      "1C: c CREATE \"caf\xe9\"", "1S: c BAD *", "1C: d CREATE {4+}", "1C: caf\xe9", "1S: d NO [CANNOT] *"}},
    {"ANameOf400OctetsAndNoneBeyond",
     {"1 login", "1C: a CREATE " + std::string(200, 'a') + "/" + std::string(199, 'b'), "1S: a OK *",
      "1C: b CREATE " + std::string(200, 'a') + "/" + std::string(200, 'b'), "1S: b NO [CANNOT] *",
      "1C: c CREATE " + std::string(256, 'c'), "1S: c NO [CANNOT] *",
      "1C: d RENAME " + std::string(200, 'a') + " " + std::string(201, 'a'), "1S: d NO [CANNOT] *",
      "1C: e STATUS " + std::string(200, 'a') + "/" + std::string(199, 'b') + " (MESSAGES)",
      "1S: * STATUS " + std::string(200, 'a') + "/" + std::string(199, 'b') + " (MESSAGES 0)", "1S: e OK *"}},
    {"QuotaRootsAreNamedInTheSessionsEncoding",  // RFC 9208 §4.2.2
     {"1 login", "1C: a GETQUOTAROOT Entw&APw-rfe", "1S: * QUOTAROOT Entw&APw-rfe", "1S: a OK *",
      "1C: e ENABLE IMAP4rev2", "1 until e OK *", "1C: b GETQUOTAROOT \"Entw\xc3\xbcrfe\"",
      "1S: * QUOTAROOT \"Entw\xc3\xbcrfe\"", "1S: b OK *"}},
};

const Case kHierarchy[] = {
    {"ParentsAreMadeWithTheirChild",
     {"1 login", "1C: a CREATE a/b/c", "1S: a OK *", "1C: b STATUS a (MESSAGES)", "1S: * STATUS a (MESSAGES 0)",
      "1S: b OK *", "1C: c CREATE a/b", "1S: c NO [ALREADYEXISTS] *"}},
    {"DeletingAParentLeavesItsChildren",
     {"1 login",
      "1C: a CREATE a/b/c",
      "1S: a OK *",
      "1C: b DELETE a/b",
      "1S: b OK *",
      "1C: c DELETE a",
      "1S: c OK *",
      "1C: d LIST \"\" a*",
      "1S: * LIST (\\NonExistent \\Noselect \\HasChildren) \"/\" a",
      "1S: * LIST (\\NonExistent \\Noselect \\HasChildren) \"/\" a/b",
      "1S: * LIST (\\HasNoChildren) \"/\" a/b/c",
      "1S: d OK *",
      "1C: e LIST \"\" a%",
      "1S: * LIST (\\NonExistent \\Noselect \\HasChildren) \"/\" a",
      "1S: e OK *",
      "1C: f LIST \"\" %/%",
      "1S: * LIST (\\NonExistent \\Noselect \\HasChildren) \"/\" a/b",
      "1S: f OK *",
      "1C: g SELECT a",
      "1S: g NO [NONEXISTENT] *",
      "1C: h STATUS a/b (MESSAGES)",
      "1S: h NO [NONEXISTENT] *",
      "1C: i DELETE a",  // "an error ... inferior hierarchical names and also has the \Noselect" (§6.3.5)
      "1S: i NO [NONEXISTENT] *",
      "1C: j CREATE a",
      "1S: j OK *",
      "1C: k LIST \"\" a",
      "1S: * LIST (\\HasChildren) \"/\" a",
      "1S: k OK *",
      "1C: l DELETE a/b/c",
      "1S: l OK *",
      "1C: m LIST \"\" a*",
      "1S: * LIST (\\HasNoChildren) \"/\" a",
      "1S: m OK *"}},
    {"AMailboxThatIsMadeAgainIsAnother",  // a new UIDVALIDITY; the six before it were made in the same second
     {"1 login", "1C: a CREATE a", "1S: a OK *", "1C: b STATUS a (UIDVALIDITY)",
      "1S: * STATUS a (UIDVALIDITY 1767225606)", "1S: b OK *", "1C: c DELETE a", "1S: c OK *", "1C: d CREATE a",
      "1S: d OK *", "1C: e STATUS a (UIDVALIDITY)", "1S: * STATUS a (UIDVALIDITY 1767225607)", "1S: e OK *"}},
    {"DeletingAMailboxThatAnotherSessionHasSelected",
     {"1 login", "2 login", "1C: a CREATE a", "1S: a OK *", "1 select a", "2C: b DELETE a", "2S: b OK *",
      "2C: c CREATE a", "2S: c OK *", "1C: d NOOP", "1S: * BYE *", "1S: d OK *", "1 closed"}},
    {"DeletingTheSelectedMailboxLeavesIt",
     {"1 login", "1C: a CREATE a", "1S: a OK *", "1 select a", "1C: b DELETE a", "1S: b OK *", "1C: c FETCH 1 UID",
      "1S: c BAD Select a mailbox first"}},
    {"SubscriptionsOutliveTheirMailbox",
     {"1 login", "1C: a DELETE Junk", "1S: a OK *", "1C: b LSUB \"\" J*", "1S: * LSUB () \"/\" Junk", "1S: b OK *",
      "1C: c LIST (SUBSCRIBED) \"\" J*",
      "1S: * LIST (\\NonExistent \\Noselect \\HasNoChildren \\Subscribed) \"/\" Junk", "1S: c OK *",
      "1C: d LIST \"\" J*", "1S: d OK *", "1C: e UNSUBSCRIBE Junk", "1S: e OK *", "1C: f LSUB \"\" J*",
      "1S: f OK *", "1C: g UNSUBSCRIBE Junk", "1S: g OK *"}},
    {"MessagesForNoMailbox",
     {"1 login",
      "deliver plain INBOX",
      "1 select INBOX",
      "1C: a COPY 1 a",
      "1S: a NO [TRYCREATE] *",
      "1C: b UID COPY 1 a",
      "1S: b NO [TRYCREATE] *",
      "1C: c MOVE 1 a",
      "1S: c NO [TRYCREATE] *",
      "1C: d APPEND a {1+}",
      "1C: x",
      "1S: d NO [TRYCREATE] *",
      "1C: e COPY 1 \"a*\"",
      "1S: e NO [CANNOT] *",
      "1C: f CREATE a/b",
      "1S: f OK *",
      "1C: g DELETE a",
      "1S: g OK *",
      "1C: h COPY 1 a",
      "1S: h NO [TRYCREATE] *"}},
};

const Case kRenaming[] = {
    {"ChildrenGoWithTheirParent",
     {"1 login", "1C: a CREATE a/b/c", "1S: a OK *", "1C: b CREATE ab/c", "1S: b OK *", "1C: c RENAME a x/y/z",
      "1S: c OK *", "1C: d LIST \"\" (a* x*)", "1S: * LIST (\\HasChildren) \"/\" ab",
      "1S: * LIST (\\HasNoChildren) \"/\" ab/c", "1S: * LIST (\\HasChildren) \"/\" x",
      "1S: * LIST (\\HasChildren) \"/\" x/y", "1S: * LIST (\\HasChildren) \"/\" x/y/z",
      "1S: * LIST (\\HasChildren) \"/\" x/y/z/b", "1S: * LIST (\\HasNoChildren) \"/\" x/y/z/b/c", "1S: d OK *"}},
    {"ChildrenOfANameThatIsNoMailbox",  // the example of §6.3.6
     {"1 login", "1C: a CREATE foo/bar", "1S: a OK *", "1C: b DELETE foo", "1S: b OK *", "1C: c RENAME foo zowie",
      "1S: c OK *", "1C: d LIST \"\" (foo* zowie*)",
      "1S: * LIST (\\NonExistent \\Noselect \\HasChildren) \"/\" zowie",
      "1S: * LIST (\\HasNoChildren) \"/\" zowie/bar", "1S: d OK *", "1C: e RENAME foo zowie",
      "1S: e NO [NONEXISTENT] *", "1C: f CREATE foo", "1S: f OK *", "1C: g RENAME zowie foo",
      "1S: g NO [ALREADYEXISTS] *", "1C: h RENAME zowie zowie/in", "1S: h NO [CANNOT] *"}},
    {"NotBelowItself",
     {"1 login", "1C: a CREATE a/b", "1S: a OK *", "1C: b RENAME a a/c", "1S: b NO [CANNOT] *",
      "1C: c RENAME a a/b/c", "1S: c NO [CANNOT] *", "1C: d RENAME a a", "1S: d NO [ALREADYEXISTS] *",
      "1C: e RENAME a/b a", "1S: e NO [ALREADYEXISTS] *", "1C: f RENAME a ab", "1S: f OK *"}},
    {"NotOntoAnother",
     {"1 login", "1C: a CREATE a/c", "1S: a OK *", "1C: b CREATE b/c", "1S: b OK *", "1C: c DELETE b", "1S: c OK *",
      "1C: d RENAME a b", "1S: d NO [ALREADYEXISTS] *",  // b/c would be there twice
      "1C: e LIST \"\" a*", "1S: * LIST (\\HasChildren) \"/\" a", "1S: * LIST (\\HasNoChildren) \"/\" a/c",
      "1S: e OK *"}},
    {"NoChildMayBecomeTooDeep",
     {"1 login", "1C: a CREATE a/" + std::string(240, 'b'), "1S: a OK *", "1C: b RENAME a " + std::string(240, 'x'),
      "1S: b NO [CANNOT] *", "1C: c STATUS a (MESSAGES)", "1S: * STATUS a (MESSAGES 0)", "1S: c OK *"}},
    {"OfInboxMovesItsMessagesAlone",  // §6.3.6
     {"1 login",
      "deliver plain INBOX",
      "1C: a CREATE INBOX/child",
      "1S: a OK *",
      "1C: b RENAME inbox Old/2026",
      "1S: b OK *",
      "1C: c STATUS INBOX (MESSAGES UIDNEXT)",
      "1S: * STATUS INBOX (MESSAGES 0 UIDNEXT 2)",
      "1S: c OK *",
      "1C: d STATUS Old/2026 (MESSAGES)",
      "1S: * STATUS Old/2026 (MESSAGES 1)",
      "1S: d OK *",
      "1C: e LIST \"\" (INBOX* Old*)",
      "1S: * LIST (\\HasChildren) \"/\" INBOX",
      "1S: * LIST (\\HasNoChildren) \"/\" INBOX/child",
      "1S: * LIST (\\HasChildren) \"/\" Old",
      "1S: * LIST (\\HasNoChildren) \"/\" Old/2026",
      "1S: e OK *",
      "1C: f RENAME INBOX Old/2026",
      "1S: f NO [ALREADYEXISTS] *",
      "1C: g RENAME INBOX INBOX",
      "1S: g NO [ALREADYEXISTS] *",
      "1C: h RENAME INBOX INBOX/then",
      "1S: h OK *"}},
    {"OfASelectedInboxTellsOfItsExpunges",
     {"1 login", "2 login", "deliver plain INBOX", "1 select INBOX", "2C: a RENAME INBOX Old", "2S: a OK *",
      "1C: b NOOP", "1S: * 1 EXPUNGE", "1S: b OK *"}},
    {"OfASelectedMailboxLeavesItSelected",
     {"1 login", "2 login", "deliver plain Archive", "1 select Archive", "2C: a RENAME Archive Old", "2S: a OK *",
      "1C: b FETCH 1 UID", "1S: * 1 FETCH (UID 1)", "1S: b OK *"}},
    {"KeepsTheSpecialUseAndTheSubscriptionsNames",
     {"1 login", "1C: a RENAME Sent Gone", "1S: a OK *", "1C: b LIST (SPECIAL-USE) \"\" (Gone Sent)",
      "1S: * LIST (\\HasNoChildren \\Sent) \"/\" Gone", "1S: b OK *", "1C: c LSUB \"\" (Gone Sent)", "1S: c BAD *",
      "1C: d LSUB \"\" Gone", "1S: d OK *", "1C: e LSUB \"\" Sent", "1S: * LSUB () \"/\" Sent", "1S: e OK *"}},
};

const Case kListing[] = {
    {"AReferenceStandsBeforeThePattern",
     {"1 login", "1C: a CREATE a/b/c", "1S: a OK *", "1C: b LIST a/b/ %",
      "1S: * LIST (\\HasNoChildren) \"/\" a/b/c", "1S: b OK *", "1C: c LIST a /a/b", "1S: c OK *",
      "1C: d LIST a/ \"\"", "1S: * LIST (\\Noselect) \"/\" \"\"", "1S: d OK *", "1C: e LIST nowhere/ *",
      "1S: e OK *", "1C: f LIST a/ b/%", "1S: * LIST (\\HasNoChildren) \"/\" a/b/c", "1S: f OK *"}},
    {"AnEmptyPatternAmongOthersNamesNothing",
     {"1 login", "1C: a LIST \"\" (\"\")", "1S: a OK *", "1C: b LIST () \"\" \"\"", "1S: b OK *",
      "1C: c LIST \"\" (\"\" INBOX)", "1S: * LIST (\\HasNoChildren) \"/\" INBOX", "1S: c OK *"}},
    {"WhatIsNoOption",
     {"1 login", "1C: a LIST (RECURSIVEMATCH) \"\" *", "1S: a BAD *", "1C: b LIST (RECURSIVEMATCH REMOTE) \"\" *",
      "1S: b BAD *", "1C: c LIST (MARKED) \"\" *", "1S: c BAD *", "1C: d LIST \"\" * RETURN (MYRIGHTS)",
      "1S: d BAD *", "1C: e LIST \"\" ()", "1S: e BAD *", "1C: f LIST \"\" * RETURN", "1S: f BAD *",
      "1C: g LIST (SUBSCRIBED REMOTE) \"\" Jun% RETURN ()",
      "1S: * LIST (\\HasNoChildren \\Subscribed \\Junk) \"/\" Junk", "1S: g OK *"}},
    {"LsubOfAnInnerLevel",  // RFC 3501 §6.3.9
     {"1 login", "1C: a SUBSCRIBE foo/bar/baz", "1S: a OK *", "1C: b LSUB \"\" f%",
      "1S: * LSUB (\\Noselect) \"/\" foo", "1S: b OK *", "1C: c LSUB \"\" foo/%",
      "1S: * LSUB (\\Noselect) \"/\" foo/bar", "1S: c OK *", "1C: d LSUB foo/ *", "1S: * LSUB () \"/\" foo/bar/baz",
      "1S: d OK *", "1C: e SUBSCRIBE foo", "1S: e OK *", "1C: f LSUB \"\" f%", "1S: * LSUB () \"/\" foo",
      "1S: f OK *"}},
};

TEST(MailboxRules, OfNames) {
  for (const auto& test : kNames) {
    SCOPED_TRACE(test.name);
    House house;
    house.play(test.script);
  }
}

TEST(MailboxRules, OfTheHierarchy) {
  for (const auto& test : kHierarchy) {
    SCOPED_TRACE(test.name);
    House house;
    house.messages["plain"] = kPlain;
    house.play(test.script);
  }
}

TEST(MailboxRules, OfRenaming) {
  for (const auto& test : kRenaming) {
    SCOPED_TRACE(test.name);
    House house;
    house.messages["plain"] = kPlain;
    house.play(test.script);
  }
}

/// Of a large INBOX the store moves a part at a time, and serves others between two of them.
TEST(MailboxRules, OfRenamingALargeInbox) {
  House house;
  house.messages["plain"] = kPlain;
  Script script{"1 login", "deliver plain INBOX", "1 select INBOX"};
  for (std::size_t messages = 1; messages <= 2 * mailbox::kRenamedMessagesMax; messages *= 2) {
    script.emplace_back("1C: c UID COPY 1:* INBOX");
    script.push_back("1S: * " + std::to_string(2 * messages) + " EXISTS");
    script.emplace_back("1S: * *");
    script.emplace_back("1S: c OK *");
  }
  house.play(script);
  const std::string all = std::to_string(4 * mailbox::kRenamedMessagesMax);
  const int before = house.applier.batches;
  house.play({"2 login", "2C: a RENAME INBOX Old", "2S: a OK *", "2C: b STATUS Old (MESSAGES)",
              "2S: * STATUS Old (MESSAGES " + all + ")", "2S: b OK *", "2C: c STATUS INBOX (MESSAGES)",
              "2S: * STATUS INBOX (MESSAGES 0)", "2S: c OK *"});
  EXPECT_GE(house.applier.batches - before, 4);
}

TEST(MailboxRules, OfListing) {
  for (const auto& test : kListing) {
    SCOPED_TRACE(test.name);
    House house;
    house.play(test.script);
  }
}

/// RFC 5258 §5, example 9.
TEST(MailboxRules, OfChildInfo) {
  Script script{"1 login"};
  for (const std::string name : {"Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"}) {
    script.push_back("1C: u UNSUBSCRIBE " + name);
    script.emplace_back("1S: u OK *");
  }
  const std::string subscribed[] = {"foo2/bar1",   "foo2/bar2",  "baz2/bar2", "baz2/bar22",
                                    "baz2/bar222", "eps2/mamba", "qux2/bar2"};
  for (const std::string& name : subscribed) {
    script.push_back("1C: c CREATE " + name);
    script.emplace_back("1S: c OK *");
    script.push_back("1C: s SUBSCRIBE " + name);
    script.emplace_back("1S: s OK *");
  }
  const Script dialogue{
      "1C: c SUBSCRIBE eps2",
      "1S: c OK *",
      "1C: d DELETE qux2",
      "1S: d OK *",
      "1C: D03 LIST (RECURSIVEMATCH SUBSCRIBED) \"\" *2",
      "1S: * LIST (\\HasNoChildren \\Subscribed) \"/\" baz2/bar2",
      "1S: * LIST (\\HasNoChildren \\Subscribed) \"/\" baz2/bar22",
      "1S: * LIST (\\HasNoChildren \\Subscribed) \"/\" baz2/bar222",
      "1S: * LIST (\\HasChildren \\Subscribed) \"/\" eps2 (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: * LIST (\\HasChildren) \"/\" foo2 (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: * LIST (\\HasNoChildren \\Subscribed) \"/\" foo2/bar2",
      "1S: * LIST (\\HasNoChildren \\Subscribed) \"/\" qux2/bar2",
      "1S: D03 OK *",
      "1C: D04 LIST (RECURSIVEMATCH SUBSCRIBED) \"\" %",
      "1S: * LIST (\\HasChildren) \"/\" baz2 (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: * LIST (\\HasChildren \\Subscribed) \"/\" eps2 (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: * LIST (\\HasChildren) \"/\" foo2 (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: * LIST (\\NonExistent \\Noselect \\HasChildren) \"/\" qux2 (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: D04 OK *",
      "1C: D05 LIST (SUBSCRIBED) \"\" %",
      "1S: * LIST (\\HasChildren \\Subscribed) \"/\" eps2",
      "1S: D05 OK *"};
  script.insert(script.end(), dialogue.begin(), dialogue.end());
  House house;
  house.play(script);
}

}  // namespace
}  // namespace posthaste::imapd
