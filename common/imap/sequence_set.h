// Sets of message numbers: as clients write them, and as sorted ranges (RFC 9051 §4.1.1 and §9, sequence-set).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

inline constexpr std::size_t kSequenceSetMaxRanges = 65'536;

/// One seq-number or seq-range, in the order the client wrote it. A bound of nothing is "*".
struct SequenceRange {
  std::optional<std::uint32_t> first;
  std::optional<std::uint32_t> last;  // equal to `first` for a single number
  bool operator==(const SequenceRange&) const = default;
};

/// A set as the client wrote it. With `saved_result` it is "$", the last SEARCH's result (RFC 5182), and has no
/// ranges of its own.
struct SequenceSet {
  std::vector<SequenceRange> ranges;
  bool saved_result = false;
  bool operator==(const SequenceSet&) const = default;
};

/// `first` to `last`, both inside; never empty.
struct NumberRange {
  std::uint32_t first = 1;
  std::uint32_t last = 1;
  bool operator==(const NumberRange&) const = default;
};

/// Numbers above zero, as sorted ranges that neither overlap nor touch.
class NumberSet {
 public:
  NumberSet() = default;
  /// From ranges in any order.
  explicit NumberSet(std::vector<NumberRange> ranges);

  [[nodiscard]] std::span<const NumberRange> ranges() const { return ranges_; }
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] bool contains(std::uint32_t number) const;
  /// The largest number, when there is one.
  [[nodiscard]] std::optional<std::uint32_t> largest() const;
  /// What lies in `domain`.
  [[nodiscard]] NumberSet within(NumberRange domain) const;
  /// What is in both.
  [[nodiscard]] NumberSet intersection(const NumberSet& other) const;
  /// The numbers at these places of it, counted from 1.
  [[nodiscard]] NumberSet at_places(NumberRange places) const;
  /// What is here and not there.
  [[nodiscard]] NumberSet without(const NumberSet& other) const;
  bool operator==(const NumberSet&) const = default;

 private:
  std::vector<NumberRange> ranges_;
};

/// partial-range (RFC 9394 §4): the places of some results, counted from the first or, `from_end`, from the last.
struct PartialRange {
  NumberRange places;
  bool from_end = false;
  bool operator==(const PartialRange&) const = default;
};

/// "1:100" or "-1:-100", in either order.
Parsed<PartialRange> partial_range(Cursor& cursor);
/// As the smaller place first: "1:100", "-1:-100".
[[nodiscard]] std::string to_string(const PartialRange& range);
/// The numbers that the range names.
[[nodiscard]] NumberSet apply_partial(const NumberSet& numbers, const PartialRange& range);

/// All of `text`. Errors: syntax; too_long, beyond kSequenceSetMaxRanges.
[[nodiscard]] Parsed<SequenceSet> parse_sequence_set(std::string_view text);
Parsed<SequenceSet> sequence_set(Cursor& cursor);
/// A sequence-set of plain numbers: neither "*" nor "$" (known-uids, RFC 7162 §7; uid-set, RFC 4315 §4).
Parsed<NumberSet> uid_set(Cursor& cursor);

/// As the client could have written it: "1:3,5,8:*" or "$".
[[nodiscard]] std::string to_string(const SequenceSet& set);
[[nodiscard]] std::string to_string(const NumberSet& set);

/// The set's own numbers when "*" means `largest`: the number of messages, or the largest UID. In an empty
/// mailbox, where `largest` is zero, a range with "*" is nothing. A saved result has no numbers of its own.
[[nodiscard]] NumberSet resolve(const SequenceSet& set, std::uint32_t largest);

/// Appends `uids` in their order, runs of neighbours as ranges: "1:3,5".
void append_compact(std::string& out, std::span<const Uid> uids);

}  // namespace posthaste::imap
