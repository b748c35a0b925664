// Prints the numbers of a long answer a slice at a time, so that they never stand in memory as text all at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/imap/sequence_set.h"

namespace posthaste::imapd {

/// Numbers as an answer holds them: ranges in the order of the answer.
class NumberText {
 public:
  enum class Style {
    each,    // " 2 3 4 84": a space before each (RFC 3501 §7.2.5)
    ranges,  // "2:4,84": a sequence-set in this order
  };

  NumberText(std::vector<imap::NumberRange> ranges, Style style) : ranges_(std::move(ranges)), style_(style) {}

  [[nodiscard]] bool done() const { return range_ == ranges_.size(); }
  /// What comes next: about kSliceOctets, fewer at the end.
  [[nodiscard]] std::string next();

 private:
  const std::vector<imap::NumberRange> ranges_;
  const Style style_;
  std::size_t range_ = 0;      // the one to go on with
  std::uint32_t printed_ = 0;  // numbers of it that stand there already
};

/// The numbers in their own order, neighbours that ascend as one range (RFC 5267 §3.2).
[[nodiscard]] std::vector<imap::NumberRange> runs_in_order(const std::vector<std::uint32_t>& numbers);

}  // namespace posthaste::imapd
