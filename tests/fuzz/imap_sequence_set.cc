// What we print of a sequence-set reads back as the same set, and its numbers are those of its ranges.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/imap/sequence_set.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using posthaste::imap::parse_sequence_set, posthaste::imap::resolve, posthaste::imap::to_string;
  const auto set = parse_sequence_set({reinterpret_cast<const char*>(data), size});
  if (!set) return 0;
  if (parse_sequence_set(to_string(*set)) != set) std::abort();
  for (const std::uint32_t largest : {0U, 1U, 1000U, 4294967295U}) {
    const auto numbers = resolve(*set, largest);
    for (const auto range : numbers.ranges()) {
      if (range.first == 0 || range.first > range.last) std::abort();
      if (!numbers.contains(range.first) || !numbers.contains(range.last)) std::abort();
    }
    if (numbers.intersection(numbers) != numbers) std::abort();
    if (numbers.empty()) continue;
    const auto again = parse_sequence_set(to_string(numbers));
    if (!again || resolve(*again, largest) != numbers) std::abort();
  }
  return 0;
}
