// STORE: changing the flags of messages (RFC 9051 §6.4.6, RFC 7162 §3.1.3).
#pragma once

#include <optional>

#include "common/base/ids.h"
#include "common/imap/flags.h"
#include "common/imap/numbering.h"
#include "common/imap/sequence_set.h"
#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

enum class StoreOperation { replace, add, remove };

/// STORE and UID STORE.
struct Store {
  NumberedBy numbered_by = NumberedBy::sequence_number;
  SequenceSet set;
  std::optional<ModSeq> unchanged_since;  // zero: no message qualifies (RFC 7162 §3.1.3)
  StoreOperation operation = StoreOperation::replace;
  bool silent = false;
  Flags flags;
  bool operator==(const Store&) const = default;
};

/// What follows "STORE". Errors: syntax; too_long.
Parsed<Store> store(Cursor& cursor, NumberedBy numbered_by);

}  // namespace posthaste::imap
