#include "common/imap/append.h"

#include <utility>

#include "common/imap/cursor.h"

namespace posthaste::imap {

namespace {

// append-message (RFC 3502 §6.3.11): [flag-list SP] [date-time SP] literal
Parsed<AppendMessage> append_message(Cursor& cursor) {
  AppendMessage message;
  if (cursor.next_is('(')) {
    auto flags = flag_list(cursor);
    if (!flags) return std::unexpected(flags.error());
    message.flags = std::move(*flags);
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  }
  if (cursor.next_is('"')) {
    auto internal_date = date_time(cursor);
    if (!internal_date) return std::unexpected(internal_date.error());
    message.internal_date = *internal_date;
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  }
  auto literal = cursor.literal();
  if (!literal) return std::unexpected(literal.error());
  message.octets = literal->octets;
  message.binary = literal->binary;
  return message;
}

bool only_spaces_follow(const Cursor& cursor) {
  return cursor.rest().find_first_not_of(' ') == std::string_view::npos;
}

}  // namespace

Parsed<Append> append(Cursor& cursor) {
  Append append;
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto mailbox = cursor.mailbox();
  if (!mailbox) return std::unexpected(mailbox.error());
  append.mailbox = std::move(*mailbox);
  do {
    if (append.messages.size() == kAppendMessagesMax) return cursor.error(SyntaxErrorKind::too_long);
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
    auto message = append_message(cursor);
    if (!message) return std::unexpected(message.error());
    append.messages.push_back(std::move(*message));
  } while (!only_spaces_follow(cursor));
  return append;
}

}  // namespace posthaste::imap
