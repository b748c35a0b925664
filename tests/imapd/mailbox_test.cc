// APPEND: of binary, of too much, and when the store refuses.
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

TEST(Mailboxes, AppendOfBinary) {
  House house;
  house.play({"1 login", std::string("1C+ a APPEND Drafts ~{3+}\r\na\0b\r\n", 32), "1S: a OK [APPENDUID *",
              "1C: o EXAMINE Drafts", "1S: * FLAGS *", "1S: * OK [PERM*", "1S: * 1 EXISTS", "1S: * 0 RECENT",
              "1S: * OK [UNSEEN 1] *", "1S: * OK [UIDV*", "1S: * OK [UIDN*", "1S: * OK [MAIL*", "1S: * OK [HIGH*",
              "1S: o OK *", "1C: b FETCH 1 (BINARY.PEEK[] BODY.PEEK[])", "1S: * 1 FETCH (BINARY[] ~{3}",
              std::string("1S: a\0b BODY[] {3}", 18),
              "1S: a\x80"
              "b)",
              "1S: b OK *"});
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
  mailbox::StoreError error;
  const char* answer;
};

const FailureCase kFailures[] = {
    {mailbox::StoreError::over_quota, "1S: a NO [OVERQUOTA] Quota exceeded"},
    {mailbox::StoreError::full, "1S: a NO [UNAVAILABLE] Mail system full, try again later"},
    {mailbox::StoreError::io,
     "1S: a NO [UNAVAILABLE] No answer from the mail store, or an error in it: look what was done"},
    {mailbox::StoreError::unavailable,
     "1S: a NO [UNAVAILABLE] The mail store is away, or has no room for this now; try again later"},
    {mailbox::StoreError::no_such_mailbox, "1S: a NO [TRYCREATE] No such mailbox"},
    {mailbox::StoreError::too_many_keywords, "1S: a NO [LIMIT] Too many keywords in this mailbox"},
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
