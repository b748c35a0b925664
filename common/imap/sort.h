// SORT and THREAD: what they order by, and what they look for (RFC 5256, RFC 5957, RFC 5267 §3).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "common/imap/numbering.h"
#include "common/imap/search.h"
#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

inline constexpr std::size_t kSortCriteriaMax = 16;

enum class SortKey {
  arrival,
  cc,
  date,
  from,
  size,
  subject,
  to,
  display_from,  // RFC 5957
  display_to,
};

struct SortCriterion {
  SortKey key = SortKey::arrival;
  bool reverse = false;
  bool operator==(const SortCriterion&) const = default;
};

/// SORT and UID SORT.
struct Sort {
  NumberedBy numbered_by = NumberedBy::sequence_number;
  std::optional<SearchReturn> returns;  // nothing: the answer is a plain SORT response
  std::vector<SortCriterion> criteria;  // one at least
  SearchAnd program;
  bool operator==(const Sort&) const = default;
};

enum class ThreadAlgorithm { ordered_subject, references };

/// THREAD and UID THREAD.
struct Thread {
  NumberedBy numbered_by = NumberedBy::sequence_number;
  ThreadAlgorithm algorithm = ThreadAlgorithm::references;
  SearchAnd program;
  bool operator==(const Thread&) const = default;
};

/// What follows "SORT". Errors: those of search(); too_long, beyond kSortCriteriaMax.
Parsed<Sort> sort(Cursor& cursor, NumberedBy numbered_by);
/// What follows "THREAD". Errors: those of search().
Parsed<Thread> thread(Cursor& cursor, NumberedBy numbered_by);

}  // namespace posthaste::imap
