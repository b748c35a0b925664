// STATUS: what it may ask of a mailbox (RFC 9051 §6.3.11).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

enum class StatusItem {
  messages,
  recent,  // RFC 3501 §6.3.10
  uid_next,
  uid_validity,
  unseen,
  deleted,
  size,             // RFC 8438
  deleted_storage,  // RFC 9208
  highest_mod_seq,  // RFC 7162
  mailbox_id,       // RFC 8474
  append_limit,     // RFC 7889
};

struct Status {
  std::string mailbox;
  std::vector<StatusItem> items;  // each once, in the client's order
  bool operator==(const Status&) const = default;
};

/// "UIDNEXT" and its like.
[[nodiscard]] std::string_view name_of(StatusItem item);

/// What follows "STATUS". Errors: syntax; bad_mailbox_name.
Parsed<Status> status(Cursor& cursor);
/// "(" status-att *(SP status-att) ")"; an item that we do not know is a syntax error.
Parsed<std::vector<StatusItem>> status_items(Cursor& cursor);

}  // namespace posthaste::imap
