// Matching mailbox names against LIST's wildcards (RFC 9051 §6.3.9).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::imap {

inline constexpr std::size_t kPatternMaxOctets = 1'000;  // in UTF-8

/// The pattern that LIST's two arguments make together: the pattern alone when it begins with the delimiter,
/// else the reference followed by it. INBOX as the first level is put in capitals.
[[nodiscard]] std::string interpret_pattern(std::string_view reference, std::string_view pattern);

/// One pattern, prepared for many names: "*" stands for anything, "%" for anything without the delimiter.
class ListPattern {
 public:
  /// Takes as many steps as the pattern has octets.
  explicit ListPattern(std::string_view pattern);

  /// Whether `name`, canonical and in UTF-8, matches. Adds to `steps` what it took: for each octet of the name one,
  /// and one more for every 64 places between two "*" of the pattern at which it may be.
  [[nodiscard]] bool matches(std::string_view name, std::uint64_t& steps) const;

 private:
  using Word = std::uint64_t;
  static constexpr std::size_t kWordBits = 64;
  using Bits = std::vector<Word>;

  [[nodiscard]] bool matches_wildcards(std::string_view name, std::uint64_t& steps) const;
  void forget_below_last_star(Bits& reached, std::size_t& first, std::size_t last) const;
  [[nodiscard]] const Word* places_of(char octet) const;

  std::string literals_;              // all octets of the pattern but its wildcards
  std::size_t before_wildcards_ = 0;  // literals that the name begins with
  std::size_t behind_wildcards_ = 0;  // literals that it ends with, if there are wildcards
  bool has_wildcards_ = false;
  // Bit i of these is about the place behind i literals.
  std::size_t words_ = 0;
  Bits stars_;
  Bits percents_;
  std::array<std::uint16_t, 256> row_of_{};  // of an octet, in places_; the first is of those that are no literal
  Bits places_;                              // where each octet is the next literal
};

/// The patterns of one command.
class ListPatterns {
 public:
  ListPatterns() = default;
  explicit ListPatterns(std::vector<std::string> patterns);

  /// Whether one of them matches.
  [[nodiscard]] bool match(std::string_view name);
  /// What all matching has taken so far.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }

 private:
  bool match_all_ = false;
  std::vector<ListPattern> patterns_;
  std::uint64_t steps_ = 0;
};

[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view name);

}  // namespace posthaste::imap
