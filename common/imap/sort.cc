#include "common/imap/sort.h"

#include <string_view>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/cursor.h"

namespace posthaste::imap {

namespace {

struct NamedKey {
  std::string_view name;
  SortKey key;
};

constexpr NamedKey kSortKeys[] = {
    {"ARRIVAL", SortKey::arrival},
    {"CC", SortKey::cc},
    {"DATE", SortKey::date},
    {"FROM", SortKey::from},
    {"SIZE", SortKey::size},
    {"SUBJECT", SortKey::subject},
    {"TO", SortKey::to},
    {"DISPLAYFROM", SortKey::display_from},
    {"DISPLAYTO", SortKey::display_to},
};

// sort-key
Parsed<SortKey> sort_key(Cursor& cursor) {
  const auto start = cursor.offset();
  auto name = cursor.label();
  if (!name) return std::unexpected(name.error());
  for (const auto& entry : kSortKeys) {
    if (iequals(*name, entry.name)) return entry.key;
  }
  return cursor.error_at(start, SyntaxErrorKind::syntax);
}

// sort-criterion
Parsed<SortCriterion> sort_criterion(Cursor& cursor) {
  const bool reverse = cursor.skip("REVERSE ");
  auto key = sort_key(cursor);
  if (!key) return std::unexpected(key.error());
  return SortCriterion{*key, reverse};
}

// SP search-criteria: the charset, which may not lack here, and the program.
Parsed<SearchAnd> search_criteria(Cursor& cursor) {
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto charset = search_charset(cursor);
  if (!charset) return std::unexpected(charset.error());
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  return search_program(cursor, *charset);
}

}  // namespace

Parsed<Sort> sort(Cursor& cursor, NumberedBy numbered_by) {
  Sort sort;
  sort.numbered_by = numbered_by;
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  if (cursor.skip("RETURN")) {
    auto returns = search_return(cursor);
    if (!returns) return std::unexpected(returns.error());
    sort.returns = *returns;
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  }
  const auto start = cursor.offset();
  auto criteria = cursor.list_of(sort_criterion, kSortCriteriaMax);
  if (!criteria) return std::unexpected(criteria.error());
  if (criteria->empty()) return cursor.error_at(start, SyntaxErrorKind::syntax);
  sort.criteria = std::move(*criteria);
  auto program = search_criteria(cursor);
  if (!program) return std::unexpected(program.error());
  sort.program = std::move(*program);
  return sort;
}

Parsed<Thread> thread(Cursor& cursor, NumberedBy numbered_by) {
  Thread thread;
  thread.numbered_by = numbered_by;
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  const auto start = cursor.offset();
  auto algorithm = cursor.label();
  if (!algorithm) return std::unexpected(algorithm.error());
  if (iequals(*algorithm, "ORDEREDSUBJECT")) {
    thread.algorithm = ThreadAlgorithm::ordered_subject;
  } else if (!iequals(*algorithm, "REFERENCES")) {
    return cursor.error_at(start, SyntaxErrorKind::syntax);
  }
  auto program = search_criteria(cursor);
  if (!program) return std::unexpected(program.error());
  thread.program = std::move(*program);
  return thread;
}

}  // namespace posthaste::imap
