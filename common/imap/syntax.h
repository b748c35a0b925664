// The character classes of IMAP's grammar (RFC 9051 §9).
#pragma once

#include <string_view>

#include "common/base/octets.h"

namespace posthaste::imap {

constexpr bool is_list_wildcard(char c) noexcept { return c == '%' || c == '*'; }
constexpr bool is_quoted_special(char c) noexcept { return c == '"' || c == '\\'; }
constexpr bool is_resp_special(char c) noexcept { return c == ']'; }

/// ATOM-CHAR: printable US-ASCII without the atom-specials.
constexpr bool is_atom_char(char c) noexcept {
  return is_printable(c) && c != '(' && c != ')' && c != '{' && !is_list_wildcard(c) && !is_quoted_special(c) &&
         !is_resp_special(c);
}

constexpr bool is_astring_char(char c) noexcept { return is_atom_char(c) || is_resp_special(c); }
constexpr bool is_list_char(char c) noexcept { return is_astring_char(c) || is_list_wildcard(c); }
constexpr bool is_tag_char(char c) noexcept { return is_astring_char(c) && c != '+'; }

/// True when `text` may stand as an atom.
[[nodiscard]] constexpr bool is_atom(std::string_view text) noexcept {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!is_atom_char(c)) return false;
  }
  return true;
}

}  // namespace posthaste::imap
