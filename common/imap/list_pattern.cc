#include "common/imap/list_pattern.h"

#include <vector>

#include "common/base/octets.h"
#include "common/imap/mailbox_name.h"

namespace posthaste::imap {

std::string interpret_pattern(std::string_view reference, std::string_view pattern) {
  std::string whole;
  if (!pattern.starts_with(kHierarchyDelimiter)) whole = reference;
  whole += pattern;
  const auto first_level = std::string_view(whole).substr(0, whole.find(kHierarchyDelimiter));
  if (iequals(first_level, "INBOX")) whole.replace(0, first_level.size(), "INBOX");
  return whole;
}

bool matches_pattern(std::string_view pattern, std::string_view name) {
  if (pattern == "*") return true;
  if (pattern.find_first_of("*%") == std::string_view::npos) return pattern == name;

  // reached[i]: the pattern read so far matches the first i octets of the name.
  std::vector<char> reached(name.size() + 1, 0);
  reached[0] = 1;
  for (const char c : pattern) {
    if (c == '*' || c == '%') {
      for (std::size_t i = 1; i < reached.size(); ++i) {
        const bool may_span = c == '*' || name[i - 1] != kHierarchyDelimiter;
        if (may_span && reached[i - 1] != 0) reached[i] = 1;
      }
    } else {
      for (std::size_t i = name.size(); i > 0; --i) reached[i] = reached[i - 1] != 0 && name[i - 1] == c ? 1 : 0;
      reached[0] = 0;
    }
  }
  return reached[name.size()] != 0;
}

}  // namespace posthaste::imap
