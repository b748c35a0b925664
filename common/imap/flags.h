// Message flags: the system flags as a set of bits, and keywords (RFC 9051 §2.3.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

inline constexpr std::size_t kKeywordMaxOctets = 128;
inline constexpr std::size_t kFlagListMax = 128;

enum class SystemFlag : std::uint8_t { answered, flagged, deleted, seen, draft };

inline constexpr std::array kSystemFlags{SystemFlag::answered, SystemFlag::flagged, SystemFlag::deleted,
                                         SystemFlag::seen, SystemFlag::draft};

/// A set of system flags.
class SystemFlags {
 public:
  constexpr SystemFlags() = default;
  constexpr SystemFlags(std::initializer_list<SystemFlag> flags) {
    for (const SystemFlag flag : flags) insert(flag);
  }

  [[nodiscard]] constexpr bool contains(SystemFlag flag) const { return (bits_ & bit(flag)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  constexpr void insert(SystemFlag flag) { bits_ = static_cast<std::uint8_t>(bits_ | bit(flag)); }
  constexpr void erase(SystemFlag flag) { bits_ = static_cast<std::uint8_t>(bits_ & ~bit(flag)); }
  constexpr bool operator==(const SystemFlags&) const = default;

 private:
  static constexpr unsigned bit(SystemFlag flag) { return 1U << static_cast<unsigned>(flag); }

  std::uint8_t bits_ = 0;
};

/// What a client may set: system flags, and keywords as it wrote them, each once (they differ by more than case).
struct Flags {
  SystemFlags system;
  std::vector<std::string> keywords;

  [[nodiscard]] bool empty() const { return system.empty() && keywords.empty(); }
  bool operator==(const Flags&) const = default;
};

/// "\Seen" and its like, as the RFC writes it.
[[nodiscard]] std::string_view name_of(SystemFlag flag);

/// flag-list, parentheses included. `\Recent` is dropped: clients copy it from FETCH, though they cannot set it.
/// Errors: syntax, also for a flag-extension, since none exists; too_long.
Parsed<Flags> flag_list(Cursor& cursor);
/// A flag-list, or flags one after the other without parentheses, as STORE takes them.
Parsed<Flags> flag_list_or_flags(Cursor& cursor);
/// flag-keyword. Errors: syntax; too_long, beyond kKeywordMaxOctets.
Parsed<std::string> flag_keyword(Cursor& cursor);

/// All of `text`, a flag-list with its parentheses.
[[nodiscard]] Parsed<Flags> parse_flag_list(std::string_view text);

/// Appends "(\Seen $Forwarded)", system flags first.
void append_flags(std::string& out, const Flags& flags);
[[nodiscard]] std::string to_string(const Flags& flags);

}  // namespace posthaste::imap
