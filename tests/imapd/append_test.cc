// MULTIAPPEND, CATENATE and REPLACE (RFC 3502, RFC 4469, RFC 8508). Plain APPEND is in mailbox_test.cc.
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

Script opened(int exists) {
  Script script{"1 login", "1C: o SELECT Drafts", "1S: * FLAGS *", "1S: * OK [PERM*"};
  script.push_back("1S: * " + std::to_string(exists) + " EXISTS");
  script.emplace_back("1S: * 0 RECENT");
  if (exists > 0) script.emplace_back("1S: * OK [UNSEEN 1] *");
  for (const char* line :
       {"1S: * OK [UIDV*", "1S: * OK [UIDN*", "1S: * OK [MAIL*", "1S: * OK [HIGH*", "1S: o OK *"}) {
    script.emplace_back(line);
  }
  return script;
}

Script after(Script script, const Script& rest) {
  script.insert(script.end(), rest.begin(), rest.end());
  return script;
}

TEST(MultiAppend, StoresAll) {
  House house;
  house.play({"1 login",
              "1C+ a APPEND Drafts (\\Seen) {3+}\r\none (\\Draft) \" 1-Feb-2026 10:00:00 +0200\" {3+}\r\ntwo "
              "{5+}\r\nthree\r\n",
              "1S: a OK [APPENDUID *", "1C: b STATUS Drafts (MESSAGES UNSEEN SIZE)",
              "1S: * STATUS Drafts (MESSAGES 3 UNSEEN 2 SIZE 11)", "1S: b OK *"});
}

TEST(BinaryAppend, IsShownByTheBaseProtocolToo) {
  House house;
  house.play(
      after(opened(0),
            {std::string{"1C+ a APPEND Drafts ~{40+}\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b\r\n", 70},
             "1S: * 1 EXISTS", "1S: * 1 RECENT", "1S: a OK *", "1C: b FETCH 1 (BODY.PEEK[TEXT] BINARY.PEEK[1])",
             "1S: * 1 FETCH (BODY[TEXT] {6}", "1S: YQBi", "1S:  BINARY[1] ~{3}", std::string{"1S: a\0b)", 8},
             "1S: b OK *"}));
}

struct Refusal {
  const char* name;
  const char* command;
  const char* answer;
};

const Refusal kNothingIsStored[] = {
    {"OneIsEmpty", "1C+ a APPEND Drafts {3+}\r\none {0+}\r\n\r\n", "1S: a NO [CANNOT] *"},
    {"OneIsTooLarge", "1C+ a APPEND Drafts {3+}\r\none {20001}\r\n", "1S: a NO [TOOBIG] *"},
    {"OneHasABadFlag", "1C+ a APPEND Drafts {3+}\r\none (\\Foo) {3+}\r\ntwo\r\n", "1S: a BAD *"},
    {"OneUrlIsBad", "1C+ a APPEND Drafts {3+}\r\none CATENATE (URL /Nowhere/;UID=1)\r\n",
     "1S: a NO [BADURL /Nowhere/;UID=1] *"},
    {"TooLargeTogether", "1C+ a APPEND Drafts CATENATE (TEXT {3+}\r\none URL /INBOX/;UID=1)\r\n",
     "1S: a NO [TOOBIG] *"},
};

TEST(MultiAppend, StoresNothingWhenOneCannotBe) {
  for (const auto& test : kNothingIsStored) {
    SCOPED_TRACE(test.name);
    House house;
    house.config.smtp.message_max_octets = 20'000;
    house.append("INBOX", kPlain + std::string(20'000 - kPlain.size(), 'x'));
    house.play({"1 login", test.command, test.answer, "1C: b STATUS Drafts (MESSAGES)",
                "1S: * STATUS Drafts (MESSAGES 0)", "1S: b OK *"});
  }
}

TEST(Catenate, PutsPiecesTogether) {
  House house;
  house.append("INBOX", kMixed);
  house.append("Drafts", kPlain);
  house.play(after(opened(1),
                   {"1C+ a APPEND Drafts CATENATE (URL \"/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(SUBJECT)\" TEXT "
                    "{6+}\r\ntext\r\n "
                    "URL \"/INBOX/;UID=1/;SECTION=1\" URL \";UID=1/;SECTION=TEXT/;PARTIAL=0.5\")\r\n",
                    "1S: * 2 EXISTS", "1S: * 1 RECENT", "1S: a OK [APPENDUID *", "1C: b FETCH 2 BODY.PEEK[]",
                    "1S: * 2 FETCH (BODY[] {78}", "1S: Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", "1S: ", "1S: text",
                    "1S: Sch=C3=B6ne Gr=C3=BC=C3=9FeFirst)", "1S: b OK *",
                    // Nothing was marked \Seen by it.
                    "1C: c STATUS INBOX (UNSEEN)", "1S: * STATUS INBOX (UNSEEN 1)", "1S: c OK *"}));
}

const Refusal kBadUrls[] = {
    {"NoSuchMailbox", "/Nowhere/;UID=1", "/Nowhere/;UID=1"},
    {"NoSuchMessage", "/INBOX/;UID=9", "/INBOX/;UID=9"},
    {"AnotherUidValidity", "/INBOX;UIDVALIDITY=1/;UID=1", "/INBOX;UIDVALIDITY=1/;UID=1"},
    {"NoSuchPart", "/INBOX/;UID=1/;SECTION=3", "/INBOX/;UID=1/;SECTION=3"},
    {"Absolute", "imap://example.org/INBOX/;UID=1", "imap://example.org/INBOX/;UID=1"},
    {"NoMailboxSelected", "/;UID=1", "/;UID=1"},
    {"NoUrl", "\"a]b\"", "a?b"},
};

TEST(Catenate, SaysWhichUrlIsBad) {
  House house;
  house.append("INBOX", kMixed);
  Script script{"1 login"};
  for (const auto& test : kBadUrls) {
    script.push_back(std::string{"1C: a APPEND Drafts CATENATE (URL /INBOX/;UID=1 URL "} + test.command + ")");
    script.push_back(std::string{"1S: a NO [BADURL "} + test.answer + "] *");
  }
  house.play(script);
}

TEST(Replace, IsOneStep) {
  House house;
  house.append("Drafts", kPlain);
  house.append("Drafts", kPlain);
  house.play(
      after(opened(2), {"1C+ a REPLACE 1 Drafts (\\Seen) {3+}\r\nnew\r\n", "1S: * OK [APPENDUID *",
                        "1S: * 1 EXPUNGE", "1S: * 2 EXISTS", "1S: * 1 RECENT", "1S: a OK Message replaced",
                        "1C: b UID FETCH 1:* (FLAGS RFC822.SIZE)", "1S: * 1 FETCH (UID 2 FLAGS () RFC822.SIZE *",
                        "1S: * 2 FETCH (UID 3 FLAGS (\\Recent \\Seen) RFC822.SIZE 3)", "1S: b OK *",
                        // A draft that is sent: the new one lands elsewhere.
                        "1C+ c UID REPLACE 3 Sent CATENATE (URL /Drafts/;UID=3 TEXT {1+}\r\n! URL ;UID=3)\r\n",
                        "1S: * OK [APPENDUID *", "1S: * 2 EXPUNGE", "1S: c OK *",
                        "1C: d STATUS Sent (MESSAGES SIZE)", "1S: * STATUS Sent (MESSAGES 1 SIZE 7)", "1S: d OK *",
                        // And a set that is larger than one octet more: nothing but the difference counts.
                        "1C+ e REPLACE * Drafts {3+}\r\nend\r\n", "1S: * OK [APPENDUID *", "1S: * 1 EXPUNGE",
                        "1S: * 1 EXISTS", "1S: * 1 RECENT", "1S: e OK *"}));
}

TEST(Replace, LeavesEverythingWhenItFails) {
  House house;
  house.append("Drafts", kPlain);
  house.play(after(opened(1), {"1C+ a REPLACE 2 Drafts {3+}\r\nnew\r\n",
                               "1S: a BAD No such message",
                               "1C+ b UID REPLACE 9 Drafts {3+}\r\nnew\r\n",
                               "1S: b NO [NONEXISTENT] *",
                               "1C+ c REPLACE 1 Nowhere {3+}\r\nnew\r\n",
                               "1S: c NO [TRYCREATE] *",
                               "1C+ d REPLACE 1 Drafts {0+}\r\n\r\n",
                               "1S: d NO [CANNOT] *",
                               "1C: e REPLACE 1 Drafts CATENATE (URL x)",
                               "1S: e NO [BADURL x] *",
                               "1C: f EXAMINE Drafts",
                               "1S: * OK [CLOSED] *",
                               "1S: * FLAGS *",
                               "1S: * OK [PERM*",
                               "1S: * 1 EXISTS",
                               "1S: * 0 RECENT",
                               "1S: * OK [UNSEEN 1] *",
                               "1S: * OK [UIDV*",
                               "1S: * OK [UIDNEXT 2] *",
                               "1S: * OK [MAIL*",
                               "1S: * OK [HIGH*",
                               "1S: f OK *",
                               "1C+ g REPLACE 1 Drafts {3+}\r\nnew\r\n",
                               "1S: g NO [READ-ONLY] *"}));
  house.play({"1 login", "1C+ a REPLACE 1 Drafts {3+}\r\nnew\r\n", "1S: a BAD Select a mailbox first"});
}

TEST(Replace, CountsTheDifferenceAgainstTheQuota) {
  House house;
  house.append("Drafts", std::string(9'000, 'a'));
  house.limit({10'000, std::nullopt});
  house.play(
      after(opened(1), {"1C: a APPEND Drafts {9000+}", "1C: " + std::string(9'000, 'b'), "1S: a NO [OVERQUOTA] *",
                        "1C: b REPLACE 1 Drafts {9000+}", "1C: " + std::string(9'000, 'b'), "1S: * OK [APPENDUID *",
                        "1S: * 1 EXPUNGE", "1S: * 1 EXISTS", "1S: * 1 RECENT", "1S: b OK *"}));
}

}  // namespace
}  // namespace posthaste::imapd
