#include "common/imap/list_pattern.h"

#include <algorithm>
#include <bit>

#include "common/base/octets.h"
#include "common/imap/mailbox_name.h"

namespace posthaste::imap {
namespace {

constexpr std::string_view kWildcards = "*%";

std::size_t index_of(char octet) { return static_cast<unsigned char>(octet); }

}  // namespace

std::string interpret_pattern(std::string_view reference, std::string_view pattern) {
  std::string whole;
  if (!pattern.starts_with(kHierarchyDelimiter)) whole = reference;
  whole += pattern;
  const auto first_level = std::string_view(whole).substr(0, whole.find(kHierarchyDelimiter));
  if (iequals(first_level, "INBOX")) whole.replace(0, first_level.size(), "INBOX");
  return whole;
}

ListPattern::ListPattern(std::string_view pattern) {
  const auto first = pattern.find_first_of(kWildcards);
  has_wildcards_ = first != std::string_view::npos;
  if (!has_wildcards_) {
    literals_ = pattern;
    return;
  }
  before_wildcards_ = first;
  behind_wildcards_ = pattern.size() - 1 - pattern.find_last_of(kWildcards);
  words_ = pattern.size() / kWordBits + 1;
  stars_.assign(words_, 0);
  percents_.assign(words_, 0);
  places_.assign(words_, 0);
  for (const char c : pattern) {
    const std::size_t place = literals_.size();
    const Word bit = Word{1} << (place % kWordBits);
    if (kWildcards.contains(c)) {
      (c == '*' ? stars_ : percents_)[place / kWordBits] |= bit;
      continue;
    }
    std::uint16_t& row = row_of_[index_of(c)];
    if (row == 0) {
      row = static_cast<std::uint16_t>(places_.size() / words_);
      places_.resize(places_.size() + words_, 0);
    }
    places_[row * words_ + place / kWordBits] |= bit;
    literals_ += c;
  }
}

bool ListPattern::matches(std::string_view name, std::uint64_t& steps) const {
  if (!has_wildcards_) return name == literals_;
  const std::string_view literals = literals_;
  if (name.size() < literals.size() || !name.starts_with(literals.substr(0, before_wildcards_)) ||
      !name.ends_with(literals.substr(literals.size() - behind_wildcards_))) {
    return false;
  }
  return matches_wildcards(name, steps);
}

/// Goes through the name once, and keeps after each octet at which places of the pattern it may be: 64 places a
/// step.
bool ListPattern::matches_wildcards(std::string_view name, std::uint64_t& steps) const {
  const std::size_t end = literals_.size();
  const auto is_at_end = [end](const Bits& bits) { return (bits[end / kWordBits] >> (end % kWordBits) & 1) != 0; };
  const bool ends_in_star = is_at_end(stars_);
  Bits reached(words_, 0);
  std::size_t first = before_wildcards_ / kWordBits;  // of the words that are not zero, and the last
  std::size_t last = first;
  reached[first] = Word{1} << (before_wildcards_ % kWordBits);
  for (const char c : name.substr(before_wildcards_)) {
    forget_below_last_star(reached, first, last);
    const Word* places = places_of(c);
    const bool within_level = c != kHierarchyDelimiter;
    Word carry = 0;
    Word any = 0;
    for (std::size_t i = first; i <= last; ++i) {
      const Word now = reached[i];
      const Word found = now & places[i];
      reached[i] = found << 1 | carry | (now & stars_[i]) | (within_level ? now & percents_[i] : 0);
      carry = found >> (kWordBits - 1);
      any |= reached[i];
    }
    steps += last - first + 1;
    if (carry != 0) reached[++last] = carry;
    if (any == 0 && carry == 0) return false;
    if (ends_in_star && is_at_end(reached)) return true;
    while (reached[last] == 0) --last;
    while (reached[first] == 0) ++first;
  }
  return is_at_end(reached);
}

/// From a "*" all can be reached that can be from the places before it.
void ListPattern::forget_below_last_star(Bits& reached, std::size_t& first, std::size_t last) const {
  for (std::size_t i = last + 1; i-- > first;) {
    const Word stars = reached[i] & stars_[i];
    if (stars == 0) continue;
    reached[i] &= ~Word{0} << (std::bit_width(stars) - 1);
    std::fill(reached.begin() + static_cast<std::ptrdiff_t>(first),
              reached.begin() + static_cast<std::ptrdiff_t>(i), 0);
    first = i;
    return;
  }
}

const ListPattern::Word* ListPattern::places_of(char octet) const {
  return places_.data() + row_of_[index_of(octet)] * words_;
}

ListPatterns::ListPatterns(std::vector<std::string> patterns) {
  std::ranges::sort(patterns);
  const auto repeated = std::ranges::unique(patterns);
  patterns.erase(repeated.begin(), repeated.end());
  match_all_ = std::ranges::count(patterns, "*") > 0;
  for (const std::string& pattern : patterns) patterns_.emplace_back(pattern);
}

bool ListPatterns::match(std::string_view name) {
  steps_ += 1 + patterns_.size();
  if (match_all_) return true;
  return std::ranges::any_of(patterns_, [&](const ListPattern& pattern) { return pattern.matches(name, steps_); });
}

bool matches_pattern(std::string_view pattern, std::string_view name) {
  std::uint64_t steps = 0;
  return ListPattern(pattern).matches(name, steps);
}

}  // namespace posthaste::imap
