#include "common/imap/append.h"

#include <utility>

#include "common/imap/cursor.h"

namespace posthaste::imap {

namespace {

// cat-part (RFC 4469 §5)
Parsed<CatenatePart> catenate_part(Cursor& cursor) {
  if (cursor.skip("URL ")) {
    auto url = cursor.astring();
    if (!url) return std::unexpected(url.error());
    return CatenateUrl{std::move(*url)};
  }
  const bool utf8 = cursor.skip("UTF8 (");  // RFC 6855 §4
  if (!utf8 && !cursor.skip("TEXT ")) return cursor.error();
  auto text = cursor.literal();
  if (!text) return std::unexpected(text.error());
  if (utf8 && (!text->binary || !cursor.skip(')'))) return cursor.error();
  return CatenateText{std::string{text->octets}};
}

// append-data: a literal, one that may have UTF-8 in its header (RFC 6855 §4), or CATENATE and its parts.
Parsed<void> append_data(Cursor& cursor, AppendMessage& message) {
  if (cursor.skip("CATENATE ")) {
    const auto start = cursor.offset();
    auto parts = cursor.list_of(catenate_part, kCatenatePartsMax);
    if (!parts) return std::unexpected(parts.error());
    if (parts->empty()) return cursor.error_at(start, SyntaxErrorKind::syntax);
    message.parts = std::move(*parts);
    return {};
  }
  const bool utf8 = cursor.skip("UTF8 (");
  auto literal = cursor.literal();
  if (!literal) return std::unexpected(literal.error());
  if (utf8 && (!literal->binary || !cursor.skip(')'))) return cursor.error();
  message.parts.emplace_back(CatenateText{std::string{literal->octets}});
  message.binary = literal->binary;
  return {};
}

// append-message (RFC 3502 §6.3.11): [flag-list SP] [date-time SP] append-data
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
  if (auto data = append_data(cursor, message); !data) return std::unexpected(data.error());
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

Parsed<Replace> replace(Cursor& cursor, NumberedBy numbered_by) {
  Replace replace;
  replace.numbered_by = numbered_by;
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  if (!cursor.skip('*')) {
    auto number = cursor.nz_number();
    if (!number) return std::unexpected(number.error());
    replace.number = *number;
  }
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto mailbox = cursor.mailbox();
  if (!mailbox) return std::unexpected(mailbox.error());
  replace.mailbox = std::move(*mailbox);
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto message = append_message(cursor);
  if (!message) return std::unexpected(message.error());
  replace.message = std::move(*message);
  return replace;
}

}  // namespace posthaste::imap
