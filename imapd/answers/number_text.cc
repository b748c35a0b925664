#include "imapd/answers/number_text.h"

#include "imapd/limits.h"

namespace posthaste::imapd {

std::string NumberText::next() {
  std::string text;
  while (!done() && text.size() < kSliceOctets) {
    const imap::NumberRange& range = ranges_[range_];
    if (style_ == Style::ranges) {
      if (range_ > 0) text += ',';
      text += std::to_string(range.first);
      if (range.last > range.first) text.append(":").append(std::to_string(range.last));
      ++range_;
      continue;
    }
    text.append(" ").append(std::to_string(range.first + printed_));
    if (range.first + printed_++ < range.last) continue;
    ++range_;
    printed_ = 0;
  }
  return text;
}

std::vector<imap::NumberRange> runs_in_order(const std::vector<std::uint32_t>& numbers) {
  std::vector<imap::NumberRange> runs;
  for (const std::uint32_t number : numbers) {
    if (!runs.empty() && runs.back().last + std::uint64_t{1} == number) {
      runs.back().last = number;
    } else {
      runs.push_back({number, number});
    }
  }
  return runs;
}

}  // namespace posthaste::imapd
