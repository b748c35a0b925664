// What sessions hear of changes when there are many (RFC 9051 §7.5.1).
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

/// Sessions 1 and 2 have an INBOX of three messages open.
Script opened_then(const Script& then) {
  Script script;
  for (const std::string client : {"1", "2"}) {
    script.push_back(client + " login");
    script.push_back(client + "C: o SELECT INBOX");
    for (const char* line : {"* FLAGS *", "* OK [PERM*", "* 3 EXISTS", "* 0 RECENT", "* OK [UNSEEN 1] *",
                             "* OK [UIDV*", "* OK [UIDN*", "* OK [MAIL*", "* OK [HIGH*", "o OK *"}) {
      script.push_back(client + "S: " + line);
    }
  }
  script.insert(script.end(), then.begin(), then.end());
  return script;
}

TEST(News, SubscriptionsEndWithTheirSessions) {
  House house;
  house.messages["plain"] = kPlain;
  for (int i = 0; i < 3; ++i) house.append("INBOX", kPlain);
  house.play(opened_then({"1C: a IDLE", "1S: + idling"}));
  EXPECT_EQ(house.subscriptions.count(), 0U);  // all sessions have ended
}

/// A FETCH that sets \Seen does so in parts, each at a modseq of its own.
TEST(News, ChangesOfOthersBetweenTwoPartsOfAFetchAreTold) {
  constexpr int kMessages = 300;
  House house;
  for (int i = 0; i < kMessages; ++i) house.append("INBOX", kPlain);
  mailbox::Batch flagging;
  const mailbox::UidRange first_message{Uid{1}, Uid{1}};
  flagging.operations.emplace_back(mailbox::StoreFlags{house.store().read(house.alice())->mailbox("INBOX")->id,
                                                       mailbox::UidSet{first_message},
                                                       mailbox::FlagMode::add,
                                                       mailbox::FlagSet{mailbox::SystemFlag::flagged},
                                                       {},
                                                       std::nullopt});
  house.applier.others[house.applier.batches + 2] = std::move(flagging);
  Script script{"1 login", "1C: o SELECT INBOX"};
  for (const char* line : {"1S: * FLAGS *", "1S: * OK [PERM*", "1S: * 300 EXISTS", "1S: * 0 RECENT",
                           "1S: * OK [UNSEEN 1] *", "1S: * OK [UIDV*", "1S: * OK [UIDN*", "1S: * OK [MAIL*",
                           "1S: * OK [HIGH*", "1S: o OK *", "1C: a FETCH 1:* BODY[]<0.1>"}) {
    script.emplace_back(line);
  }
  for (int i = 1; i <= kMessages; ++i) {
    script.push_back("1S: * " + std::to_string(i) + " FETCH (BODY[]<0> {1}");
    script.emplace_back("1S: F FLAGS (\\Seen))");
  }
  script.emplace_back("1S: * 1 FETCH (FLAGS (\\Flagged \\Seen))");
  script.emplace_back("1S: a OK *");
  house.play(script);
}

TEST(News, ManyFlagsAtOnce) {
  House house;
  for (int i = 0; i < 3; ++i) house.append("INBOX", kPlain);
  house.play(opened_then({"1C: a UID STORE 1:* +FLAGS (\\Seen)", "1S: * 1 FETCH (UID 1 FLAGS (\\Seen))",
                          "1S: * 2 FETCH (UID 2 FLAGS (\\Seen))", "1S: * 3 FETCH (UID 3 FLAGS (\\Seen))",
                          "1S: a OK Flags stored", "2C: b UID SEARCH SEEN", "2S: * SEARCH 1 2 3",
                          "2S: * 1 FETCH (UID 1 FLAGS (\\Seen))", "2S: * 2 FETCH (UID 2 FLAGS (\\Seen))",
                          "2S: * 3 FETCH (UID 3 FLAGS (\\Seen))", "2S: b OK *"}));
  EXPECT_EQ(house.applier.batches, 3 * 2 + 1);  // each append() makes the user too
}

}  // namespace
}  // namespace posthaste::imapd
