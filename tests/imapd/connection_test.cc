// COMPRESS (RFC 4978) and UNAUTHENTICATE (RFC 8437).
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

struct Case {
  const char* name;
  Script script;
};

const Case kCases[] = {
    {"CompressedOverTls",
     {"1 connect tls",
      "1 login",
      "1C: a COMPRESS DEFLATE",
      "1S: a OK DEFLATE active",
      "1 compress",
      "1C: b NOOP",
      "1S: b OK *",
      "1C: c FETCH 1 FLAGS",
      "1S: c BAD *",
      "1C: d EXAMINE INBOX",
      "1S: * FLAGS *",
      "1S: * OK [PERM*",
      "1S: * 1 EXISTS",
      "1S: * 0 RECENT",
      "1S: * OK [UNSEEN 1] *",
      "1S: * OK [UIDV*",
      "1S: * OK [UIDN*",
      "1S: * OK [MAIL*",
      "1S: * OK [HIGH*",
      "1S: d OK *",
      "1C: e FETCH 1 (BODY[1]<0.5>)",
      "1S: * 1 FETCH (BODY[1]<0> {5}",
      "1S: First)",
      "1S: e OK *",
      "1C: f LOGOUT",
      "1S: * BYE *",
      "1S: f OK *",
      "1 closed"}},
    {"CompressedInIdle",
     {"1 login",
      "1C: a compress deflate",
      "1S: a OK *",
      "1 compress",
      "1C: b SELECT INBOX",
      "1S: * FLAGS *",
      "1S: * OK [PERM*",
      "1S: * 1 EXISTS",
      "1S: * 0 RECENT",
      "1S: * OK [UNSEEN 1] *",
      "1S: * OK [UIDV*",
      "1S: * OK [UIDN*",
      "1S: * OK [MAIL*",
      "1S: * OK [HIGH*",
      "1S: b OK *",
      "1C: c IDLE",
      "1S: + *",
      "deliver plain INBOX",
      "1S: * 2 EXISTS",
      "1S: * 1 RECENT",
      "1C+ DONE\r\nd NOOP\r\n",
      "1S: c OK *",
      "1S: d OK *"}},
    {"NotTwice",
     {"1 login", "1C: a COMPRESS DEFLATE", "1S: a OK *", "1 compress", "1C: b COMPRESS DEFLATE",
      "1S: b BAD [COMPRESSIONACTIVE] *", "1C: c NOOP", "1S: c OK *"}},
    {"NotBeforeLogin",
     {"1S: * OK *", "1C: a COMPRESS DEFLATE", "1S: a BAD Log in first", "1C: b NOOP", "1S: b OK *"}},
    {"NoOtherMechanism",
     {"1 login", "1C: a COMPRESS LZ4", "1S: a BAD *", "1C: b COMPRESS", "1S: b BAD *", "1C: c NOOP", "1S: c OK *"}},
    {"WhatIsNotCompressedEndsTheSession",
     {"1 login", "1C: a COMPRESS DEFLATE", "1S: a OK *", "1C: b NOOP", "1 compress", "1S: * BYE *", "1 closed"}},
    {"UnauthenticateForgetsTheUser",
     {"1 login",
      "1C: a SELECT INBOX",
      "1S: * FLAGS *",
      "1S: * OK [PERM*",
      "1S: * 1 EXISTS",
      "1S: * 0 RECENT",
      "1S: * OK [UNSEEN 1] *",
      "1S: * OK [UIDV*",
      "1S: * OK [UIDN*",
      "1S: * OK [MAIL*",
      "1S: * OK [HIGH*",
      "1S: a OK *",
      "1C: b UNAUTHENTICATE",
      "1S: b OK *",
      "1C: c FETCH 1 FLAGS",
      "1S: c BAD Log in first",
      "1C: d LIST \"\" *",
      "1S: d BAD Log in first",
      "1C: e UNAUTHENTICATE",
      "1S: e BAD Log in first",
      "1C: f LOGIN bob@example.org secret",
      "1S: f OK *",
      "1C: g STATUS INBOX (MESSAGES)",
      "1S: * STATUS INBOX (MESSAGES 0)",
      "1S: g OK *"}},
    {"UnauthenticateAndLoginInOnePacket",
     {"1 login", "1C+ a UNAUTHENTICATE\r\nb LOGIN bob@example.org secret\r\n", "1S: a OK *", "1S: b OK *"}},
    {"UnauthenticateUnderCompressionEndsTheSession",
     {"1 login", "1C: a COMPRESS DEFLATE", "1S: a OK *", "1 compress", "1C: b UNAUTHENTICATE", "1S: * BYE *",
      "1S: b OK *", "1 closed"}},
};

TEST(Connection, IsCompressedAndGivenToAnother) {
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.name);
    House house;
    house.messages["plain"] = kPlain;
    house.append("INBOX", kPlain);
    house.play(test.script);
  }
}

/// Both come at once, however the simulated network cuts them.
TEST(Connection, NothingMayFollowCompressBeforeItsAnswer) {
  House house{1, {.network_delay_max = std::chrono::milliseconds{0}}};
  house.play({"1 login", "1C+ a COMPRESS DEFLATE\r\nb NOOP\r\n", "1S: a BAD *", "1S: b OK *"});
}

TEST(Connection, UnauthenticateGivesBackThePlaceAndTheTime) {
  House house;
  house.config.imap.connections_per_user_max = 1;
  house.play({"1 login", "1C: a UNAUTHENTICATE", "1S: a OK *", "2 login", "1C: b LOGIN alice@example.org secret",
              "1S: b NO [LIMIT] *", "1S: * BYE [UNAVAILABLE] Nothing heard for too long", "1 closed"});
}

const Script kQuota = {
    "1 login",
    "1C: a GETQUOTAROOT INBOX",
    "1S: * QUOTAROOT INBOX \"\"",
    "1S: * QUOTA \"\" (STORAGE 2 10 MESSAGE 2 5)",
    "1S: a OK *",
    "1C: b GETQUOTA \"\"",
    "1S: * QUOTA \"\" (STORAGE 2 10 MESSAGE 2 5)",
    "1S: b OK *",
    "1C: c GETQUOTAROOT Nowhere",
    "1S: * QUOTAROOT Nowhere \"\"",
    "1S: * QUOTA *",
    "1S: c OK *",
    "1C: d GETQUOTA \"#user/bob\"",
    "1S: d NO [NONEXISTENT] *",
    "1C: e SETQUOTA \"\" (STORAGE 512)",
    "1S: e NO [NOPERM] *",
    "1C: f SETQUOTA \"\"",
    "1S: f BAD *",
    "1C: g STATUS INBOX (MESSAGES DELETED DELETED-STORAGE)",
    "1S: * STATUS INBOX (MESSAGES 1 DELETED 1 DELETED-STORAGE 1025)",
    "1S: g OK *",
    "1C: h LIST \"\" Drafts RETURN (STATUS (DELETED-STORAGE))",
    "1S: * LIST *",
    "1S: * STATUS Drafts (DELETED-STORAGE 0)",
    "1S: h OK *",
    "1C: i GETQUOTA",
    "1S: i BAD *",
};

TEST(Quota, IsShown) {
  House house;
  house.append("INBOX", std::string(1'025, 'x'), {mailbox::SystemFlag::deleted});
  house.append("Drafts", "x");
  house.limit({11'000, 5});
  house.play(kQuota);
}

TEST(Quota, WithoutLimitsIsEmpty) {
  House house;
  house.play({"1 login", "1C: a GETQUOTA \"\"", "1S: a NO [NONEXISTENT] No such quota root",
              "1C: b GETQUOTAROOT INBOX", "1S: * QUOTAROOT INBOX", "1S: b OK *"});
}

}  // namespace
}  // namespace posthaste::imapd
