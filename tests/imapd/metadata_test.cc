// METADATA: what is set is answered, and what others set is told (RFC 5464, RFC 5465 §5.6 and §5.7).
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

struct Case {
  const char* name;
  Script script;  // sessions 1 and 2 are logged in as alice, and INBOX is there
};

const Case kCases[] = {
    {"WhatIsSetIsAnswered",  // §4.2
     {"1C: a SETMETADATA INBOX (/private/comment \"My own comment\" /shared/comment \"Its sunny outside!\")",
      "1S: a OK *", "2C: b GETMETADATA \"INBOX\" /private/comment",
      "2S: * METADATA INBOX (/private/comment \"My own comment\")", "2S: b OK That is all",
      "2C: c GETMETADATA \"INBOX\" (/shared/comment /private/comment)",
      "2S: * METADATA INBOX (/private/comment \"My own comment\" /shared/comment \"Its sunny outside!\")",
      "2S: c OK *"}},
    {"NilRemoves",
     {"1C: a SETMETADATA INBOX (/private/comment \"x\")", "1S: a OK *",
      "1C: b SETMETADATA INBOX (/private/comment NIL /private/none NIL)", "1S: b OK *",
      "1C: c GETMETADATA INBOX /private/comment", "1S: * METADATA INBOX (/private/comment NIL)", "1S: c OK *"}},
    {"NamesHaveNoCase",  // §3.2
     {"1C: a SETMETADATA INBOX (/Private/Comment \"x\")", "1S: a OK *", "1C: b GETMETADATA INBOX /PRIVATE/comment",
      "1S: * METADATA INBOX (/private/comment \"x\")", "1S: b OK *"}},
    {"ValuesAreAnyOctets",
     {"1C+ a SETMETADATA INBOX (/private/text {4+}\r\na\r\nb /private/binary ~{3}\r\n", "1S: + *",
      std::string("1C+ \0\xff\0)\r\n", 10), "1S: a OK *", "1C: b GETMETADATA (DEPTH 1) INBOX /private",
      "1S: * METADATA INBOX (/private/binary ~{3}", std::string("1S: \0\xff\0 /private/text {4}", 25), "1S: a",
      "1S: b)", "1S: b OK *"}},
    {"TheEmptyValueIsOne",
     {"1C: a SETMETADATA INBOX (/private/comment \"\")", "1S: a OK *", "1C: b GETMETADATA INBOX /private/comment",
      "1S: * METADATA INBOX (/private/comment \"\")", "1S: b OK *"}},
    {"MaxSizeLeavesOutAndSaysHowLong",  // §4.2.1
     {"1C: a SETMETADATA INBOX (/private/comment \"1234\" /shared/comment \"12345\" /private/note \"123456\")",
      "1S: a OK *", "1C: b GETMETADATA INBOX (MAXSIZE 4) (/shared/comment /private/comment)",
      "1S: * METADATA INBOX (/private/comment \"1234\")", "1S: b OK [METADATA LONGENTRIES 5] *",
      "1C: c GETMETADATA (MAXSIZE 5) INBOX (/shared/comment /private/comment)",
      "1S: * METADATA INBOX (/private/comment \"1234\" /shared/comment \"12345\")", "1S: c OK That is all",
      "1C: d GETMETADATA (MAXSIZE 3) INBOX (/shared/comment /private/note)",
      "1S: d OK [METADATA LONGENTRIES 6] *"}},
    {"DepthLooksBelow",  // §4.2.2
     {"1C: a SETMETADATA INBOX (/private/filters/values/small \"SMALLER 5000\""
      " /private/filters/values/boss \"FROM \\\"boss@example.com\\\"\" /private/filters/values/a/b \"deep\""
      " /private/filters/valuesx \"beside\")",
      "1S: a OK *", "1C: b GETMETADATA INBOX (DEPTH 1) (/private/filters/values)",
      "1S: * METADATA INBOX (/private/filters/values/boss \"FROM \\\"boss@example.com\\\"\" "
      "/private/filters/values/small \"SMALLER 5000\")",
      "1S: b OK *", "1C: c GETMETADATA (DEPTH infinity) INBOX /private/filters/values/a",
      "1S: * METADATA INBOX (/private/filters/values/a/b \"deep\")", "1S: c OK *",
      "1C: d GETMETADATA (DEPTH 0) INBOX /private/filters/values",
      "1S: * METADATA INBOX (/private/filters/values NIL)", "1S: d OK *",
      "1C: e GETMETADATA (DEPTH 1) INBOX /private/filters/none", "1S: e OK *"}},
    {"TheServersAreTheUsersOwn",  // §3.2.1.1
     {"1C: a SETMETADATA \"\" (/private/vendor/example/x \"1\")", "1S: a OK *",
      "2C: b GETMETADATA \"\" (/private/vendor/example/x /shared/comment)",
      "2S: * METADATA \"\" (/private/vendor/example/x \"1\" /shared/comment NIL)", "2S: b OK *", "3 login bob",
      "3C: c GETMETADATA (DEPTH infinity) \"\" (/private /shared)",
      "3S: * METADATA \"\" (/shared/admin \"mailto:postmaster@example.org\")", "3S: c OK *"}},
    {"WhatAllSeeIsTheOperators",
     {"1C: a SETMETADATA \"\" (/shared/comment \"x\")", "1S: a NO [NOPERM] *",
      "1C: b SETMETADATA \"\" (/private/comment \"x\" /shared/admin NIL)", "1S: b NO [NOPERM] *",
      "1C: c GETMETADATA \"\" (/shared/admin /private/comment)",
      "1S: * METADATA \"\" (/shared/admin \"mailto:postmaster@example.org\" /private/comment NIL)", "1S: c OK *"}},
    {"AnnotationsFollowTheirMailbox",  // §4.1
     {"1C: a CREATE one", "1 until a OK *", "1C: b SETMETADATA one (/private/comment \"x\")", "1S: b OK *",
      "1C: c RENAME one two", "1S: c OK *", "1C: d GETMETADATA one /private/comment", "1S: d NO [NONEXISTENT] *",
      "1C: e GETMETADATA two /private/comment", "1S: * METADATA two (/private/comment \"x\")", "1S: e OK *",
      "1C: f DELETE two", "1S: f OK *", "1C: g CREATE two", "1 until g OK *",
      "1C: h GETMETADATA two /private/comment", "1S: * METADATA two (/private/comment NIL)", "1S: h OK *"}},
    {"ThereAreNoneOfAMailboxThatIsNot",
     {"1C: a SETMETADATA none (/private/comment \"x\")", "1S: a NO [NONEXISTENT] *",
      "1C: b SETMETADATA none (/private/comment NIL)", "1S: b NO [NONEXISTENT] *",
      "1C: c GETMETADATA none /private/comment", "1S: c NO [NONEXISTENT] *"}},
    {"InvalidNamesAreBad",  // §3.2
     {"1C: a SETMETADATA INBOX (/private/a/ \"x\")", "1S: a BAD *", "1C: b GETMETADATA INBOX \"/private/*\"",
      "1S: b BAD *", "1C: c SETMETADATA INBOX (/private/vendor/x \"y\")", "1S: c BAD *",
      "1C: d GETMETADATA INBOX /comment", "1S: d BAD *", "1C: e GETMETADATA (DEPTH 2) INBOX /private/a",
      "1S: e BAD *"}},
    {"OneThatIsTooLongChangesNone",  // §4.3
     {"1C: a SETMETADATA INBOX (/private/a \"x\" /private/b {65537}", "1S: a NO [METADATA MAXSIZE 65536] *",
      "1C+ b SETMETADATA INBOX (/private/a \"x\" /private/b {65537+}\r\n" + std::string(65'537, 'v') + ")\r\n",
      "1S: b NO [METADATA MAXSIZE 65536] *",
      "1C+ c SETMETADATA INBOX (/private/a \"x\" /private/b ~{300000+}\r\n" + std::string(300'000, 'v') + ")\r\n",
      "1S: c NO [METADATA MAXSIZE 65536] *", "1C: d GETMETADATA INBOX (/private/a /private/b)",
      "1S: * METADATA INBOX (/private/a NIL /private/b NIL)", "1S: d OK *",
      "1C+ e SETMETADATA INBOX (/private/b {65536+}\r\n" + std::string(65'536, 'v') + ")\r\n", "1S: e OK *",
      "1C: f GETMETADATA INBOX (MAXSIZE 65535) /private/b", "1S: f OK [METADATA LONGENTRIES 65536] *"}},
    {"OnlyOnceLoggedIn",
     {"3 connect", "3S: * OK *", "3C: a GETMETADATA \"\" /shared/admin", "3S: a BAD *",
      "3C: b SETMETADATA \"\" (/private/a \"x\")", "3S: b BAD *"}},
    {"WithoutEnableNothingIsTold",  // §4.1
     {"2C: a SETMETADATA INBOX (/private/a \"x\")", "2S: a OK *", "1C: b NOOP", "1S: b OK *",
      "1C: c ENABLE METADATA-SERVER", "1S: * ENABLED", "1S: c OK *", "2C: d SETMETADATA INBOX (/private/a \"y\")",
      "2S: d OK *", "1C: e NOOP", "1S: e OK *"}},
    {"OthersChangesAreToldOnceEnabled",  // §4.4.2
     {"2C: a SETMETADATA INBOX (/private/old \"x\")", "2S: a OK *", "1C: b ENABLE METADATA",
      "1S: * ENABLED METADATA", "1S: b OK *",
      "2C: c SETMETADATA INBOX (/shared/comment \"y\" /private/comment \"x\" /private/old NIL)", "2S: c OK *",
      "2C: d SETMETADATA \"\" (/private/comment \"y\")", "2S: d OK *", "1C: e NOOP",
      "1S: * METADATA \"\" /private/comment", "1S: * METADATA INBOX /private/comment /private/old /shared/comment",
      "1S: e OK *", "1C: f NOOP", "1S: f OK *"}},
    {"OwnChangesAreNot",  // §4.3
     {"1C: a ENABLE METADATA", "1 until a OK *", "1C: b SETMETADATA INBOX (/private/a \"x\")", "1S: b OK *",
      "1C: c SETMETADATA INBOX (/private/a NIL)", "1S: c OK *", "1C: d SETMETADATA \"\" (/private/a \"x\")",
      "1S: d OK *", "1C: e NOOP", "1S: e OK *", "2C: f SETMETADATA \"\" (/private/a \"y\")", "2S: f OK *",
      "1C: g NOOP", "1S: * METADATA \"\" /private/a", "1S: g OK *"}},
    {"WhatGoesWithItsMailboxIsNot",
     {"2C: a CREATE one", "2 until a OK *", "2C: b SETMETADATA one (/private/a \"x\")", "2S: b OK *",
      "1C: c ENABLE METADATA", "1 until c OK *", "2C: d DELETE one", "2S: d OK *",
      "2C: e SETMETADATA INBOX (/private/b \"x\")", "2S: e OK *", "1C: f NOOP", "1S: * METADATA INBOX /private/b",
      "1S: f OK *"}},
    {"IdleTellsAtOnce",
     {"1C: a ENABLE METADATA", "1 until a OK *", "1C: b IDLE", "1S: + idling",
      "2C: c SETMETADATA Sent (/private/a \"x\")", "2S: c OK *", "1S: * METADATA Sent /private/a", "1C: DONE",
      "1S: b OK *"}},
    {"NotifyTellsOfItsMailboxes",  // RFC 5465 §5.6
     {"1C: a NOTIFY SET (mailboxes Sent (MailboxMetadataChange))",
      "1S: a OK *",
      "2C: b SETMETADATA Trash (/private/a \"x\")",
      "2S: b OK *",
      "2C: c SETMETADATA \"\" (/private/a \"x\")",
      "2S: c OK *",
      "1 silent",
      "2C: d SETMETADATA Sent (/private/a \"x\")",
      "2S: d OK *",
      "1S: * METADATA Sent /private/a",
      "2C: e SETMETADATA Sent (/private/a NIL)",
      "2S: e OK *",
      "1S: * METADATA Sent /private/a",
      "1C: f NOTIFY NONE",
      "1S: f OK *",
      "2C: g SETMETADATA Sent (/private/a \"x\")",
      "2S: g OK *",
      "1 silent",
      "1C: h NOOP",
      "1S: h OK *"}},
    {"NotifyTellsOfTheServer",  // RFC 5465 §5.7
     {"1C: a NOTIFY SET (personal (ServerMetadataChange))", "1S: a OK *",
      "2C: b SETMETADATA INBOX (/private/a \"x\")", "2S: b OK *", "1 silent",
      "2C: c SETMETADATA \"\" (/private/a \"x\")", "2S: c OK *", "1S: * METADATA \"\" /private/a"}},
    {"SelectedIsAboutMessagesAlone",  // RFC 5465 §6.1
     {"1 select INBOX", "1C: a NOTIFY SET (selected (MessageNew MessageExpunge MailboxMetadataChange))",
      "1S: a BAD *", "1C: b NOTIFY SET (selected-delayed (ServerMetadataChange))", "1S: b BAD *"}},
    {"UnauthenticateForgets",
     {"1C: a ENABLE METADATA", "1 until a OK *", "1C: b UNAUTHENTICATE", "1S: b OK *",
      "1C: c LOGIN alice@example.org secret", "1S: c OK *", "2C: d SETMETADATA INBOX (/private/a \"x\")",
      "2S: d OK *", "1C: e NOOP", "1S: e OK *"}},
};

TEST(Metadata, Dialogues) {
  for (const Case& test : kCases) {
    SCOPED_TRACE(test.name);
    House house;
    house.messages = {{"plain", kPlain}};
    house.append("INBOX", kPlain);
    Script script{"1 login", "2 login"};
    script.insert(script.end(), test.script.begin(), test.script.end());
    house.play(script);
  }
}

TEST(Metadata, HasSoManyAndNoMore) {
  House house;
  house.append("INBOX", kPlain);
  std::string hundred = "1C: a SETMETADATA INBOX (";
  for (int i = 0; i < 100; ++i) hundred += "/private/" + std::to_string(i) + " \"x\" ";
  hundred.back() = ')';
  house.play({"1 login", hundred, "1S: a OK *", "1C: b SETMETADATA INBOX (/private/0 \"y\" /shared/a \"x\")",
              "1S: b NO [METADATA TOOMANY] *", "1C: c GETMETADATA INBOX (/private/0 /shared/a)",
              "1S: * METADATA INBOX (/private/0 \"x\" /shared/a NIL)", "1S: c OK *"});
}

TEST(Metadata, LongAnswersComeInSeveralResponses) {
  House house;
  house.append("INBOX", kPlain);
  const std::string value(65'536, 'v');
  Script script{"1 login"};
  for (const char name : {'a', 'b', 'c', 'd', 'e'}) {
    script.push_back("1C+ t SETMETADATA INBOX (/private/" + std::string(1, name) + " {65536+}\r\n" + value +
                     ")\r\n");
    script.emplace_back("1S: t OK *");
  }
  script.emplace_back("1C: g GETMETADATA (DEPTH 1) INBOX (/private /shared)");
  script.emplace_back("1S: * METADATA INBOX (/private/a {65536}");
  for (const char name : {'b', 'c', 'd'}) script.push_back("1S: " + value + " /private/" + name + " {65536}");
  script.push_back("1S: " + value + ")");
  script.emplace_back("1S: * METADATA INBOX (/private/e {65536}");
  script.push_back("1S: " + value + ")");
  script.emplace_back("1S: g OK That is all");
  house.play(script);
}

}  // namespace
}  // namespace posthaste::imapd
