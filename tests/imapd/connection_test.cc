// COMPRESS (RFC 4978) and UNAUTHENTICATE (RFC 8437).
#include "house.h"

namespace posthaste::imapd {
namespace {

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
