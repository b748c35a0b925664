#include "common/imap/store.h"

#include <utility>

#include "common/base/octets.h"
#include "common/imap/cursor.h"

namespace posthaste::imap {

namespace {

// store-modifiers: only UNCHANGEDSINCE exists (RFC 7162 §7).
Parsed<ModSeq> store_modifiers(Cursor& cursor) {
  if (!cursor.skip("(UNCHANGEDSINCE ")) return cursor.error();
  auto mod_seq = cursor.number64();
  if (!mod_seq) return std::unexpected(mod_seq.error());
  if (auto close = cursor.expect(')'); !close) return std::unexpected(close.error());
  return ModSeq{*mod_seq};
}

StoreOperation store_operation(Cursor& cursor) {
  if (cursor.skip('+')) return StoreOperation::add;
  if (cursor.skip('-')) return StoreOperation::remove;
  return StoreOperation::replace;
}

// store-att-flags, into `store`.
Parsed<void> store_flags(Cursor& cursor, Store& store) {
  store.operation = store_operation(cursor);
  const auto start = cursor.offset();
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  store.silent = iequals(*name, "FLAGS.SILENT");
  if (!store.silent && !iequals(*name, "FLAGS")) return cursor.error_at(start, SyntaxErrorKind::syntax);
  if (auto gap = cursor.space(); !gap) return gap;
  auto flags = flag_list_or_flags(cursor);
  if (!flags) return std::unexpected(flags.error());
  store.flags = std::move(*flags);
  return {};
}

}  // namespace

Parsed<Store> store(Cursor& cursor, NumberedBy numbered_by) {
  Store store;
  store.numbered_by = numbered_by;
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto set = sequence_set(cursor);
  if (!set) return std::unexpected(set.error());
  store.set = std::move(*set);
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  if (cursor.next_is('(')) {
    auto unchanged_since = store_modifiers(cursor);
    if (!unchanged_since) return std::unexpected(unchanged_since.error());
    store.unchanged_since = *unchanged_since;
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  }
  if (auto flags = store_flags(cursor, store); !flags) return std::unexpected(flags.error());
  return store;
}

}  // namespace posthaste::imap
