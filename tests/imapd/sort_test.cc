// SORT and THREAD over a mailbox: RFC 5256, RFC 5957, RFC 5267 §3. Base subjects and threads have tests of their
// own.
#include "house.h"

namespace posthaste::imapd {
namespace {

std::string with_header(const std::string& fields) { return fields + "\r\ntext\r\n"; }

/// Five messages, no two in the same place under any key.
void fill(House& house) {
  const auto arrived = [](int day) {
    return mailbox::InternalDate{std::chrono::sys_days{std::chrono::year{2026} / 1 / day}, 0};
  };
  house.append("INBOX",
               with_header("From: \"Zoe\" <mike@example.org>\r\nTo: dora@example.org\r\nCc: e@example.org\r\n"
                           "Subject: Re: banana\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000\r\nMessage-ID: <1@x>\r\n"),
               {}, {}, arrived(5));
  house.append("INBOX",
               with_header("From: anna@example.org\r\nTo: \"=?utf-8?q?=C3=81gnes?=\" <zed@example.org>\r\n"
                           "Subject: Apple\r\nDate: Thu, 1 Jan 2026 12:00:00 +0300\r\nMessage-ID: <2@x>\r\n"
                           "X-Padding: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"),
               {}, {}, arrived(4));
  house.append("INBOX",
               with_header("From: Mike <bert@example.org>\r\nTo: Carl <carl@example.org>\r\nCc: a@example.org\r\n"
                           "Subject: [list] banana\r\nDate: Fri, 2 Jan 2026 10:00:00 +0000\r\nMessage-ID: <3@x>\r\n"
                           "References: <1@x>\r\n"),
               {}, {}, arrived(3));
  house.append("INBOX", with_header("Subject: cherry\r\nMessage-ID: <4@x>\r\n"), {}, {}, arrived(2));
  house.append("INBOX",
               with_header("From: =?utf-8?q?=C3=89va?= <wera@example.org>\r\nTo: aa@example.org\r\n"
                           "Subject: =?utf-8?q?=C3=A4pfel?=\r\nDate: Sat, 3 Jan 2026 10:00:00 +0000\r\n"
                           "Message-ID: <5@x>\r\nIn-Reply-To: message of <3@x> <2@x>\r\n"),
               {}, {}, arrived(1));
}

Script opened() {
  return {"1 login",         "1C: o SELECT INBOX", "1S: * FLAGS *",         "1S: * OK [PERM*",
          "1S: * 5 EXISTS",  "1S: * 0 RECENT",     "1S: * OK [UNSEEN 1] *", "1S: * OK [UIDV*",
          "1S: * OK [UIDN*", "1S: * OK [MAIL*",    "1S: * OK [HIGH*",       "1S: o OK *"};
}

struct Case {
  const char* command;
  const char* answer;
};

const Case kCases[] = {
    {"SORT (ARRIVAL) UTF-8 ALL", "* SORT 5 4 3 2 1"},
    {"SORT (REVERSE ARRIVAL) UTF-8 ALL", "* SORT 1 2 3 4 5"},
    {"SORT (DATE) UTF-8 ALL", "* SORT 2 1 4 3 5"},  // 4 has none, and came in on 2 January
    {"SORT (REVERSE DATE) UTF-8 ALL", "* SORT 5 3 4 1 2"},
    {"SORT (SIZE) UTF-8 1:2", "* SORT 1 2"},
    {"SORT (REVERSE SIZE) UTF-8 1:2", "* SORT 2 1"},
    {"SORT (FROM) UTF-8 ALL", "* SORT 4 2 3 1 5"},
    {"SORT (TO) UTF-8 ALL", "* SORT 4 5 3 1 2"},
    {"SORT (CC) UTF-8 ALL", "* SORT 2 4 5 3 1"},
    {"SORT (SUBJECT) UTF-8 ALL", "* SORT 2 5 1 3 4"},  // a decomposed letter sorts behind the plain ones
    {"SORT (SUBJECT REVERSE DATE) UTF-8 SUBJECT banana", "* SORT 3 1"},
    {"SORT (REVERSE SUBJECT) UTF-8 SUBJECT banana", "* SORT 1 3"},  // alike, so as they stand in the mailbox
    {"SORT (DISPLAYFROM) UTF-8 ALL", "* SORT 4 2 5 3 1"},
    {"SORT (DISPLAYTO) UTF-8 ALL", "* SORT 4 5 2 3 1"},
    {"SORT (SUBJECT) US-ASCII TEXT \"not in mailbox\"", "* SORT"},
    {"UID SORT (ARRIVAL) UTF-8 UID 2:3", "* SORT 3 2"},
    {"SORT RETURN () (ARRIVAL) UTF-8 ALL", "* ESEARCH (TAG \"a\") ALL 5,4,3,2,1"},
    {"SORT RETURN (MIN MAX COUNT) (DATE) UTF-8 ALL", "* ESEARCH (TAG \"a\") MIN 2 MAX 5 COUNT 5"},
    {"UID SORT RETURN (ALL COUNT) (REVERSE ARRIVAL) UTF-8 NOT 3", "* ESEARCH (TAG \"a\") UID ALL 1:2,4:5 COUNT 4"},
    {"SORT RETURN (MIN ALL COUNT) (DATE) UTF-8 DELETED", "* ESEARCH (TAG \"a\") COUNT 0"},
    {"THREAD ORDEREDSUBJECT UTF-8 ALL", "* THREAD (2)(1 3)(4)(5)"},
    {"THREAD REFERENCES UTF-8 ALL", "* THREAD (2)(1 3 5)(4)"},
    {"THREAD REFERENCES UTF-8 NOT 3", "* THREAD (2)(1)(4)(5)"},
    {"UID THREAD REFERENCES UTF-8 1,3", "* THREAD (1 3)"},
    {"THREAD REFERENCES UTF-8 DELETED", "* THREAD"},
};

Script dialogue() {
  Script script = opened();
  for (const auto& test : kCases) {
    script.push_back(std::string{"1C: a "} + test.command);
    script.push_back(std::string{"1S: "} + test.answer);
    script.emplace_back("1S: a OK *");
  }
  return script;
}

TEST(Sort, FollowsEveryCriterion) {
  House house;
  fill(house);
  house.play(dialogue());
}

/// A group is an address as the envelope has it: its name is the mailbox (RFC 9051 §7.5.2), and it has no host.
TEST(Sort, SeesGroups) {
  House house;
  for (const char* to : {"Mike: zed@example.org, a@example.org;", "aaron@example.org", "\"Undisclosed friends\":;",
                         "zed@example.org, Alpha: b@example.org;", "=?utf-8?q?Dora?= : ;",
                         "(all) ,, bob : \"x\" <x@example.org>\r\n ;", ": ; carl@example.org"}) {
    const std::string field{to};
    house.append("INBOX", with_header("From: " + field + "\r\nTo: " + field + "\r\nCc: " + field + "\r\n"));
  }
  Script script{"1 login", "1 select INBOX"};
  for (const char* key : {"FROM", "TO", "CC", "DISPLAYFROM", "DISPLAYTO"}) {
    script.push_back(std::string{"1C: a SORT ("} + key + ") UTF-8 ALL");
    // aaron, bob, carl, Dora, Mike, Undisclosed friends, zed; the hosts change nothing
    script.emplace_back("1S: * SORT 2 6 7 5 1 3 4");
    script.emplace_back("1S: a OK *");
  }
  house.play(script);
}

TEST(Sort, NeedsNoMessage) {
  House house;
  fill(house);
  house.lose_messages();
  Script script = opened();
  for (const char* line : {"1C: a SORT (SUBJECT DATE FROM) UTF-8 ALL", "1S: * SORT 2 5 1 3 4", "1S: a OK *",
                           "1C: b THREAD REFERENCES UTF-8 ALL", "1S: * THREAD (2)(1 3 5)(4)", "1S: b OK *"}) {
    script.emplace_back(line);
  }
  house.play(script);
}

TEST(Sort, NumbersAreThoseOfTheView) {
  House house;
  fill(house);
  Script script = opened();
  for (const char* line :
       {"2 login", "2C: o SELECT INBOX", "2S: * FLAGS *", "2S: * OK [PERM*", "2S: * 5 EXISTS", "2S: * 0 RECENT",
        "2S: * OK [UNSEEN 1] *", "2S: * OK [UIDV*", "2S: * OK [UIDN*", "2S: * OK [MAIL*", "2S: * OK [HIGH*",
        "2S: o OK *", "2C: a STORE 2 +FLAGS.SILENT (\\Deleted)", "2S: a OK *", "2C: b EXPUNGE", "2S: * 2 EXPUNGE",
        "2S: b OK *",
        // Message 2 is gone, and the others keep their numbers until that may be told.
        "1C: a SORT (REVERSE ARRIVAL) UTF-8 ALL", "1S: * SORT 1 3 4 5", "1S: a OK [EXPUNGEISSUED] Sort completed",
        "1C: b THREAD ORDEREDSUBJECT UTF-8 ALL", "1S: * THREAD (1 3)(4)(5)",
        "1S: b OK [EXPUNGEISSUED] Thread completed", "1C: c UID SORT (REVERSE ARRIVAL) UTF-8 ALL",
        "1S: * SORT 1 3 4 5", "1S: * 2 EXPUNGE", "1S: c OK *", "1C: d SORT (REVERSE ARRIVAL) UTF-8 ALL",
        "1S: * SORT 1 2 3 4", "1S: d OK *"}) {
    script.emplace_back(line);
  }
  house.play(script);
}

TEST(Sort, IsRefusedWhenItCannotBe) {
  House house;
  fill(house);
  house.append_memory_octets = 64;
  Script script = {"1 login", "1C: a SORT (DATE) UTF-8 ALL", "1S: a BAD Select a mailbox first"};
  const Script rest = opened();
  script.insert(script.end(), rest.begin() + 1, rest.end());
  for (const char* line :
       {"1C: b SORT (DATE) UTF-8 ALL", "1S: b NO [LIMIT] *", "1C: c THREAD REFERENCES UTF-8 ALL",
        "1S: c NO [LIMIT] *", "1C: d SORT (DATE) X-NONE ALL", "1S: d NO [BADCHARSET *",
        "1C: e SORT RETURN (SAVE) (DATE) UTF-8 ALL", "1S: e BAD *",
        "1C: e SORT RETURN (PARTIAL 1:10) (DATE) UTF-8 ALL", "1S: e BAD *", "1C: f SORT DATE UTF-8 ALL",
        "1S: f BAD *", "1C: g THREAD JWZ UTF-8 ALL", "1S: g BAD *"}) {
    script.emplace_back(line);
  }
  house.play(script);
}

}  // namespace
}  // namespace posthaste::imapd
