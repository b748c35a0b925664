// Long commands before a login, and what ends a session after it.
#include "house.h"

namespace posthaste::imapd {
namespace {

struct Case {
  const char* name;
  Script script;
};

/// So many fields of ID, with their values in so many octets.
std::string id_pairs(int count, std::size_t field_octets, std::size_t value_octets) {
  std::string pairs;
  for (int i = 0; i < count; ++i) {
    std::string field = "f" + std::to_string(i);
    field.resize(std::max(field.size(), field_octets), '-');
    pairs += (i == 0 ? "\"" : " \"") + field + "\" \"" + std::string(value_octets, 'v') + "\"";
  }
  return pairs;
}

const Case kCases[] = {
    {"IdOf31KilobytesBeforeLogin",  // RFC 2971 §3.3: 30 fields of 30 octets, values of 1,024
     {"1S: * OK *", "1C: a ID (" + id_pairs(30, 30, 1'024) + ")", "1S: * ID (\"name\" \"Posthaste\")",
      "1S: a OK *"}},
    {"IdWithQuotedPairs",
     {"1S: * OK *", "1C: a ID (\"name\" \"" + std::string(2'000, '\\') + "\" " + id_pairs(29, 30, 1'024) + ")",
      "1S: * ID *", "1S: a OK *"}},
    {"IdInLiterals",
     {"1S: * OK *",
      "1C: a ID (\"name\" {1000+}\r\n" + std::string(1'000, 'x') + " {3+}\r\nosx {4+}\r\ntest " +
          id_pairs(8, 5, 5) + " \"z\" {1+}\r\nz {1+}\r\ny {1024+}\r\n" + std::string(1'024, 'y') + ")",
      "1S: * ID *", "1S: a OK *"}},
    {"IdInAPacketAtATime",
     {"1S: * OK *", "1C+ a I", "1C+ D (" + id_pairs(10, 30, 1'000), "1C+  " + id_pairs(10, 30, 1'000) + ")\r\n",
      "1S: * ID *", "1S: a OK *"}},
    {"IdTwiceBeforeLogin",
     {"1S: * OK *", "1C: a ID (" + id_pairs(30, 30, 1'024) + ")", "1S: * ID *", "1S: a OK *",
      "1C: b id (" + id_pairs(30, 30, 1'024) + ")", "1S: * ID *", "1S: b OK *"}},
    {"IdBeyondItsLimits",
     {"1S: * OK *", "1C: a ID (" + id_pairs(31, 5, 5) + ")", "1S: a BAD *",
      "1C: b ID (\"a\" \"" + std::string(1'025, 'x') + "\")", "1S: b BAD *",
      "1C: c ID (\"a\" \"" + std::string(40'000, 'x') + "\")", "1S: * BYE [CLIENTBUG] Command too long",
      "1 closed"}},
    {"OtherCommandsBeforeLoginAreShort",
     {"1S: * OK *", "1C: a LOGIN alice@example.org " + std::string(9'000, 'x'),
      "1S: * BYE [CLIENTBUG] Command too long", "1 closed"}},
};

TEST(Login, TakesALongIdBeforeItAndNothingElseThatIsLong) {
  for (const auto& test : kCases) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(testing::Message() << test.name << ", seed " << seed);
      House house{seed};
      house.play(test.script);
    }
  }
}

/// The server's last words come within two seconds, the directory's watch and the session's part included.
TEST(Login, ChangedPasswordEndsTheUsersSessionsWhateverTheyAreAt) {
  House house;
  house.play({"1 login carol",
              "2 connect tls",
              "2 login carol",
              "2C: a COMPRESS DEFLATE",
              "2S: a OK *",
              "2 compress",
              "2C: b IDLE",
              "2S: + idling",
              "3 login alice",
              "4 login carol",
              "4C+ a LOGIN {100}\r\nxyz",
              "4S: + Ready *",
              "password carol",
              "1S: * BYE [EXPIRED] *",
              "1 closed",
              "2S: * BYE [EXPIRED] *",
              "2S: b BAD *",
              "2 closed",
              "4S: * BYE [EXPIRED] *",
              "4 closed",
              "3C: a NOOP",
              "3S: a OK *",
              "3 silent"});
}

TEST(Login, DeletedUserIsSentAway) {
  House house;
  house.play({"1 login dave", "1C: a SELECT INBOX", "1 until a OK *", "1C: b IDLE", "1S: + idling", "2 login alice",
              "remove dave", "1S: * BYE [EXPIRED] *", "1S: b BAD *", "1 closed", "2C: a NOOP", "2S: a OK *"});
}

/// Who is not logged in any more is not concerned.
TEST(Login, UnauthenticatedSessionOutlivesTheUser) {
  House house;
  house.play({"1 login erin", "1C: a UNAUTHENTICATE", "1S: a OK *", "remove erin", "1 silent",
              "1C: b LOGIN alice@example.org secret", "1S: b OK *"});
}

TEST(Login, OneUserHasSoManySessions) {
  House house;
  house.config.imap.connections_per_user_max = 2;
  house.play({"1 login", "2 login", "3S: * OK *", "3C: a LOGIN alice@example.org secret",
              "3S: a NO [LIMIT] Too many connections of this user", "4 login bob", "1C: b LOGOUT", "1S: * BYE *",
              "1S: b OK *", "1 closed", "3C: c LOGIN alice@example.org secret", "3S: c OK *"});
}

}  // namespace
}  // namespace posthaste::imapd
