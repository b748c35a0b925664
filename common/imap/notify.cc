#include "common/imap/notify.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/cursor.h"

namespace posthaste::imap {

namespace {

struct FilterName {
  std::string_view name;
  NotifyFilter filter;
};

constexpr FilterName kFilters[] = {
    {"SELECTED", NotifyFilter::selected},     {"SELECTED-DELAYED", NotifyFilter::selected_delayed},
    {"INBOXES", NotifyFilter::inboxes},       {"PERSONAL", NotifyFilter::personal},
    {"SUBSCRIBED", NotifyFilter::subscribed}, {"SUBTREE", NotifyFilter::subtree},
    {"MAILBOXES", NotifyFilter::mailboxes},
};

struct EventName {
  std::string_view name;
  bool NotifyEvents::*member;
};

constexpr EventName kEvents[] = {
    {"MESSAGENEW", &NotifyEvents::message_new},
    {"MESSAGEEXPUNGE", &NotifyEvents::message_expunge},
    {"FLAGCHANGE", &NotifyEvents::flag_change},
    {"MAILBOXNAME", &NotifyEvents::mailbox_name},
    {"SUBSCRIPTIONCHANGE", &NotifyEvents::subscription_change},
    {"MAILBOXMETADATACHANGE", &NotifyEvents::mailbox_metadata_change},
    {"SERVERMETADATACHANGE", &NotifyEvents::server_metadata_change},
};

bool is_about_selected(NotifyFilter filter) {
  return filter == NotifyFilter::selected || filter == NotifyFilter::selected_delayed;
}

// mailbox. The empty name is what all mailboxes lie below (RFC 9051 §5.1), so a subtree may begin there.
Parsed<std::string> filtered_mailbox(Cursor& cursor, NotifyFilter filter) {
  const auto start = cursor.offset();
  if (filter == NotifyFilter::subtree && (cursor.next_is('"') || cursor.next_is('{'))) {
    const auto name = cursor.string();
    if (name && name->empty()) return std::string{};
    cursor.rewind(start);
  }
  return cursor.mailbox();
}

// one-or-more-mailbox
Parsed<std::vector<std::string>> one_or_more_mailbox(Cursor& cursor, NotifyFilter filter) {
  const auto start = cursor.offset();
  const auto one = [filter](Cursor& at) { return filtered_mailbox(at, filter); };
  if (!cursor.next_is('(')) {
    auto mailbox = one(cursor);
    if (!mailbox) return std::unexpected(mailbox.error());
    return std::vector<std::string>{std::move(*mailbox)};
  }
  auto mailboxes = cursor.list_of(one, kNotifyMailboxesMax);
  if (mailboxes && mailboxes->empty()) return cursor.error_at(start, SyntaxErrorKind::syntax);
  return mailboxes;
}

// filter-mailboxes, into `group`.
Parsed<void> filter_mailboxes(Cursor& cursor, NotifyGroup& group) {
  const auto start = cursor.offset();
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  const auto entry =
      std::ranges::find_if(kFilters, [&name](const FilterName& each) { return iequals(*name, each.name); });
  if (entry == std::end(kFilters)) return cursor.error_at(start, SyntaxErrorKind::syntax);
  group.filter = entry->filter;
  if (group.filter != NotifyFilter::subtree && group.filter != NotifyFilter::mailboxes) return {};
  if (auto gap = cursor.space(); !gap) return gap;
  auto mailboxes = one_or_more_mailbox(cursor, group.filter);
  if (!mailboxes) return std::unexpected(mailboxes.error());
  group.mailboxes = std::move(*mailboxes);
  return {};
}

// event, into `events`. One that we do not know is no error of syntax (RFC 5465 §3.1).
Parsed<void> event(Cursor& cursor, NotifyEvents& events) {
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  const auto entry =
      std::ranges::find_if(kEvents, [&name](const EventName& each) { return iequals(*name, each.name); });
  if (entry == std::end(kEvents)) {
    events.unsupported = true;
    return {};
  }
  events.*entry->member = true;
  if (entry->member != &NotifyEvents::message_new || !cursor.skip(" (")) return {};
  cursor.rewind(cursor.offset() - 1);
  auto items = fetch_items(cursor);
  if (!items) return std::unexpected(items.error());
  events.new_items = std::move(*items);
  return {};
}

// events
Parsed<NotifyEvents> notify_events(Cursor& cursor) {
  NotifyEvents events;
  if (cursor.skip("NONE")) return events;
  if (auto open = cursor.expect('('); !open) return std::unexpected(open.error());
  do {
    if (auto read = event(cursor, events); !read) return std::unexpected(read.error());
  } while (cursor.skip(' '));
  if (auto close = cursor.expect(')'); !close) return std::unexpected(close.error());
  return events;
}

// Which events may stand together, and where (RFC 5465 §5, §6.1 and §8).
bool may_be(const NotifyGroup& group) {
  const NotifyEvents& events = group.events;
  if (events.message_new != events.message_expunge) return false;
  if (events.flag_change && !events.message_new) return false;
  const bool beyond_messages = events.mailbox_name || events.subscription_change ||
                               events.mailbox_metadata_change || events.server_metadata_change;
  if (is_about_selected(group.filter)) return !beyond_messages;
  return events.new_items.empty();
}

// event-group
Parsed<NotifyGroup> event_group(Cursor& cursor) {
  const auto start = cursor.offset();
  NotifyGroup group;
  if (auto open = cursor.expect('('); !open) return std::unexpected(open.error());
  if (auto filter = filter_mailboxes(cursor, group); !filter) return std::unexpected(filter.error());
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto events = notify_events(cursor);
  if (!events) return std::unexpected(events.error());
  group.events = std::move(*events);
  if (auto close = cursor.expect(')'); !close) return std::unexpected(close.error());
  if (!may_be(group)) return cursor.error_at(start, SyntaxErrorKind::syntax);
  return group;
}

}  // namespace

Parsed<Notify> notify(Cursor& cursor) {
  Notify notify;
  if (cursor.skip(" NONE")) return notify;
  const auto start = cursor.offset();
  if (!cursor.skip(" SET")) return cursor.error();
  notify.status = cursor.skip(" STATUS");
  while (cursor.skip(" (")) {
    if (notify.groups.size() == kNotifyGroupsMax) return cursor.error(SyntaxErrorKind::too_long);
    cursor.rewind(cursor.offset() - 1);
    auto group = event_group(cursor);
    if (!group) return std::unexpected(group.error());
    notify.groups.push_back(std::move(*group));
  }
  const auto about_selected = std::ranges::count_if(
      notify.groups, [](const NotifyGroup& group) { return is_about_selected(group.filter); });
  if (notify.groups.empty() || about_selected > 1) return cursor.error_at(start, SyntaxErrorKind::syntax);
  return notify;
}

}  // namespace posthaste::imap
