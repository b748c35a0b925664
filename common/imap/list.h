// LIST with its extended options (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/imap/status.h"
#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

inline constexpr std::size_t kListPatternsMax = 64;

/// list-select-opts: which mailboxes.
struct ListSelection {
  bool subscribed = false;
  bool remote = false;
  bool recursive_match = false;  // only ever beside `subscribed` or `special_use`
  bool special_use = false;
  bool operator==(const ListSelection&) const = default;
};

/// list-return-opts: what is said of them.
struct ListReturn {
  bool subscribed = false;
  bool children = false;
  bool special_use = false;
  std::optional<std::vector<StatusItem>> status;  // RFC 5819
  bool operator==(const ListReturn&) const = default;
};

/// A pattern that no encoding of names has, or has with the reference, fits no name and is left out: there may be
/// none (RFC 9051 §6.3.9 knows no pattern that is an error, and some clients send what a user has typed). With one
/// empty pattern LIST asks for the hierarchy delimiter alone, unless it is `extended`.
struct List {
  ListSelection selection;
  std::string reference;              // UTF-8
  std::vector<std::string> patterns;  // UTF-8, with wildcards
  ListReturn returns;
  bool extended = false;  // selection options, several patterns or RETURN were given
  bool operator==(const List&) const = default;
};

/// What follows "LIST". Errors: syntax, also for an option that we do not know (RFC 5258 §3 wants BAD) and for
/// RECURSIVEMATCH without an option it could modify; too_long, beyond kListPatternsMax.
Parsed<List> list(Cursor& cursor);

}  // namespace posthaste::imap
