#include "common/imap/status.h"

#include <algorithm>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/cursor.h"

namespace posthaste::imap {

namespace {

constexpr StatusItem kStatusItems[] = {
    StatusItem::messages,   StatusItem::recent,       StatusItem::uid_next,       StatusItem::uid_validity,
    StatusItem::unseen,     StatusItem::deleted,      StatusItem::size,           StatusItem::highest_mod_seq,
    StatusItem::mailbox_id, StatusItem::append_limit, StatusItem::deleted_storage};

// status-att
Parsed<StatusItem> status_item(Cursor& cursor) {
  const auto start = cursor.offset();
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  for (const StatusItem item : kStatusItems) {
    if (iequals(*name, name_of(item))) return item;
  }
  return cursor.error_at(start, SyntaxErrorKind::syntax);
}

std::vector<StatusItem> each_once(const std::vector<StatusItem>& items) {
  std::vector<StatusItem> unique;
  for (const StatusItem item : items) {
    if (std::ranges::find(unique, item) == unique.end()) unique.push_back(item);
  }
  return unique;
}

}  // namespace

std::string_view name_of(StatusItem item) {
  switch (item) {
    case StatusItem::messages: return "MESSAGES";
    case StatusItem::recent: return "RECENT";
    case StatusItem::uid_next: return "UIDNEXT";
    case StatusItem::uid_validity: return "UIDVALIDITY";
    case StatusItem::unseen: return "UNSEEN";
    case StatusItem::deleted: return "DELETED";
    case StatusItem::size: return "SIZE";
    case StatusItem::deleted_storage: return "DELETED-STORAGE";
    case StatusItem::highest_mod_seq: return "HIGHESTMODSEQ";
    case StatusItem::mailbox_id: return "MAILBOXID";
    case StatusItem::append_limit: return "APPENDLIMIT";
  }
  std::unreachable();
}

Parsed<std::vector<StatusItem>> status_items(Cursor& cursor) {
  constexpr std::size_t kItemsMax = 64;
  const auto start = cursor.offset();
  auto items = cursor.list_of(status_item, kItemsMax);
  if (!items) return items;
  if (items->empty()) return cursor.error_at(start, SyntaxErrorKind::syntax);
  return each_once(*items);
}

Parsed<Status> status(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto mailbox = cursor.mailbox();
  if (!mailbox) return std::unexpected(mailbox.error());
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto items = status_items(cursor);
  if (!items) return std::unexpected(items.error());
  return Status{std::move(*mailbox), std::move(*items)};
}

}  // namespace posthaste::imap
