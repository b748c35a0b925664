#include "common/imap/sequence_set.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/imap/cursor.h"

namespace posthaste::imap {

namespace {

void append_number(std::string& out, std::uint32_t number) {
  char digits[10];  // 2^32 - 1 has ten
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_range(std::string& out, NumberRange range) {
  append_number(out, range.first);
  if (range.last == range.first) return;
  out.push_back(':');
  append_number(out, range.last);
}

void append_bound(std::string& out, std::optional<std::uint32_t> bound) {
  if (bound) {
    append_number(out, *bound);
  } else {
    out.push_back('*');
  }
}

// seq-number
Parsed<std::optional<std::uint32_t>> seq_number(Cursor& cursor) {
  if (cursor.skip('*')) return std::nullopt;
  auto number = cursor.nz_number();
  if (!number) return std::unexpected(number.error());
  return std::optional(*number);
}

// seq-number / seq-range
Parsed<SequenceRange> sequence_range(Cursor& cursor) {
  auto first = seq_number(cursor);
  if (!first) return std::unexpected(first.error());
  if (!cursor.skip(':')) return SequenceRange{*first, *first};
  auto last = seq_number(cursor);
  if (!last) return std::unexpected(last.error());
  return SequenceRange{*first, *last};
}

NumberRange ordered(std::uint32_t a, std::uint32_t b) { return {std::min(a, b), std::max(a, b)}; }

}  // namespace

NumberSet::NumberSet(std::vector<NumberRange> ranges) {
  std::ranges::sort(ranges, {}, &NumberRange::first);
  for (const auto range : ranges) {
    // Compared in 64 bits: the last number there is has no neighbour.
    if (!ranges_.empty() && range.first <= std::uint64_t{ranges_.back().last} + 1) {
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    } else {
      ranges_.push_back(range);
    }
  }
}

std::uint64_t NumberSet::count() const {
  std::uint64_t count = 0;
  for (const auto range : ranges_) count += std::uint64_t{range.last} - range.first + 1;
  return count;
}

bool NumberSet::contains(std::uint32_t number) const {
  const auto range = std::ranges::lower_bound(ranges_, number, {}, &NumberRange::last);
  return range != ranges_.end() && range->first <= number;
}

std::optional<std::uint32_t> NumberSet::largest() const {
  if (ranges_.empty()) return std::nullopt;
  return ranges_.back().last;
}

NumberSet NumberSet::within(NumberRange domain) const {
  NumberSet only;
  only.ranges_.push_back(domain);
  return intersection(only);
}

NumberSet NumberSet::intersection(const NumberSet& other) const {
  NumberSet both;
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    const auto first = std::max(a->first, b->first);
    const auto last = std::min(a->last, b->last);
    if (first <= last) both.ranges_.push_back({first, last});
    if (a->last < b->last) {
      ++a;
    } else {
      ++b;
    }
  }
  return both;
}

NumberSet NumberSet::at_places(NumberRange places) const {
  NumberSet chosen;
  std::uint64_t place = 1;  // of the range's first number
  for (const auto range : ranges_) {
    const std::uint64_t last_place = place + (range.last - range.first);
    const std::uint64_t first = std::max<std::uint64_t>(places.first, place);
    const std::uint64_t last = std::min<std::uint64_t>(places.last, last_place);
    if (first <= last) {
      chosen.ranges_.push_back({range.first + static_cast<std::uint32_t>(first - place),
                                range.first + static_cast<std::uint32_t>(last - place)});
    }
    place = last_place + 1;
  }
  return chosen;
}

NumberSet NumberSet::without(const NumberSet& other) const {
  NumberSet left;
  auto gone = other.ranges_.begin();
  for (const auto range : ranges_) {
    std::uint64_t first = range.first;  // wide enough to stand behind the last number
    while (gone != other.ranges_.end() && gone->last < first) ++gone;
    for (auto each = gone; each != other.ranges_.end() && each->first <= range.last; ++each) {
      if (each->first > first) left.ranges_.push_back({static_cast<std::uint32_t>(first), each->first - 1});
      first = std::uint64_t{each->last} + 1;
    }
    if (first <= range.last) left.ranges_.push_back({static_cast<std::uint32_t>(first), range.last});
  }
  return left;
}

Parsed<SequenceSet> sequence_set(Cursor& cursor) {
  SequenceSet set;
  if (cursor.skip('$')) {
    set.saved_result = true;
    return set;
  }
  do {
    if (set.ranges.size() == kSequenceSetMaxRanges) return cursor.error(SyntaxErrorKind::too_long);
    auto range = sequence_range(cursor);
    if (!range) return std::unexpected(range.error());
    set.ranges.push_back(*range);
  } while (cursor.skip(','));
  return set;
}

Parsed<SequenceSet> parse_sequence_set(std::string_view text) {
  Cursor cursor(text);
  auto set = sequence_set(cursor);
  if (set && !cursor.at_end()) return cursor.error();
  return set;
}

Parsed<NumberSet> uid_set(Cursor& cursor) {
  const auto start = cursor.offset();
  auto set = sequence_set(cursor);
  if (!set) return std::unexpected(set.error());
  if (set->saved_result) return cursor.error_at(start, SyntaxErrorKind::syntax);
  std::vector<NumberRange> ranges;
  ranges.reserve(set->ranges.size());
  for (const auto& range : set->ranges) {
    if (!range.first || !range.last) return cursor.error_at(start, SyntaxErrorKind::syntax);
    ranges.push_back(ordered(*range.first, *range.last));
  }
  return NumberSet(std::move(ranges));
}

Parsed<PartialRange> partial_range(Cursor& cursor) {
  PartialRange range;
  range.from_end = cursor.skip('-');
  auto first = cursor.nz_number();
  if (!first) return std::unexpected(first.error());
  if (auto colon = cursor.expect(':'); !colon) return std::unexpected(colon.error());
  if (range.from_end != cursor.skip('-')) return cursor.error();
  auto last = cursor.nz_number();
  if (!last) return std::unexpected(last.error());
  range.places = ordered(*first, *last);
  return range;
}

std::string to_string(const PartialRange& range) {
  const std::string sign = range.from_end ? "-" : "";
  return sign + std::to_string(range.places.first) + ":" + sign + std::to_string(range.places.last);
}

NumberSet apply_partial(const NumberSet& numbers, const PartialRange& range) {
  if (!range.from_end) return numbers.at_places(range.places);
  const std::uint64_t count = numbers.count();
  if (range.places.first > count) return {};
  const std::uint64_t first = range.places.last < count ? count - range.places.last + 1 : 1;
  return numbers.at_places(
      {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count - range.places.first + 1)});
}

std::string to_string(const SequenceSet& set) {
  if (set.saved_result) return "$";
  std::string out;
  for (const auto& range : set.ranges) {
    if (!out.empty()) out.push_back(',');
    append_bound(out, range.first);
    if (range.last == range.first) continue;
    out.push_back(':');
    append_bound(out, range.last);
  }
  return out;
}

std::string to_string(const NumberSet& set) {
  std::string out;
  for (const auto range : set.ranges()) {
    if (!out.empty()) out.push_back(',');
    append_range(out, range);
  }
  return out;
}

NumberSet resolve(const SequenceSet& set, std::uint32_t largest) {
  std::vector<NumberRange> ranges;
  ranges.reserve(set.ranges.size());
  for (const auto& range : set.ranges) {
    if (largest == 0 && (!range.first || !range.last)) continue;
    ranges.push_back(ordered(range.first.value_or(largest), range.last.value_or(largest)));
  }
  return NumberSet(std::move(ranges));
}

void append_compact(std::string& out, std::span<const Uid> uids) {
  for (std::size_t i = 0; i < uids.size();) {
    NumberRange run{number(uids[i]), number(uids[i])};
    for (++i; i < uids.size() && number(uids[i]) == std::uint64_t{run.last} + 1; ++i) run.last = number(uids[i]);
    append_range(out, run);
    if (i < uids.size()) out.push_back(',');
  }
}

}  // namespace posthaste::imap
