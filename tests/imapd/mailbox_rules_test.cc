// Rules of the hierarchy that take many commands (RFC 9051 §6.3.6, RFC 5258).
#include "house.h"
#include "messages.h"

namespace posthaste::imapd {
namespace {

// The user's own mailboxes are Archive, Drafts, INBOX, Junk, Sent and Trash, all of them subscribed to.

/// Of a large INBOX the store moves a part at a time, and serves others between two of them.
TEST(MailboxRules, OfRenamingALargeInbox) {
  House house;
  house.messages["plain"] = kPlain;
  Script script{"1 login", "deliver plain INBOX", "1 select INBOX"};
  for (std::size_t messages = 1; messages <= 2 * mailbox::kRenamedMessagesMax; messages *= 2) {
    script.emplace_back("1C: c UID COPY 1:* INBOX");
    script.push_back("1S: * " + std::to_string(2 * messages) + " EXISTS");
    script.emplace_back("1S: * *");
    script.emplace_back("1S: c OK *");
  }
  house.play(script);
  const std::string all = std::to_string(4 * mailbox::kRenamedMessagesMax);
  const int before = house.applier.batches;
  house.play({"2 login", "2C: a RENAME INBOX Old", "2S: a OK *", "2C: b STATUS Old (MESSAGES)",
              "2S: * STATUS Old (MESSAGES " + all + ")", "2S: b OK *", "2C: c STATUS INBOX (MESSAGES)",
              "2S: * STATUS INBOX (MESSAGES 0)", "2S: c OK *"});
  EXPECT_GE(house.applier.batches - before, 4);
}

/// RFC 5258 §5, example 9.
TEST(MailboxRules, OfChildInfo) {
  Script script{"1 login"};
  for (const std::string name : {"Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"}) {
    script.push_back("1C: u UNSUBSCRIBE " + name);
    script.emplace_back("1S: u OK *");
  }
  const std::string subscribed[] = {"foo2/bar1",   "foo2/bar2",  "baz2/bar2", "baz2/bar22",
                                    "baz2/bar222", "eps2/mamba", "qux2/bar2"};
  for (const std::string& name : subscribed) {
    script.push_back("1C: c CREATE " + name);
    script.emplace_back("1S: c OK *");
    script.push_back("1C: s SUBSCRIBE " + name);
    script.emplace_back("1S: s OK *");
  }
  const Script dialogue{
      "1C: c SUBSCRIBE eps2",
      "1S: c OK *",
      "1C: d DELETE qux2",
      "1S: d OK *",
      "1C: D03 LIST (RECURSIVEMATCH SUBSCRIBED) \"\" *2",
      "1S: * LIST (\\HasNoChildren \\Subscribed) \"/\" baz2/bar2",
      "1S: * LIST (\\HasNoChildren \\Subscribed) \"/\" baz2/bar22",
      "1S: * LIST (\\HasNoChildren \\Subscribed) \"/\" baz2/bar222",
      "1S: * LIST (\\HasChildren \\Subscribed) \"/\" eps2 (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: * LIST (\\HasChildren) \"/\" foo2 (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: * LIST (\\HasNoChildren \\Subscribed) \"/\" foo2/bar2",
      "1S: * LIST (\\HasNoChildren \\Subscribed) \"/\" qux2/bar2",
      "1S: D03 OK *",
      "1C: D04 LIST (RECURSIVEMATCH SUBSCRIBED) \"\" %",
      "1S: * LIST (\\HasChildren) \"/\" baz2 (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: * LIST (\\HasChildren \\Subscribed) \"/\" eps2 (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: * LIST (\\HasChildren) \"/\" foo2 (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: * LIST (\\NonExistent \\Noselect \\HasChildren) \"/\" qux2 (CHILDINFO (\"SUBSCRIBED\"))",
      "1S: D04 OK *",
      "1C: D05 LIST (SUBSCRIBED) \"\" %",
      "1S: * LIST (\\HasChildren \\Subscribed) \"/\" eps2",
      "1S: D05 OK *"};
  script.insert(script.end(), dialogue.begin(), dialogue.end());
  House house;
  house.play(script);
}

}  // namespace
}  // namespace posthaste::imapd
