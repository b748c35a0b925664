// The lexical tokens that structured fields share (RFC 5322 §3.2), read leniently.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/octets.h"

namespace posthaste::mime {

/// White space and line ends, as they stand in a folded field.
constexpr bool is_fws(char c) noexcept { return is_wsp(c) || c == '\r' || c == '\n'; }

/// The value of a hexadecimal digit.
constexpr unsigned hex_value(char c) noexcept {
  return static_cast<unsigned>(is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10);
}

/// Walks over the body of a field, folded or not. Every call but the questions moves on or stays at the end.
class Lexer {
 public:
  explicit Lexer(std::string_view text) noexcept : rest_(text) {}

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  [[nodiscard]] bool at(char c) const noexcept { return !rest_.empty() && rest_.front() == c; }

  /// Passes `c` if it is the next octet; says whether it was.
  bool skip(char c) noexcept {
    if (!at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Passes any octet.
  void skip_one() noexcept {
    if (!rest_.empty()) rest_.remove_prefix(1);
  }

  /// Passes folding white space and comments (CFWS, RFC 5322 §3.2.2). Returns the text of the last comment, if any.
  std::optional<std::string> skip_cfws();

  /// The content of the quoted-string (RFC 5322 §3.2.4) that begins here, unquoted and unfolded; empty if none
  /// does. It ends with the text when the closing quote lacks.
  std::string quoted_string();

  /// The octets from here on for which `is_part(octet)` holds.
  template <class Predicate>
  std::string_view take_while(Predicate is_part) {
    std::size_t octets = 0;
    while (octets < rest_.size() && is_part(rest_[octets])) ++octets;
    const std::string_view taken = rest_.substr(0, octets);
    rest_.remove_prefix(octets);
    return taken;
  }

 private:
  std::string comment();

  std::string_view rest_;
};

}  // namespace posthaste::mime
