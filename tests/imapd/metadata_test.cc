// METADATA of any octets, of many, and of long ones (RFC 5464).
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

struct Case {
  const char* name;
  Script script;  // sessions 1 and 2 are logged in as alice, and INBOX is there
};

const Case kCases[] = {
    {"ValuesAreAnyOctets",
     {"1C+ a SETMETADATA INBOX (/private/text {4+}\r\na\r\nb /private/binary ~{3}\r\n", "1S: + *",
      std::string("1C+ \0\xff\0)\r\n", 10), "1S: a OK *", "1C: b GETMETADATA (DEPTH 1) INBOX /private",
      "1S: * METADATA INBOX (/private/binary ~{3}", std::string("1S: \0\xff\0 /private/text {4}", 25), "1S: a",
      "1S: b)", "1S: b OK *"}},
    {"OneThatIsTooLongChangesNone",  // §4.3
     {"1C: a SETMETADATA INBOX (/private/a \"x\" /private/b {65537}", "1S: a NO [METADATA MAXSIZE 65536] *",
      "1C+ b SETMETADATA INBOX (/private/a \"x\" /private/b {65537+}\r\n" + std::string(65'537, 'v') + ")\r\n",
      "1S: b NO [METADATA MAXSIZE 65536] *",
      "1C+ c SETMETADATA INBOX (/private/a \"x\" /private/b ~{300000+}\r\n" + std::string(300'000, 'v') + ")\r\n",
      "1S: c NO [METADATA MAXSIZE 65536] *", "1C: d GETMETADATA INBOX (/private/a /private/b)",
      "1S: * METADATA INBOX (/private/a NIL /private/b NIL)", "1S: d OK *",
      "1C+ e SETMETADATA INBOX (/private/b {65536+}\r\n" + std::string(65'536, 'v') + ")\r\n", "1S: e OK *",
      "1C: f GETMETADATA INBOX (MAXSIZE 65535) /private/b", "1S: f OK [METADATA LONGENTRIES 65536] *"}},
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
