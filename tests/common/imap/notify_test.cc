// NOTIFY, as RFC 5465 §8 writes it.
#include "common/imap/notify.h"

#include <gtest/gtest.h>

#include "common/imap/command.h"

namespace posthaste::imap {
namespace {

NotifyEvents messages() {
  NotifyEvents events;
  events.message_new = events.message_expunge = true;
  return events;
}

struct Case {
  const char* name;
  const char* text;
  Notify expected;
};

TEST(Notify, IsReadAsTheRfcWritesIt) {
  NotifyEvents with_items = messages();
  with_items.new_items = {FetchAttribute::uid, FetchAttribute::flags};
  NotifyEvents with_flags = messages();
  with_flags.flag_change = true;
  NotifyEvents names;
  names.mailbox_name = names.subscription_change = true;
  NotifyEvents metadata;
  metadata.mailbox_metadata_change = metadata.server_metadata_change = true;
  NotifyEvents other = messages();
  other.unsupported = true;
  const Case kCases[] = {
      {"None", "a NOTIFY NONE", {false, {}}},
      {"Selected",
       "a notify set (selected (Messagenew (uid flags) messageExpunge)) (personal (MessageNew FlagChange "
       "MessageExpunge))",
       {false, {{NotifyFilter::selected, {}, with_items}, {NotifyFilter::personal, {}, with_flags}}}},
      {"Status",
       "a NOTIFY SET STATUS (subtree Lists (MessageNew MessageExpunge))",
       {true, {{NotifyFilter::subtree, {"Lists"}, messages()}}}},
      {"SubtreeOfAll",
       "a NOTIFY SET (subtree \"\" (MessageNew MessageExpunge)) (subtree (Lists \"\") NONE)",
       {false, {{NotifyFilter::subtree, {""}, messages()}, {NotifyFilter::subtree, {"Lists", ""}, {}}}}},
      {"SubtreeOfAllAsALiteral",
       "a NOTIFY SET (subtree {0}\r\n (MessageNew MessageExpunge))",
       {false, {{NotifyFilter::subtree, {""}, messages()}}}},
      {"ManyMailboxes",
       "a NOTIFY SET (mailboxes (a \"b c\" inbox) (MailboxName SubscriptionChange)) (selected-delayed NONE)",
       {false,
        {{NotifyFilter::mailboxes, {"a", "b c", "INBOX"}, names}, {NotifyFilter::selected_delayed, {}, {}}}}},
      {"TheOtherFilters",
       "a NOTIFY SET (inboxes NONE) (subscribed (MessageNew MessageExpunge))",
       {false, {{NotifyFilter::inboxes, {}, {}}, {NotifyFilter::subscribed, {}, messages()}}}},
      {"Metadata",
       "a NOTIFY SET (personal (MailboxMetadataChange servermetadatachange))",
       {false, {{NotifyFilter::personal, {}, metadata}}}},
      {"AnUnknownEventIsNoErrorOfSyntax",
       "a NOTIFY SET (personal (MessageNew MessageExpunge Frobbed))",
       {false, {{NotifyFilter::personal, {}, other}}}},
  };
  for (const auto& test : kCases) {
    const auto command = parse_command(test.text);
    ASSERT_TRUE(command) << test.name;
    EXPECT_EQ(std::get<Notify>(command->body), test.expected) << test.name;
  }
}

TEST(Notify, WhatCannotBeIsRefused) {
  for (const char* text : {
           "a NOTIFY",
           "a NOTIFY FROB",
           "a NOTIFY SET",
           "a NOTIFY SET STATUS",
           "a NOTIFY SET ()",
           "a NOTIFY SET (selected)",
           "a NOTIFY SET (selected ())",
           "a NOTIFY SET (frob NONE)",
           "a NOTIFY SET (selected (MessageNew))",
           "a NOTIFY SET (selected (MessageExpunge))",
           "a NOTIFY SET (selected (FlagChange))",
           "a NOTIFY SET (selected (MailboxName))",
           "a NOTIFY SET (selected (MessageNew () MessageExpunge))",
           "a NOTIFY SET (personal (MessageNew (UID) MessageExpunge))",
           "a NOTIFY SET (mailboxes NONE)",
           "a NOTIFY SET (mailboxes () NONE)",
           "a NOTIFY SET (subtree a//b NONE)",
           "a NOTIFY SET (mailboxes \"\" NONE)",
           "a NOTIFY SET (subtree \"\"x NONE)",
           "a NOTIFY SET (subtree () NONE)",
           "a NOTIFY SET (selected NONE) (selected NONE)",
           "a NOTIFY SET (selected NONE) (selected-delayed NONE)",
           "a NOTIFY SET (selected NONE",
           "a NOTIFY SET (selected NONE) x",
           "a NOTIFY NONE NONE",
       }) {
    EXPECT_FALSE(parse_command(text)) << text;
  }
  std::string many = "a NOTIFY SET";
  for (std::size_t i = 0; i <= kNotifyGroupsMax; ++i) many += " (personal NONE)";
  EXPECT_FALSE(parse_command(many));
}

}  // namespace
}  // namespace posthaste::imap
