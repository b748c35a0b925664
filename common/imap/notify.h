// NOTIFY: of which events in which mailboxes a client wants to hear unasked (RFC 5465).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/imap/fetch.h"
#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

inline constexpr std::size_t kNotifyGroupsMax = 64;
inline constexpr std::size_t kNotifyMailboxesMax = 1'000;  // in one group

/// filter-mailboxes. The first two are about the selected mailbox, the others about all but it.
enum class NotifyFilter { selected, selected_delayed, inboxes, personal, subscribed, subtree, mailboxes };

/// The events of a group; none for NONE.
struct NotifyEvents {
  bool message_new = false;
  bool message_expunge = false;
  bool flag_change = false;
  bool mailbox_name = false;
  bool subscription_change = false;
  bool mailbox_metadata_change = false;
  bool server_metadata_change = false;
  std::vector<FetchItem> new_items;  // of MessageNew, in the selected mailbox alone
  bool unsupported = false;          // an event that is not among these was asked for
  bool operator==(const NotifyEvents&) const = default;
};

/// event-group
struct NotifyGroup {
  NotifyFilter filter = NotifyFilter::selected;
  std::vector<std::string> mailboxes;  // of subtree and mailboxes; a subtree of "" is all of them
  NotifyEvents events;
  bool operator==(const NotifyGroup&) const = default;
};

/// NOTIFY SET, or NOTIFY NONE, which has no groups.
struct Notify {
  bool status = false;  // STATUS of all mailboxes is to come first
  std::vector<NotifyGroup> groups;
  bool operator==(const Notify&) const = default;
};

/// What follows "NOTIFY". Errors: syntax, also for events that cannot be together or not there (RFC 5465 §5 and
/// §6.1); bad_mailbox_name; too_long.
Parsed<Notify> notify(Cursor& cursor);

}  // namespace posthaste::imap
