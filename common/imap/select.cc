#include "common/imap/select.h"

#include <utility>

#include "common/base/octets.h"
#include "common/imap/cursor.h"

namespace posthaste::imap {

namespace {

// seq-match-data
Parsed<SequenceMatch> sequence_match(Cursor& cursor) {
  const auto start = cursor.offset();
  SequenceMatch match;
  if (auto open = cursor.expect('('); !open) return std::unexpected(open.error());
  auto sequence_numbers = uid_set(cursor);
  if (!sequence_numbers) return std::unexpected(sequence_numbers.error());
  match.sequence_numbers = std::move(*sequence_numbers);
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto uids = uid_set(cursor);
  if (!uids) return std::unexpected(uids.error());
  match.uids = std::move(*uids);
  if (auto close = cursor.expect(')'); !close) return std::unexpected(close.error());
  if (match.sequence_numbers.count() != match.uids.count()) {
    return cursor.error_at(start, SyntaxErrorKind::syntax);
  }
  return match;
}

// What follows "QRESYNC".
Parsed<Resynchronization> resynchronization(Cursor& cursor) {
  Resynchronization known;
  if (!cursor.skip(" (")) return cursor.error();
  auto uid_validity = cursor.nz_number();
  if (!uid_validity) return std::unexpected(uid_validity.error());
  known.uid_validity = UidValidity{*uid_validity};
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto mod_seq = cursor.nz_number64();
  if (!mod_seq) return std::unexpected(mod_seq.error());
  known.mod_seq = ModSeq{*mod_seq};
  if (cursor.skip(' ') && !cursor.next_is('(')) {
    auto uids = uid_set(cursor);
    if (!uids) return std::unexpected(uids.error());
    known.known_uids = std::move(*uids);
    cursor.skip(' ');
  }
  if (cursor.next_is('(')) {
    auto match = sequence_match(cursor);
    if (!match) return std::unexpected(match.error());
    known.match = std::move(*match);
  }
  if (auto close = cursor.expect(')'); !close) return std::unexpected(close.error());
  return known;
}

// select-param, into `parameters`.
Parsed<void> select_parameter(Cursor& cursor, SelectParameters& parameters) {
  const auto start = cursor.offset();
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  if (iequals(*name, "CONDSTORE")) {
    parameters.condstore = true;
    return {};
  }
  if (!iequals(*name, "QRESYNC")) return cursor.error_at(start, SyntaxErrorKind::syntax);
  auto known = resynchronization(cursor);
  if (!known) return std::unexpected(known.error());
  parameters.resynchronization = std::move(*known);
  return {};
}

}  // namespace

Parsed<SelectParameters> select_parameters(Cursor& cursor) {
  SelectParameters parameters;
  if (!cursor.skip(" (")) return parameters;
  do {
    if (auto parameter = select_parameter(cursor, parameters); !parameter)
      return std::unexpected(parameter.error());
  } while (cursor.skip(' '));
  if (auto close = cursor.expect(')'); !close) return std::unexpected(close.error());
  return parameters;
}

}  // namespace posthaste::imap
