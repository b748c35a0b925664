// Greeting, TLS and logins.
#include "house.h"

namespace posthaste::imapd {
namespace {

constexpr const char* kGreetingInTheClear =
    "1S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE STARTTLS LOGINDISABLED] mail.example.org "
    "Posthaste "
    "ready";

struct Case {
  const char* name;
  bool allow_plaintext;
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

// AGFsaWNlQGV4YW1wbGUub3JnAHNlY3JldA== is NUL alice@example.org NUL secret.
const Case kCases[] = {
    {"LoginIsDisabledInTheClear",
     false,
     {kGreetingInTheClear, "1C: a LOGIN alice@example.org secret", "1S: a NO [PRIVACYREQUIRED] Start TLS first",
      "1C: b AUTHENTICATE PLAIN AGFsaWNlQGV4YW1wbGUub3JnAHNlY3JldA==",
      "1S: b NO [PRIVACYREQUIRED] Start TLS first"}},
    {"StartTlsThenLogin",
     false,
     {kGreetingInTheClear, "1C: a STARTTLS", "1S: a OK Begin TLS negotiation now", "1 starttls", "1C: b CAPABILITY",
      "1S: * CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE "
      "AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=PLAIN AUTH=LOGIN",
      "1S: b OK That is all", "1C: c STARTTLS", "1S: c BAD TLS is active already",
      "1C: d LOGIN alice@example.org secret", "1S: d OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ *"}},
    {"CommandsInjectedBeforeTlsEndTheSession",
     false,
     {kGreetingInTheClear, "1C+ a STARTTLS\r\nb LOGIN alice@example.org secret\r\n",
      "1S: a OK Begin TLS negotiation now", "1 never b"}},
    {"ImplicitTls",
     false,
     {"1 connect tls",
      "1S: * OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE "
      "AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=PLAIN AUTH=LOGIN] *",
      "1C: a LOGIN alice@example.org secret", "1S: a OK *"}},
    {"LoginByAtomsQuotedStringsAndLiterals",
     true,
     {"1S: * OK *", "1C: a LOGIN {17}", "1S: + Ready for literal data", "1C: alice@example.org {6+}", "1C: secret",
      "1S: a OK *", "1C: b LOGIN alice@example.org secret", "1S: b BAD Logged in already", "2S: * OK *",
      "2C: a LOGIN \"alice@example.org\" \"secret\"", "2S: a OK *"}},
    {"AuthenticatePlainWithChallenge",
     true,
     {"1S: * OK *", "1C: a AUTHENTICATE PLAIN", "1S: + ",
      "1C: AGFsaWNlQGV4YW1wbGUub3JnAHNlY3JldA==", "1S: a OK *"}},
    {"AuthenticatePlainAtOnce",
     true,
     {"1S: * OK *", "1C: a AUTHENTICATE PLAIN AGFsaWNlQGV4YW1wbGUub3JnAHNlY3JldA==", "1S: a OK *"}},
    {"AuthenticateLogin",
     true,
     {"1S: * OK *", "1C: a authenticate login", "1S: + VXNlcm5hbWU6",
      "1C: YWxpY2VAZXhhbXBsZS5vcmc=", "1S: + UGFzc3dvcmQ6", "1C: c2VjcmV0", "1S: a OK *"}},
    {"AuthenticateCancelled",
     true,
     {"1S: * OK *", "1C: a AUTHENTICATE PLAIN", "1S: + ", "1C: *", "1S: a BAD Authentication cancelled",
      "1C: b NOOP", "1S: b OK *"}},
    {"AuthenticateNotInBase64",
     true,
     {"1S: * OK *", "1C: a AUTHENTICATE PLAIN", "1S: + ", "1C: secret!", "1S: a BAD Not base64"}},
    {"NobodyActsForAnother",
     true,
     {"1S: * OK *", "1C: a AUTHENTICATE PLAIN Ym9iQGV4YW1wbGUub3JnAGFsaWNlQGV4YW1wbGUub3JnAHNlY3JldA==",
      "1S: a NO [AUTHORIZATIONFAILED] *"}},
    {"UnknownMechanism",
     true,
     {"1S: * OK *", "1C: a AUTHENTICATE CRAM-MD5", "1S: a NO [CANNOT] Unknown mechanism"}},
    {"WrongPasswordFiveTimes",
     true,
     {"1S: * OK *", "1C: a LOGIN alice@example.org wrong", "1S: a NO [AUTHENTICATIONFAILED] Authentication failed",
      "1C: b LOGIN nobody@example.org secret", "1S: b NO [AUTHENTICATIONFAILED] Authentication failed",
      "1C: c LOGIN alice@example.org wrong", "1S: c NO [AUTHENTICATIONFAILED] *",
      "1C: d LOGIN alice@example.org wrong", "1S: d NO [AUTHENTICATIONFAILED] *",
      "1C: e LOGIN alice@example.org wrong", "1S: * BYE [CLIENTBUG] Too many failed logins",
      "1S: e NO [AUTHENTICATIONFAILED] *", "1 closed"}},
    {"NothingButLoginBeforeLogin",
     true,
     {"1S: * OK *", "1C: a SELECT INBOX", "1S: a BAD Log in first", "1C: b FETCH 1 FLAGS", "1S: b BAD Log in first",
      "1C: c NOOP", "1S: c OK Nothing done", "1C: d LOGOUT", "1S: * BYE Goodbye", "1S: d OK Logged out",
      "1 closed"}},
    {"HttpRequest",
     true,
     {"1C+ POST / HTTP/1.1\r\nHost: x\r\n\r\na LOGIN alice@example.org secret\r\n", "1S: * OK *",
      "1S: * BYE [CLIENTBUG] This is IMAP, not HTTP", "1 closed"}},
    {"IdBeforeLogin",
     true,
     {"1S: * OK *", "1C: a ID (\"name\" \"Tester\" \"version\" NIL)", "1S: * ID (\"name\" \"Posthaste\")",
      "1S: a OK *", "1C: b ID NIL", "1S: * ID (\"name\" \"Posthaste\")", "1S: b OK *"}},
    {"IdOf31KilobytesBeforeLogin",  // RFC 2971 §3.3: 30 fields of 30 octets, values of 1,024
     true,
     {"1S: * OK *", "1C: a ID (" + id_pairs(30, 30, 1'024) + ")", "1S: * ID (\"name\" \"Posthaste\")",
      "1S: a OK *"}},
    {"IdWithQuotedPairs",
     true,
     {"1S: * OK *", "1C: a ID (\"name\" \"" + std::string(2'000, '\\') + "\" " + id_pairs(29, 30, 1'024) + ")",
      "1S: * ID *", "1S: a OK *"}},
    {"IdInLiterals",
     true,
     {"1S: * OK *",
      "1C: a ID (\"name\" {1000+}\r\n" + std::string(1'000, 'x') + " {3+}\r\nosx {4+}\r\ntest " +
          id_pairs(8, 5, 5) + " \"z\" {1+}\r\nz {1+}\r\ny {1024+}\r\n" + std::string(1'024, 'y') + ")",
      "1S: * ID *", "1S: a OK *"}},
    {"IdInAPacketAtATime",
     true,
     {"1S: * OK *", "1C+ a I", "1C+ D (" + id_pairs(10, 30, 1'000), "1C+  " + id_pairs(10, 30, 1'000) + ")\r\n",
      "1S: * ID *", "1S: a OK *"}},
    {"IdTwiceBeforeLogin",
     true,
     {"1S: * OK *", "1C: a ID (" + id_pairs(30, 30, 1'024) + ")", "1S: * ID *", "1S: a OK *",
      "1C: b id (" + id_pairs(30, 30, 1'024) + ")", "1S: * ID *", "1S: b OK *"}},
    {"IdBeyondItsLimits",
     true,
     {"1S: * OK *", "1C: a ID (" + id_pairs(31, 5, 5) + ")", "1S: a BAD *",
      "1C: b ID (\"a\" \"" + std::string(1'025, 'x') + "\")", "1S: b BAD *",
      "1C: c ID (\"a\" \"" + std::string(40'000, 'x') + "\")", "1S: * BYE [CLIENTBUG] Command too long",
      "1 closed"}},
    {"OtherCommandsBeforeLoginAreShort",
     true,
     {"1S: * OK *", "1C: a LOGIN alice@example.org " + std::string(9'000, 'x'),
      "1S: * BYE [CLIENTBUG] Command too long", "1 closed"}},
    {"PipelinedFromTheStart",
     true,
     {"1C+ a LOGIN alice@example.org secret\r\nb SELECT INBOX\r\nc NOOP\r\n", "1S: * OK *", "1S: a OK *",
      "1S: * FLAGS *", "1S: * OK [PERMANENTFLAGS *", "1S: * 0 EXISTS", "1S: * 0 RECENT", "1S: * OK [UIDVALIDITY *",
      "1S: * OK [UIDNEXT 1] *", "1S: * OK [MAILBOXID *", "1S: * OK [HIGHESTMODSEQ *", "1S: b OK [READ-WRITE] *",
      "1S: c OK *"}},
};

TEST(Login, GoesAsThePostmasterReadsIt) {
  for (const auto& test : kCases) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(testing::Message() << test.name << ", seed " << seed);
      House house{seed};
      house.config.auth.allow_plaintext = test.allow_plaintext;
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
